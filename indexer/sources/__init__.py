"""Files -> articles: one module per kind of file."""
