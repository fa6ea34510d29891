"""Browsing without a query: one article, the newest, the most viewed, the categories.

Entry points: :func:`article`, :func:`home`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from analyzers.messages import say
from analyzers.terms import exact_key
from search_service.engines.reads import Reader, Search
from search_service.errors import NotFound
from search_service.model import Audience, Everything, Exact, Sort, StoredArticle
from search_service.service import SearchService, reads_shared

# Ids fetched at once; more are fetched if this audience cannot see all of them.
_AT_ONCE = 50


@dataclass(frozen=True)
class Home:
    """The content of the home page."""

    total: int
    latest: tuple[StoredArticle, ...]
    hottest: tuple[StoredArticle, ...]
    categories: Mapping[str, int]


def fetch_one(reader: Reader, article_id: str) -> StoredArticle:
    """The article; raises ``NotFound``, the same whether it never existed, was deleted or is hidden."""
    return one_of(reader.fetch([article_id]), article_id)


def one_of(stored: Mapping[str, StoredArticle], article_id: str) -> StoredArticle:
    """The article, if it is there; raises ``NotFound``."""
    if article_id not in stored:
        raise NotFound(
            say(
                f"没有编号为 {article_id!r} 的文章",
                f"there is no article with the id {article_id!r}",
            )
        )
    return stored[article_id]


@reads_shared
def article(service: SearchService, article_id: str, audience: Audience) -> StoredArticle:
    """One article as the audience may read it; raises ``NotFound``."""
    return fetch_one(service.reader(audience, shared=True), article_id)


@reads_shared
def home(service: SearchService, audience: Audience, *, limit: int = 10) -> Home:
    """The ``limit`` newest and most viewed articles, and the categories with their counts."""
    reader = service.reader(audience, shared=True)
    listing = Search(Everything(), sort=Sort.DATE, limit=limit, facets=("category",))
    found = reader.read(listing)[listing]
    newest, totals = [hit.id for hit in found.hits], found.totals
    stored = reader.fetch(newest)
    return Home(
        total=totals.total,
        latest=tuple(stored[key] for key in newest if key in stored),
        hottest=_hottest(service, reader, limit),
        categories=totals.facets["category"],
    )


def _hottest(service: SearchService, reader: Reader, limit: int) -> tuple[StoredArticle, ...]:
    """The ``limit`` most viewed articles that the audience can see."""
    articles: list[StoredArticle] = []
    offset = 0
    while len(articles) < limit:
        ids = service.store.views.most(reader.scope.audience, _AT_ONCE, offset=offset)
        if not ids:
            break
        stored = reader.fetch(ids)
        articles += [stored[key] for key in ids if key in stored]
        offset += _AT_ONCE
    return tuple(articles[:limit])


@reads_shared
def ids_by_key(service: SearchService, key: str, audience: Audience) -> list[str]:
    """The ids of the articles whose id, code, 文号 or title is the key, newest first."""
    hits = service.reader(audience, shared=True).keyword(Exact(exact_key(key)), sort=Sort.DATE)
    return [hit.id for hit in hits]
