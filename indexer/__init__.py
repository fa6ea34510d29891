"""The write side: sources -> indexes. Entry point: the command ``gongwen``.

Imports ``analyzers`` and ``search_service`` (never ``search_service.web``); neither imports it.
"""
