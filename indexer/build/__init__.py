"""Articles -> generations of an index."""
