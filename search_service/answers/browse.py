"""Browsing without a query: one article, the newest, the most viewed, the categories.

Entry points: :func:`article`, :func:`home`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analyzers.messages import say
from analyzers.terms import exact_key
from search_service.engines.reads import Reader, Search
from search_service.errors import NotFound
from search_service.model import Audience, Everything, Exact, Identifiers, Sort, StoredArticle
from search_service.service import SearchService, reads_shared

# Of the most viewed ids, so many are looked up; and so many if most of these are gone or hidden: in one read
# too, as long a list as engines return.
_LIKELY, _MOST = 100, 10_000


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
    counted = service.store.views.most(audience, _LIKELY)
    there = _those_there(counted)
    answers = reader.read(listing, there)
    newest, totals = [hit.id for hit in answers[listing].hits], answers[listing].totals
    if len(answers[there].hits) < limit and len(counted) == _LIKELY:
        counted = service.store.views.most(audience, _MOST)
        there = _those_there(counted)
        answers = reader.read(there)
    visible = {hit.id for hit in answers[there].hits}
    hottest = [key for key in counted if key in visible][:limit]
    stored = reader.fetch([*newest, *hottest])
    return Home(
        total=totals.total,
        latest=tuple(stored[key] for key in newest if key in stored),
        hottest=tuple(stored[key] for key in hottest if key in stored),
        categories=totals.facets["category"],
    )


def _those_there(ids: Sequence[str]) -> Search:
    """The articles of these ids that the audience can see."""
    return Search(Identifiers(tuple(ids)), limit=len(ids))


@reads_shared
def ids_by_key(service: SearchService, key: str, audience: Audience) -> list[str]:
    """The ids of the articles whose id, code, 文号 or title is the key, newest first."""
    hits = service.reader(audience, shared=True).keyword(Exact(exact_key(key)), sort=Sort.DATE)
    return [hit.id for hit in hits]
