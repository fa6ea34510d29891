"""What a mapping makes of a database, for its owner to see before anything is indexed.

Entry points: :func:`count`, :func:`samples`.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from indexer.build.views import source_text
from indexer.sources.database.reading import PAID, PUBLIC, Source
from search_service.errors import BadRecord
from search_service.intake.cleaning import Cleaning
from search_service.intake.record import Fault, Notes, article_of
from search_service.model import Article, Audience

_LOOKED_AT = 2_000  # records among which samples are chosen


@dataclass(frozen=True)
class Counts:
    """Of one kind of articles: how many rows are public, paid, or left out, by reason."""

    name: str
    public: int
    paid: int
    left_out: Counter[str]


def count(source: Source) -> Iterator[Counts]:
    """Count what becomes of the rows, without reading texts."""
    for name in source.mapping.articles:
        counts = source.counts(name)
        public, paid = counts.pop(PUBLIC, 0), counts.pop(PAID, 0)
        yield Counts(name, public, paid, counts)


@dataclass(frozen=True)
class Sample:
    """One article as guests and as members read it; None: they do not see it at all."""

    article: Article
    guests: str | None
    members: str | None


def samples(source: Source, cleaning: Cleaning, count: int = 3) -> list[Sample]:
    """Some articles, of which guests read all, a part or nothing, if there are such."""
    by_kind: dict[str, list[Sample]] = {}
    for number, record in enumerate(source.records(Notes())):
        if number >= _LOOKED_AT or sum(map(len, by_kind.values())) >= 10 * count:
            break
        if isinstance(record, Fault):
            continue
        try:
            article = article_of(record.values, cleaning=cleaning)
        except BadRecord:
            continue
        guests, members = (source_text(article, who) for who in (Audience.PUBLIC, Audience.MEMBER))
        kind = "all" if guests == members else "part" if guests else "nothing"
        if len(kept := by_kind.setdefault(kind, [])) < count:
            kept.append(Sample(article, guests, members))
        if len(by_kind) == count:
            break
    # One of each kind first.
    ordered = [
        kept[place] for place in range(count) for kept in by_kind.values() if place < len(kept)
    ]
    return ordered[:count]
