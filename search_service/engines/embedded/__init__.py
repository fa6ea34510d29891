"""The embedded engine: SQLite holds the truth, tantivy and a vector cache are made of it.

Entry point: :class:`EmbeddedEngine`.
"""

from search_service.engines.embedded.engine import EmbeddedEngine

__all__ = ["EmbeddedEngine"]
