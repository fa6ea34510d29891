"""One module for each kind of request."""
