"""Which articles, in which order."""
