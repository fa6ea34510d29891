"""What is remembered beside the index."""
