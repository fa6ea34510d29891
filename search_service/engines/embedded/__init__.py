"""The embedded engine: SQLite is the system of record; a tantivy index derives from it.

Entry point: :class:`EmbeddedEngine`.
"""

from search_service.engines.embedded.engine import EmbeddedEngine

__all__ = ["EmbeddedEngine"]
