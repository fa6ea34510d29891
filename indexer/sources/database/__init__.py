"""Databases of portals -> records: a YAML file says which tables and columns mean what."""
