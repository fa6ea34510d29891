"""The write side: how writing becomes an index. Entry point: the command ``gongwen``.

Imports ``analyzers`` and ``search_service`` (never ``search_service.web``); neither imports it.
"""
