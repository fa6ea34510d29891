"""Articles -> what an engine stores of them, for each audience. Entry point: :func:`entries_of`.

Also articles as bytes, for the ledger: :func:`pack` and :func:`unpack`.
"""

import dataclasses
import json
import zlib
from collections.abc import Mapping, Sequence

from indexer.analysis import analyse, view_of
from search_service.engines.ordering import Standing
from search_service.model import (
    UNVERSIONED,
    Article,
    Audience,
    Record,
    Tombstone,
    Vector,
    View,
)
from search_service.service import SearchService
from search_service.vectors import Remembering

Entries = list[Record | Tombstone]


def numbered(articles: Sequence[Article], sequence: int) -> list[Article]:
    """The articles with the ledger's number for a version where the source gives none."""
    return [
        article
        if article.version is not None
        else dataclasses.replace(article, version=UNVERSIONED + sequence)
        for article in articles
    ]


def entries_of(
    service: SearchService,
    articles: Sequence[Article],
    audiences: Sequence[Audience],
    held: Mapping[Audience, Mapping[str, Standing]] | None = None,
) -> Mapping[Audience, Entries]:
    """What numbered articles are for each audience, the public first: its vectors see no other text.

    An article that an audience may not know of leaves a tombstone there, so that no stale update of
    when it was public brings it back. ``held``: what stands already; the same view is left out.
    """
    embedder = service.embedder and Remembering(service.embedder, service.vectors)
    known: dict[str, Vector | None] = {}
    entries: dict[Audience, Entries] = {}
    for audience in sorted(audiences):
        standing = held[audience] if held else {}
        views: list[tuple[View, int]] = []
        entries[audience] = []
        for article in articles:
            version = version_of(article)
            view = view_of(article, audience)
            if view is None:
                entries[audience].append(Tombstone(id=article.id, version=version))
            elif article.id not in standing or standing[article.id].digest != view.digest:
                views.append((view, version))
        entries[audience] += analyse(views, service.analyzer, embedder, known)
    return entries


def version_of(article: Article) -> int:
    """The version of a numbered article."""
    if article.version is None:
        raise ValueError(article.id)
    return article.version


def pack(article: Article) -> bytes:
    """An article as compressed JSON."""
    values = {field.name: getattr(article, field.name) for field in dataclasses.fields(article)}
    return zlib.compress(json.dumps(values, ensure_ascii=False).encode())


def unpack(blob: bytes) -> Article:
    """The article that :func:`pack` was given."""
    values = json.loads(zlib.decompress(blob))
    return Article(**{**values, "audience": Audience(values["audience"])})
