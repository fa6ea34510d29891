"""What can be read of an index: requests, each with the type of its answer.

Entry points: :class:`Reader`, and the requests. A reader answers several requests in one call
(:meth:`Reader.read`), which costs one round trip to a server; what depends on an answer needs another call.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from search_service.model import (
    Audience,
    Bonus,
    Clause,
    Field,
    Filters,
    Hit,
    Manifest,
    PassageHit,
    Sort,
    StoredArticle,
    Totals,
    Vector,
    WeightedTerm,
)

NO_FILTERS = Filters()
Answer = TypeVar("Answer")
_Answer_co = TypeVar("_Answer_co", covariant=True)


@dataclass(frozen=True)
class Scope:
    """What a read may see: what the audience may, without the articles hidden by the staff (下架)."""

    audience: Audience
    hidden: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Found:
    """One page of a match set, and its counts."""

    hits: list[Hit]
    totals: Totals


@dataclass(frozen=True)
class TermFrequencies:
    """The number of ``all`` articles or passages, and how many ``of`` them contain each term."""

    all: int
    of: Mapping[str, int]


@dataclass(frozen=True, eq=False)
class Request(Generic[_Answer_co]):
    """Something to read; compared by identity, because it is the key of its answer."""


@dataclass(frozen=True, eq=False)
class Search(Request[Found]):
    """One page of the match set, its exact count, and the counts of its facets' values.

    By score or by date: newest first, undated last, scores 0. The score is the sum over ``rank``; it does not
    affect which articles match. ``limit`` 0: only count. ``facets``: of category, kind, author, issuer,
    year; reading raises ``BadInput`` for others. Of each, the ``FACET_VALUES`` values of most articles.
    """

    match: Clause
    rank: Sequence[WeightedTerm | Bonus] = ()
    filters: Filters = NO_FILTERS
    sort: Sort = Sort.RELEVANCE
    offset: int = 0
    limit: int = 0
    facets: Collection[str] = ()


@dataclass(frozen=True, eq=False)
class Nearest(Request[list[PassageHit]]):
    """The best ``per_article`` passages of each of the best ``articles`` articles, by cosine, best first.

    ``vector``: shape (dimensions,), L2-normalised; reading raises ``BadInput`` for another shape.
    ``min_score``: the least cosine. ``roles``: only passages of one of these (``""``: without a role); none:
    all passages. An article's score is that of its best passage. Without vectors in the generation: an empty
    list.
    """

    vector: Vector
    filters: Filters = NO_FILTERS
    articles: int = 200
    per_article: int = 1
    min_score: float = -1.0
    roles: Sequence[str] = ()


@dataclass(frozen=True, eq=False)
class NearestArticles(Request[list[Hit]]):
    """The best articles by the cosine of their best passage: like :class:`Nearest`, but cheaper.

    Scores are rounded to 4 decimal places, because engines may compute them in float32.
    """

    vector: Vector
    filters: Filters = NO_FILTERS
    articles: int = 200
    min_score: float = -1.0


@dataclass(frozen=True, eq=False)
class BestPassages(Request[list[PassageHit]]):
    """Passages as of :class:`Nearest`, but by Σ weight × BM25 of their words.

    ``terms``: (word, weight) pairs. The BM25 statistics are those of all passages, of any role.
    """

    terms: Sequence[tuple[str, float]]
    filters: Filters = NO_FILTERS
    articles: int = 200
    per_article: int = 1
    roles: Sequence[str] = ()


@dataclass(frozen=True, eq=False)
class Frequencies(Request[TermFrequencies]):
    """The number of live articles of the scope, and of those whose field contains each term."""

    field: Field
    terms: Collection[str]


@dataclass(frozen=True, eq=False)
class PassageFrequencies(Request[TermFrequencies]):
    """The number of passages of live articles of the scope, and of those that contain each word."""

    words: Collection[str]


@dataclass(frozen=True, eq=False)
class Vectors(Request[Mapping[str, Vector]]):
    """The stored vectors of an article's passages, by passage id; empty if there are none.

    L2-normalised, and after quantisation the same bytes as are stored.
    """

    article_id: str


@dataclass(frozen=True, eq=False)
class Fetch(Request[dict[str, StoredArticle]]):
    """The stored articles by id, those that are live in the scope, in the order of ``ids``."""

    ids: Sequence[str]


@dataclass(frozen=True, eq=False)
class Listed(Request[list[str]]):
    """The first ``limit`` ids of live articles of the scope that come ``after`` an id, ascending."""

    after: str = ""
    limit: int = 1_000


class Answers:
    """The answers to the requests of one call: ``answers[request]``."""

    def __init__(self, answers: Mapping[Request[Any], object]) -> None:
        self._answers = answers

    def __getitem__(self, request: Request[Answer]) -> Answer:
        return cast("Answer", self._answers[request])


class Reader(ABC):
    """One audience's index at one revision.

    The methods from :meth:`totals` on are short forms of :meth:`read` for one request.
    """

    @property
    @abstractmethod
    def scope(self) -> Scope:
        """The audience and the hidden ids."""

    @property
    @abstractmethod
    def generation(self) -> str:
        """Name of the generation."""

    @property
    @abstractmethod
    def revision(self) -> int:
        """Increases with every write that changed something in the generation."""

    @property
    @abstractmethod
    def manifest(self) -> Manifest:
        """What the generation was built with."""

    @abstractmethod
    def read(self, *requests: Request[Any]) -> Answers:
        """The answers to all requests, each answered once.

        Raises ``BadInput`` or ``EngineError`` if one cannot be answered.
        """

    @abstractmethod
    def stored_fields(self, article_id: str) -> Mapping[Field, str]:
        """The indexed terms of an article by field (for ``gongwen info``); empty if it is not live."""

    @abstractmethod
    def scan(self) -> Iterator[StoredArticle]:
        """Every live article in this scope, by id ascending."""

    def totals(
        self, match: Clause, *, filters: Filters = NO_FILTERS, facets: Collection[str] = ()
    ) -> Totals:
        """The counts of a :class:`Search`."""
        return self._one(Search(match, filters=filters, facets=facets)).totals

    def keyword(
        self,
        match: Clause,
        rank: Sequence[WeightedTerm | Bonus] = (),
        *,
        filters: Filters = NO_FILTERS,
        sort: Sort = Sort.RELEVANCE,
        offset: int = 0,
        limit: int = 10,
    ) -> list[Hit]:
        """The hits of a :class:`Search`."""
        request = Search(match, rank, filters, sort, offset, limit)
        return self._one(request).hits

    def nearest(
        self,
        vector: Vector,
        *,
        filters: Filters = NO_FILTERS,
        articles: int = 200,
        per_article: int = 1,
        min_score: float = -1.0,
        roles: Sequence[str] = (),
    ) -> list[PassageHit]:
        """The answer to :class:`Nearest`."""
        return self._one(Nearest(vector, filters, articles, per_article, min_score, roles))

    def nearest_articles(
        self,
        vector: Vector,
        *,
        filters: Filters = NO_FILTERS,
        articles: int = 200,
        min_score: float = -1.0,
    ) -> list[Hit]:
        """The answer to :class:`NearestArticles`."""
        return self._one(NearestArticles(vector, filters, articles, min_score))

    def passages(
        self,
        terms: Sequence[tuple[str, float]],
        *,
        filters: Filters = NO_FILTERS,
        articles: int = 200,
        per_article: int = 1,
        roles: Sequence[str] = (),
    ) -> list[PassageHit]:
        """The answer to :class:`BestPassages`."""
        return self._one(BestPassages(terms, filters, articles, per_article, roles))

    def frequencies(self, field: Field, terms: Collection[str]) -> Mapping[str, int]:
        """How many articles contain each term in the field: see :class:`Frequencies`."""
        return self._one(Frequencies(field, terms)).of

    def vectors(self, article_id: str) -> Mapping[str, Vector]:
        """The answer to :class:`Vectors`."""
        return self._one(Vectors(article_id))

    def fetch(self, ids: Sequence[str]) -> dict[str, StoredArticle]:
        """The answer to :class:`Fetch`."""
        return self._one(Fetch(ids))

    def _one(self, request: Request[Answer]) -> Answer:
        return self.read(request)[request]
