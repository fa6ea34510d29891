"""Programs for whoever works on the project: `python -m tools.NAME`. Nothing of the service imports them."""
