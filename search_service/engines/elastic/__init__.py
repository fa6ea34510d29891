"""The Elasticsearch engine, for production and for more than one machine.

Entry point: :class:`ElasticEngine`.
"""

from search_service.engines.elastic.engine import ElasticEngine

__all__ = ["ElasticEngine"]
