"""Argument checks shared by all engines: facets, and the dimension of vectors. Pure.

Entry points: :func:`check_facets`, :func:`check_query_vector`, :func:`check_vectors`.
"""

from collections.abc import Collection
from typing import Final

from analyzers.messages import say
from search_service.errors import BadInput, BadRecord
from search_service.model import FACETS, Record, Vector

# Values of a facet, the most frequent ones: 50,000 articles have thousands of authors, and nobody reads them.
FACET_VALUES: Final = 100
# Decimal places of an article's similarity: engines sum in different orders, and equal values must tie.
ARTICLE_PLACES: Final = 4


def check_facets(facets: Collection[str]) -> None:
    """Raise ``BadInput`` for an unknown facet."""
    unknown = sorted(set(facets) - set(FACETS))
    if unknown:
        fault = say(
            f"没有分面 {'、'.join(unknown)}；可用：{'、'.join(FACETS)}",
            f"unknown facet {', '.join(unknown)}; available: {', '.join(FACETS)}",
        )
        raise BadInput(fault, field_errors={"facets": fault})


def check_query_vector(vector: Vector, *, dimensions: int) -> None:
    """Raise ``BadInput`` for a query vector of the wrong dimension."""
    if vector.shape != (dimensions,):
        raise BadInput(
            say(
                f"向量形状为 {vector.shape}，索引要求 ({dimensions},)；请用建立索引时的模型",
                f"the vector has the shape {vector.shape}, the index needs ({dimensions},);"
                " use the model that the index was built with",
            )
        )


def check_vectors(record: Record, *, dimensions: int) -> None:
    """Raise ``BadRecord`` for a passage vector of the wrong dimension."""
    for analysed in record.passages:
        vector = analysed.vector
        if vector is not None and vector.shape != (dimensions,):
            raise BadRecord(
                say(
                    f"文章 {record.view.id} 的向量形状为 {vector.shape}，"
                    f"索引要求 ({dimensions},)；请用建立索引时的模型",
                    f"article {record.view.id}: a vector has the shape {vector.shape}, the index"
                    f" needs ({dimensions},); use the model that the index was built with",
                )
            )
