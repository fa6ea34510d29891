"""Articles as Elasticsearch documents: mappings, settings, documents. Pure.

Entry points: :func:`index_body` and :func:`document`. Queries and responses are in
:mod:`search_service.engines.elastic.dsl`.

An article is one document with its passages nested in it; a tombstone is a document of the same id without
content. Text arrives as terms, so every analyzer is ``whitespace``. ``_source`` keeps the view and the
outline. The words are stored fields, in their order, for ``gongwen info``; the vectors, a byte per dimension
(:mod:`search_service.engines.quantisation`), are read from where Lucene keeps them (``docvalue_fields``,
``exclude_vectors``). So neither is in ``_source``.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from analyzers.relations import ENDED
from search_service.engines.dates import UNDATED, day_of
from search_service.engines.fields import facets_of, fields_of, paths_of
from search_service.engines.quantisation import quantised
from search_service.model import FACETS, Field, Record

Body = dict[str, Any]

# The filter of every alias that is read through: tombstones stay in the index and out of results.
LIVE: Body = {"term": {"deleted": False}}
# Documents that can change a result; a tombstone of an article that never existed cannot.
VISIBLE: Body = {"bool": {"should": [LIVE, {"term": {"buried": True}}], "minimum_should_match": 1}}

_POSITIONED = (Field.TITLE_BIGRAMS, Field.BIGRAMS)
# The others follow from the view.
STORED = (Field.WORDS, Field.TITLE_WORDS)
_OUTLINE = ("id", "start", "end", "path", "role")


def index_body(meta: Mapping[str, object], *, dimensions: int) -> Body:
    """Settings and mappings of a generation; ``dimensions`` 0: no vector field."""
    text = {field.value: _text(positions=field in _POSITIONED) for field in Field}
    for field in STORED:
        text[field.value]["store"] = True
    passages: Body = {
        "id": {"type": "keyword"},
        "start": _unindexed("integer"),
        "end": _unindexed("integer"),
        "path": _unindexed("keyword"),
        "role": {"type": "keyword", "doc_values": False},
        "words": _text(positions=False),
    }
    if dimensions:
        passages["vector"] = {
            "type": "dense_vector",
            "element_type": "byte",
            "dims": dimensions,
            "index": True,
            "similarity": "cosine",
            "index_options": {"type": "hnsw"},
        }
    return {
        "settings": {
            "number_of_shards": 1,
            "codec": "best_compression",
            **settings(loading=False),
            # The default (acorn) loses articles under a filter: recall 0.94 where this one has 1.
            "index.dense_vector.hnsw_filter_heuristic": "fanout",
        },
        "mappings": {
            "dynamic": "strict",
            "_meta": dict(meta),
            "_source": {
                "includes": ["view", "digest", "buried", *(f"passages.{name}" for name in _OUTLINE)]
            },
            "properties": {
                "id": {"type": "keyword"},
                "deleted": {"type": "boolean"},
                "buried": {"type": "boolean"},
                "ended": {"type": "boolean", "index": False},
                "digest": _unindexed("keyword"),
                "view": _unindexed("keyword"),
                "exact": {"type": "keyword", "doc_values": False},
                "below": {"type": "keyword", "doc_values": False},
                **{name: {"type": "keyword"} for name in FACETS},
                "date": {"type": "integer"},
                "oldest": {"type": "integer", "index": False},
                **text,
                "passages": {"type": "nested", "dynamic": "strict", "properties": passages},
            },
        },
    }


def settings(*, loading: bool) -> Body:
    """Settings for bulk loading, or for an index that serves."""
    if loading:
        return {
            "auto_expand_replicas": "false",
            "number_of_replicas": 0,
            "refresh_interval": "-1",
            # Vector graphs are built while segments merge: one core, the others are left to searches.
            "merge.scheduler.max_thread_count": 1,
        }
    return {
        "auto_expand_replicas": "0-1",
        "refresh_interval": None,
        "merge.scheduler.max_thread_count": None,
    }


def orders_body() -> Body:
    """Settings and mappings of a generation's orders index, which is never searched."""
    return {
        "settings": {
            "number_of_shards": 1,
            "auto_expand_replicas": "0-1",
            "refresh_interval": "-1",
        },
        "mappings": {
            "dynamic": "strict",
            "properties": {
                "order": _unindexed("long"),
                "digest": _unindexed("keyword"),
                "seen": {"type": "boolean", "index": False, "doc_values": False},
            },
        },
    }


def _text(*, positions: bool) -> Body:
    options = "positions" if positions else "freqs"
    return {"type": "text", "analyzer": "whitespace", "index_options": options}


def _unindexed(kind: str) -> Body:
    return {"type": kind, "index": False, "doc_values": False}


def document(record: Record) -> Body:
    """The document of an article. The view is a string, so that the server cannot change its values."""
    view, day, fields = record.view, day_of(record.view.date), fields_of(record)
    facets = facets_of(view)
    return {
        "id": view.id,
        "deleted": False,
        "digest": view.digest,
        "view": json.dumps(view.to_dict(), ensure_ascii=False),
        "exact": list(record.exact),
        "below": paths_of(facets["category"]),
        **{name: list(values) for name, values in facets.items()},
        "date": day,
        "oldest": day or UNDATED,
        "ended": ENDED in fields[Field.WORDS].split(),
        **{field.value: terms for field, terms in fields.items()},
        "passages": list(_passages(record)),
    }


def _passages(record: Record) -> Iterator[Body]:
    for analysed in record.passages:
        values: Body = {name: getattr(analysed.passage, name) for name in _OUTLINE}
        values["words"] = analysed.words
        if analysed.vector is not None:
            values["vector"] = quantised(analysed.vector)
        yield values


def tombstone(article_id: str, *, buried: bool) -> Body:
    """The document of a tombstone; ``buried``: there was a live article to delete."""
    return {"id": article_id, "deleted": True, "buried": buried}
