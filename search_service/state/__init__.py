"""The state: everything that a rebuild of the index does not bring back."""
