"""Searches over one snapshot of a generation, within one scope.

Entry point: :class:`EmbeddedReader`, the ``Reader`` of the embedded engine. It queries the text index,
the passage table and the rows, and sorts their results as the contract says: by rounded score
descending, then by article id. Snapshots are made in :mod:`.snapshots`.
"""

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from heapq import nsmallest
from operator import itemgetter
from typing import Any, TypeVar

from tantivy import Query

from search_service.engines.embedded.clauses import (
    every,
    filtering,
    matching,
    one_of,
    ranking,
    weighted_term,
    without,
)
from search_service.engines.embedded.columns import Mask
from search_service.engines.embedded.errors import translate_errors
from search_service.engines.embedded.rows import ReadTransaction
from search_service.engines.embedded.snapshots import Snapshot
from search_service.engines.embedded.text_index import ORDINAL_BITS, RowHit, Searcher
from search_service.engines.reads import (
    Answers,
    BestPassages,
    Fetch,
    Found,
    Frequencies,
    Listed,
    Nearest,
    NearestArticles,
    PassageFrequencies,
    Reader,
    Request,
    Scope,
    Search,
    TermFrequencies,
    Vectors,
)
from search_service.engines.validation import ARTICLE_PLACES, check_facets, check_query_vector
from search_service.model import (
    Bonus,
    Clause,
    Everything,
    Field,
    Filters,
    Hit,
    Manifest,
    PassageHit,
    Sort,
    StoredArticle,
    Totals,
    WeightedTerm,
)

T = TypeVar("T")
_ORDINAL_MASK = (1 << ORDINAL_BITS) - 1
# Up to here frequencies are counted.
_COUNTED = 1_000
_SORT_KEYS = {Sort.DATE: "sort_date", Sort.OLDEST: "sort_oldest"}
# Hits requested beyond the page, so that one search is enough for most pages that end in a tie.
_MARGIN = 32
# Passages requested per article: in the corpus a good article has several good passages.
_PASSAGES_PER_ARTICLE = 4


class EmbeddedReader(Reader):
    """One audience's index at one revision; safe among threads."""

    def __init__(self, snapshot: Snapshot, rows: ReadTransaction, scope: Scope) -> None:
        """``rows`` shows the same revision as the snapshot."""
        self._snapshot = snapshot
        self._rows = rows
        self._scope = scope
        hidden = snapshot.columns.rows_of(scope.hidden)
        self._hidden = sorted({*hidden, *snapshot.hidden})
        names = (snapshot.columns.id_of(row) for row in snapshot.hidden)
        self._hidden_ids = scope.hidden.union(filter(None, names))

    @property
    def scope(self) -> Scope:
        """The audience and the hidden ids."""
        return self._scope

    @property
    def generation(self) -> str:
        """Name of the generation."""
        return self._snapshot.name

    @property
    def revision(self) -> int:
        """Increases with every write that changed something in the generation."""
        return self._snapshot.revision

    @property
    def manifest(self) -> Manifest:
        """What the generation was built with."""
        return self._snapshot.manifest

    def read(self, *requests: Request[Any]) -> Answers:
        """The answers to all requests."""
        with translate_errors(self._snapshot.folder):
            return Answers({one: self._answer(one) for one in dict.fromkeys(requests)})

    def _answer(self, request: Request[Any]) -> object:
        match request:
            case Search():
                return self._search(request)
            case NearestArticles():
                return self._nearest_articles(request)
            case Nearest():
                return self._nearest(request)
            case BestPassages():
                return self._best_passages(request)
            case Frequencies(field, terms):
                return self._frequencies(self._snapshot.articles, field.value, terms)
            case PassageFrequencies(words):
                return self._frequencies(self._snapshot.passages, "words", words)
            case Vectors(article_id):
                hidden = article_id in self._hidden_ids
                return {} if hidden else self._rows.vectors_of(article_id)
            case Fetch(ids):
                return self._rows.fetch([id for id in ids if id not in self._hidden_ids])
            case Listed(after, limit):
                live = filter(None, self._snapshot.columns.ids)
                beyond = (id for id in live if id > after and id not in self._hidden_ids)
                return nsmallest(limit, beyond)
            case _:
                raise NotImplementedError(type(request).__name__)

    def _search(self, request: Search) -> Found:
        check_facets(request.facets)
        articles = self._snapshot.articles
        query = self._query(articles, request.match, request.filters)
        facets, counted = articles.facets(query, list(request.facets))
        if request.limit <= 0:
            total = articles.count(query) if counted is None else counted
            return Found([], Totals(total, facets))
        key = _SORT_KEYS.get(request.sort, "sort_id")
        scored = [] if request.sort in _SORT_KEYS else self._scored(articles, request.rank)
        if scored:
            hits, total = self._ranked(
                articles, ranking(query, scored), request.offset + request.limit
            )
            return Found(hits[request.offset :], Totals(total, facets))
        rows, total = articles.sorted_by(query, key, offset=request.offset, limit=request.limit)
        return Found(self._hits(rows), Totals(total, facets))

    def _nearest(self, request: Nearest) -> list[PassageHit]:
        """By exact cosine."""
        candidates = self._neighbours(request)
        return [
            PassageHit(article_id, passage_id, -score)
            for score, article_id, _, (_, passage_id) in _grouped(
                candidates, request.articles, request.per_article
            )
        ]

    def _nearest_articles(self, request: NearestArticles) -> list[Hit]:
        nearest = Nearest(
            request.vector, request.filters, request.articles, min_score=request.min_score
        )
        hits = [
            self._hit(row, article_id, round(-score, ARTICLE_PLACES))
            for score, article_id, _, (row, _) in _grouped(
                self._neighbours(nearest), request.articles, 1
            )
        ]
        return sorted(hits, key=lambda hit: (-hit.score, hit.id))

    def _neighbours(self, request: Nearest) -> "list[_Candidate[tuple[int, str]]]":
        """The candidates, each with its row and the id of the passage."""
        dimensions = self.manifest.dimensions
        if dimensions == 0 or request.articles <= 0 or request.per_article <= 0:
            return []
        check_query_vector(request.vector, dimensions=dimensions)
        neighbours = self._snapshot.vectors.table(self._rows).nearest(
            request.vector,
            self._allowed(request.filters),
            articles=request.articles,
            per_article=request.per_article,
            min_score=request.min_score,
            roles=request.roles,
        )
        return self._candidates(
            (p.row, p.ordinal, p.score, (p.row, p.passage_id)) for p in neighbours
        )

    def _allowed(self, filters: Filters) -> Mask:
        columns = self._snapshot.columns
        hidden = [row for row in self._hidden if row < len(columns.ids)]
        return columns.allowed(filters, hidden=hidden)

    def _best_passages(self, request: BestPassages) -> list[PassageHit]:
        articles, per_article = request.articles, request.per_article
        if not request.terms or articles <= 0 or per_article <= 0:
            return []
        searcher = self._snapshot.passages
        schema = searcher.schema
        scored = [weighted_term(schema, "words", value, weight) for value, weight in request.terms]
        holding = Query.term_set_query(schema, "words", [value for value, _ in request.terms])
        if request.roles:
            holding = every([holding, one_of(schema, "role", request.roles)])
        filters = filtering(schema, request.filters, self._snapshot.columns.rows_of)
        query = self._visible(searcher, every([holding, *filters]))
        hits = self._best_articles(searcher, ranking(query, scored), articles)
        if per_article > 1:
            chosen = sorted({hit.key >> ORDINAL_BITS for hit in hits})
            among = every([holding, one_of(schema, "row", chosen)])
            hits, _ = searcher.top(ranking(among, scored), searcher.count(among) or 1)
        candidates = self._candidates(
            (hit.key >> ORDINAL_BITS, hit.key & _ORDINAL_MASK, hit.score, hit) for hit in hits
        )
        return self._named(searcher, _grouped(candidates, articles, per_article))

    def _frequencies(
        self, searcher: Searcher, field: str, terms: Collection[str]
    ) -> TermFrequencies:
        """A frequency above ``_COUNTED`` counts replaced articles, too, until they are merged away.

        Counting what is in most articles reads their whole posting list, for each word of a question.
        """
        schema, total = searcher.schema, searcher.documents
        hidden = one_of(schema, "row", self._hidden) if self._hidden else None
        if hidden is not None:
            total -= searcher.count(hidden)
        frequencies = {}
        for term in terms:
            query = Query.term_query(schema, field, term, "basic")
            frequency = searcher.frequency(field, term)
            if 0 < frequency <= _COUNTED:
                frequency = searcher.count(self._visible(searcher, query))
            elif frequency and hidden is not None:
                frequency -= searcher.count(every([hidden, query]))
            frequencies[term] = min(frequency, total)
        return TermFrequencies(total, frequencies)

    def stored_fields(self, article_id: str) -> Mapping[Field, str]:
        """The indexed terms of an article, by field."""
        if article_id in self._hidden_ids:
            return {}
        with translate_errors(self._snapshot.folder):
            return self._rows.terms_of(article_id)

    def scan(self) -> Iterator[StoredArticle]:
        """Every live article that is not hidden, by id ascending."""
        articles = self._rows.scan()
        while True:
            with translate_errors(self._snapshot.folder):
                article = next(articles, None)
            if article is None:
                return
            if article.view.id not in self._hidden_ids:
                yield article

    def _query(self, searcher: Searcher, match: Clause, filters: Filters) -> Query:
        """A query for what matches, passes the filters and is not hidden."""
        parts = filtering(searcher.schema, filters, self._snapshot.columns.rows_of)
        if not parts or not isinstance(match, Everything):
            rows_of = self._snapshot.columns.rows_of
            parts.insert(0, matching(searcher.schema, match, rows_of=rows_of))
        return self._visible(searcher, every(parts))

    def _scored(self, searcher: Searcher, rank: Sequence[WeightedTerm | Bonus]) -> list[Query]:
        """The scoring queries, without terms that occur in no document."""
        schema, rows_of = searcher.schema, self._snapshot.columns.rows_of
        scored = []
        for part in rank:
            if isinstance(part, Bonus):
                clause = matching(schema, part.clause, rows_of=rows_of)
                scored.append(Query.const_score_query(clause, part.weight))
            elif searcher.frequency(part.field.value, part.value):
                scored.append(weighted_term(schema, part.field.value, part.value, part.weight))
        return scored

    def _visible(self, searcher: Searcher, query: Query) -> Query:
        return _without(searcher, query, self._hidden)

    def _hits(self, row_hits: Sequence[RowHit]) -> list[Hit]:
        columns = self._snapshot.columns
        return [
            self._hit(hit.key, id, hit.score)
            for hit in row_hits
            if (id := columns.id_of(hit.key)) is not None
        ]

    def _hit(self, row: int, id: str, score: float) -> Hit:
        snapshot = self._snapshot
        return Hit(id, score, int(snapshot.columns.day[row]), row in snapshot.ended)

    def _ranked(self, searcher: Searcher, query: Query, needed: int) -> tuple[list[Hit], int]:
        """The first ``needed`` hits in the contract's order, and the number of all.

        The text index breaks ties arbitrarily. So the limit is raised until all articles that tie with the
        last hit are there; then all pages are slices of one list.
        """
        limit = needed + _MARGIN
        while True:
            row_hits, total = searcher.top(query, limit)
            hits = self._hits(row_hits)
            complete = len(hits) >= needed and hits[-1].score < hits[needed - 1].score
            if complete or len(row_hits) < limit:
                hits.sort(key=lambda hit: (-hit.score, hit.id))
                return hits[:needed], total
            limit *= 8

    def _best_articles(self, searcher: Searcher, query: Query, articles: int) -> list[RowHit]:
        """Passages by score: enough for the best ``articles``, with all that tie with the last."""
        limit = articles * _PASSAGES_PER_ARTICLE + _MARGIN
        while True:
            hits, _ = searcher.top(query, limit)
            best: dict[int, float] = {}
            for hit in hits:
                best.setdefault(hit.key >> ORDINAL_BITS, hit.score)
            lowest = list(best.values())[articles - 1] if len(best) >= articles else -math.inf
            if len(hits) < limit or hits[-1].score < lowest:
                return hits
            limit *= 4

    def _candidates(self, passages: Iterable[tuple[int, int, float, T]]) -> "list[_Candidate[T]]":
        """Candidates from (row, ordinal, score, payload), in the contract's order."""
        id_of = self._snapshot.columns.id_of
        return sorted(
            (
                (-score, article_id, ordinal, payload)
                for row, ordinal, score, payload in passages
                if (article_id := id_of(row)) is not None
            ),
            key=itemgetter(0, 1, 2),
        )

    def _named(
        self, searcher: Searcher, chosen: "Sequence[_Candidate[RowHit]]"
    ) -> list[PassageHit]:
        """The hits with their passage ids, which are not in the text index."""
        table = self._snapshot.vectors.table(self._rows)
        revisions = searcher.revisions([hit for *_, hit in chosen])
        return [
            PassageHit(article_id, passage_id, -score)
            for (score, article_id, ordinal, hit), revision in zip(chosen, revisions, strict=True)
            if (passage_id := table.passage_id(hit.key >> ORDINAL_BITS, ordinal, revision))
            is not None
        ]


# Negative score, article id, ordinal of the passage, payload: sorts in the contract's order.
_Candidate = tuple[float, str, int, T]


def _without(searcher: Searcher, query: Query, rows: Sequence[int]) -> Query:
    """The query, excluding the articles of these rows."""
    return without(query, one_of(searcher.schema, "row", rows)) if rows else query


def _grouped(
    ordered: Sequence[_Candidate[T]], articles: int, per_article: int
) -> list[_Candidate[T]]:
    """The best ``per_article`` passages of each of the best ``articles`` articles, still in order."""
    counts: dict[str, int] = {}
    chosen = []
    for candidate in ordered:
        article_id = candidate[1]
        count = counts.get(article_id, 0)
        if count < per_article and (count > 0 or len(counts) < articles):
            counts[article_id] = count + 1
            chosen.append(candidate)
    return chosen
