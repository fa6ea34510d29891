"""Match sets and their order."""
