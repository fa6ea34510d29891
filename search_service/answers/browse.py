"""Browsing without a query: one article, the newest, the most viewed, the categories.

Entry points: :func:`article`, :func:`home`, :func:`values`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from analyzers.messages import say
from analyzers.terms import exact_key
from search_service.answers import lists
from search_service.engines.reads import Reader, Search
from search_service.errors import NotFound
from search_service.model import Audience, Everything, Exact, Sort, StoredArticle
from search_service.service import SearchService, reads_shared
from search_service.state.read_counts import Period

HOME_FACETS = ("category", "kind", "year")
NAMED_FACETS = ("issuer", "author", "kind", "category")


@dataclass(frozen=True)
class Home:
    """The content of the home page; ``facets``: counts of all articles by category, kind and year.

    ``period``: that of ``hottest``; None: as the source counts.
    """

    total: int
    latest: tuple[StoredArticle, ...]
    hottest: tuple[StoredArticle, ...]
    period: Period | None
    facets: Mapping[str, Mapping[str, int]]


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
def home(
    service: SearchService, audience: Audience, period: Period | None = None, *, limit: int = 10
) -> Home:
    """The ``limit`` newest and most viewed articles, and what there is of each category, kind and year.

    ``period``: the most read in it by our own counts, if anything was read.
    """
    reader = service.reader(audience, shared=True)
    listing = Search(Everything(), sort=Sort.DATE, limit=limit, facets=HOME_FACETS)
    if period and not service.store.reads.of(audience, period):
        period = None
    counts = lists.counts_of(service, period)
    counted = counts.most(audience, lists.LIKELY)
    there = lists.visibility(counted)
    answers = reader.read(listing, there)
    newest, totals = [hit.id for hit in answers[listing].hits], answers[listing].totals
    hottest = lists.in_order(counted, answers[there].hits)
    if len(hottest) < limit and len(counted) == lists.LIKELY:
        hottest = lists.visible(reader, counts.most(audience, lists.MOST))
    hottest = hottest[:limit]
    stored = reader.fetch([*newest, *hottest])
    return Home(
        total=totals.total,
        latest=tuple(stored[key] for key in newest if key in stored),
        hottest=tuple(stored[key] for key in hottest if key in stored),
        period=period,
        facets=totals.facets,
    )


def values(service: SearchService, audience: Audience) -> Mapping[str, list[str]]:
    """The issuers, authors, kinds and categories of all articles, those of most articles first."""
    counted = service.reader(audience).totals(Everything(), facets=NAMED_FACETS).facets
    return {name: [value for value in counted[name] if value] for name in NAMED_FACETS}


@reads_shared
def ids_by_key(service: SearchService, key: str, audience: Audience) -> list[str]:
    """The ids of the articles whose id, code, 文号 or title is the key, newest first."""
    hits = service.reader(audience, shared=True).keyword(Exact(exact_key(key)), sort=Sort.DATE)
    return [hit.id for hit in hits]
