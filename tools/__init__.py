"""Development tools: `python -m tools.NAME`. The service does not import them."""
