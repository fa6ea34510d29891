"""Precedent passages for a topic. Entry points: :func:`precedents`; :func:`rank`, without a floor.

A topic is a few words or a sentence; quotes, exclusions and fields work as in a search. For a whole draft:
:mod:`.drafts`. Only the body of documents is offered, unless another part is asked for, and only what is
close enough.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from analyzers import outline
from analyzers.messages import say
from analyzers.normalize import normalize
from analyzers.relations import is_no_longer_in_force
from search_service import relevance
from search_service.answers.page import BLOCKED_NOTICE, degraded_notice
from search_service.answers.passage_conditions import (
    PassageConditions,
    both,
    of_articles,
    of_places,
)
from search_service.answers.snippets import ScannedText, Span
from search_service.engines.reads import NO_FILTERS, PassageFrequencies, Reader, Search
from search_service.errors import BadInput
from search_service.model import (
    Audience,
    Clause,
    Everything,
    Field,
    Filters,
    Passage,
    StoredArticle,
    Vector,
    View,
    WeightedTerm,
)
from search_service.query.parsed import Query
from search_service.query.parsing import parse
from search_service.ranking.passages import Candidate, PassageHits, PassageSearch
from search_service.service import SearchService, SemanticSearchUnavailable, reads_shared

# Copies of a passage that are named.
_COPIES = 10
_EDGE = re.compile(r"[\s#*]*")
_END = re.compile(r"[\s#*]*\Z")


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which passages are wanted.

    ``places``: of :data:`analyzers.outline.PLACES`, or empty: not told. ``roles``: of
    :data:`analyzers.outline.ROLES`; frame parts and annexes only if they are named here. ``regions``: names
    of places, 河北 or 石家庄市.
    """

    filters: Filters = NO_FILTERS
    places: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()

    @property
    def searched(self) -> tuple[str, ...]:
        """The roles to search, none if nothing can be wanted."""
        roles = self.roles or outline.BODY
        if not self.places:
            return roles
        told = {outline.PLACES[one] for one in self.places if one}
        return roles if "" in self.places else tuple(one for one in roles if one in told)

    @property
    def of_regions(self) -> Clause:
        """The articles of the regions; ``Everything`` without."""
        return of_places(self.regions) if self.regions else Everything()

    def admits(self, stored: StoredArticle, passage: Passage) -> bool:
        """Whether a passage of one of these roles is at one of the places, and says enough to be quoted."""
        if self.places and outline.place_of(passage.role, passage.path) not in self.places:
            return False
        return bool(self.roles) or len(quotable(stored, passage)) >= relevance.PRECEDENT_LENGTH


ANYTHING: Final = Wanted()


@dataclass(frozen=True, kw_only=True)
class Precedent:
    """A passage to copy, with its citation. ``marks`` are offsets into ``text``.

    ``place``: of :data:`analyzers.outline.PLACES`, or empty. ``copies``: the first articles that have the
    same passage; ``copies_total``: the number of all.
    """

    stored: StoredArticle
    passage: Passage
    text: str
    marks: tuple[Span, ...]
    score: float
    citation: str
    place: str = ""
    copies: tuple[View, ...] = ()
    copies_total: int = 0


@dataclass(frozen=True, kw_only=True)
class PrecedentPage:
    """The passages, best first; fewer than asked for if no more are close.

    ``limit``: how many were asked for. ``degraded``: by keyword only, because semantic search is
    unavailable. ``blocked``: the topic contains a blocked word.
    """

    results: tuple[Precedent, ...]
    limit: int
    degraded: bool = False
    blocked: bool = False

    def notices(self) -> list[str]:
        """What a reader should know of the answer."""
        if self.blocked:
            return [say(*BLOCKED_NOTICE)]
        notices = [degraded_notice()] if self.degraded else []
        if len(self.results) < self.limit:
            notices.append(self._few())
        return notices

    def _few(self) -> str:
        number = len(self.results)
        if not number:
            return say("没有找到贴近的段落", "no close passage was found")
        return say(f"只找到 {number} 段贴近的", f"only {number} close passages were found")


def is_topic(text: str) -> bool:
    """Whether a text is a topic: what is longer than a query, or has several lines, is a draft."""
    return len(text) <= relevance.MAX_QUERY and "\n" not in text.strip()


@reads_shared
def precedents(
    service: SearchService,
    text: str,
    audience: Audience,
    *,
    wanted: Wanted = ANYTHING,
    limit: int = 10,
) -> PrecedentPage:
    """The passages closest to a topic, at most ``limit``, and ``PRECEDENTS_PER_ARTICLE`` of an article.

    Raises ``BadInput`` for an empty topic or one over ``MAX_QUERY`` characters.
    """
    if not text.strip():
        raise BadInput(
            say("没有写题目", "the topic is empty"),
            field_errors={"text": say("不能为空", "must not be empty")},
        )
    query = parse(text, service.analyzer)
    reader = service.reader(audience, shared=True)
    if service.store.blocked.block(text):
        return PrecedentPage(results=(), limit=limit, blocked=True)
    search = _TopicSearch(service, reader, query, wanted)
    hits = search.read()
    if not hits:
        return PrecedentPage(results=(), limit=limit, degraded=search.degraded)
    conditions = PassageConditions(query)
    selection = Selection(
        hits,
        lambda stored, passage: wanted.admits(stored, passage) and conditions(stored, passage),
        limit=limit,
    )
    # More are considered only if much is unfit: what comes so late is hardly close.
    narrow = len(hits.candidates) if wanted.places or conditions.are_any else 0
    for number in (4 * limit, 8 * limit, narrow):
        if selection.is_full or not consider(reader, [selection], number):
            break
    return PrecedentPage(results=selection.results, limit=limit, degraded=search.degraded)


@reads_shared
def rank(
    service: SearchService, text: str, audience: Audience, *, limit: int = 10
) -> tuple[tuple[str, ...], bool]:
    """The ids of the first articles in the order of their passages, however far; whether it is degraded.

    For judgements of the order. Of a draft the passages of all sections together.
    """
    reader = service.reader(audience, shared=True)
    pieces = (
        [text] if is_topic(text) else [text[one.start : one.end] for one in outline.split(text)]
    )
    pieces = [normalize(piece.strip()) for piece in pieces]
    vectors, degraded = embedded(service, reader, pieces)
    searches = [
        PassageSearch(
            reader.manifest,
            words_of(service, piece),
            vector,
            filters=NO_FILTERS,
            roles=outline.BODY,
        )
        for piece, vector in zip(pieces, vectors, strict=True)
    ]
    frequencies = PassageFrequencies({word for one in searches for word in one.words})
    answers = reader.read(frequencies, *(part for one in searches for part in one.requests))
    hits = [replace(one.hits(answers, answers[frequencies]), floor=0.0) for one in searches]
    selections = [Selection(one, lambda *_: True, limit=len(one.owners)) for one in hits]
    consider(reader, selections, 4 * limit)
    found = sorted((p for one in selections for p in one.results), key=lambda one: -one.score)
    ids = (view.id for one in found for view in (one.stored.view, *one.copies))
    return tuple(dict.fromkeys(ids))[:limit], degraded


def words_of(service: SearchService, normalised: str) -> list[str]:
    """The distinct words of a normalised text, in order."""
    return list(dict.fromkeys(token.term for token in service.analyzer.query_words(normalised)))


def embedded(
    service: SearchService, reader: Reader, texts: Sequence[str]
) -> tuple[list[Vector | None], bool]:
    """The vectors of normalised texts, in one call, and whether semantic search is unavailable."""
    try:
        vectors = service.embed_queries(reader.manifest, [(text,) for text in texts])
    except SemanticSearchUnavailable:
        return [None for _ in texts], True
    return [vector if vector.any() else None for vector in vectors], False


def _words(query: Query, names: Collection[str]) -> list[str]:
    """The words that passages for a topic have; those of ``title:`` are none, nor are names of places."""
    plain = (one for one in query.included if not one.title_only)
    words = list(dict.fromkeys(word for one in plain for word in one.words))
    return [word for word in words if word not in names] or words


def _said(query: Query) -> str:
    """A topic without its operators."""
    return " ".join(one.text for one in query.included if not one.title_only)


class _TopicSearch:
    """The reads for one topic: first the articles that may be meant, if that is limited, then passages."""

    def __init__(
        self, service: SearchService, reader: Reader, query: Query, wanted: Wanted
    ) -> None:
        self._reader, self._query, self._wanted = reader, query, wanted
        typed = " ".join(one.text for one in query.included if not one.literal)
        named = outline.places_named(typed)
        self.words = _words(query, {word for names in named.values() for word in names})
        (self._vector,), self.degraded = embedded(service, reader, [_said(query)])
        free = () if wanted.places or wanted.roles else named
        self._preferred = tuple(outline.PLACES[place] for place in free)

    def read(self) -> PassageHits | None:
        """The hits; None if there can be none."""
        filters = self._filters()
        if not self._wanted.searched or filters.ids == () or not self.words:
            return None
        anywhere = self._search(self._wanted.searched, filters)
        preferred = self._search(self._preferred, filters) if self._preferred else None
        frequencies = PassageFrequencies(self.words)
        requests = (*anywhere.requests, *(preferred.requests if preferred else ()))
        answers = self._reader.read(frequencies, *requests)
        hits = anywhere.hits(answers, answers[frequencies])
        if preferred is None:
            return hits
        return hits.preferring(preferred.hits(answers, answers[frequencies]))

    def _search(self, roles: Sequence[str], filters: Filters) -> PassageSearch:
        return PassageSearch(
            self._reader.manifest, self.words, self._vector, filters=filters, roles=roles
        )

    def _filters(self) -> Filters:
        filters = self._query.merge_filters(self._wanted.filters)
        clause = both(of_articles(self._query), self._wanted.of_regions)
        return allowed(self._reader, filters, clause, self.words)


def allowed(reader: Reader, filters: Filters, clause: Clause, words: Sequence[str]) -> Filters:
    """The filters, narrowed to articles that match the clause: of many the best for these words."""
    if clause == Everything():
        return filters
    rank = [WeightedTerm(Field.WORDS, word) for word in words]
    articles = Search(clause, rank, filters, limit=relevance.MAX_RESULTS)
    return Filters(ids=tuple(hit.id for hit in reader.read(articles)[articles].hits))


class Scan:
    """A passage to look for words in, with its headings and the title of its article."""

    def __init__(self, stored: StoredArticle, passage: Passage) -> None:
        self.above = ScannedText("\n".join((stored.view.title, *passage.path)))
        self._text = ScannedText(quotable(stored, passage))

    def contains(self, word: str) -> bool:
        """Whether the word is in the passage or above it."""
        return self._text.contains(word) or self.above.contains(word)

    def marks(self, words: Collection[str]) -> tuple[Span, ...]:
        """Where the words are in the passage."""
        return self._text.marks((), words)


class _Fit(NamedTuple):
    """A passage that may be shown; ``same``: its text without punctuation."""

    score: float
    article: StoredArticle
    passage: Passage
    same: str


class Selection:
    """The passages to show, each text once and few of an article; at most ``limit``.

    ``scans``: passages that were scanned, to be shared by the sections of a draft.
    """

    def __init__(
        self,
        hits: PassageHits,
        admits: Callable[[StoredArticle, Passage], bool],
        *,
        limit: int,
        scans: dict[str, Scan] | None = None,
    ) -> None:
        self._hits, self._admits, self._limit = hits, admits, limit
        self._scans = {} if scans is None else scans
        self._fits: list[_Fit] = []
        #: The candidates that were considered.
        self.considered: list[Candidate] = []

    @property
    def is_full(self) -> bool:
        """Whether there are enough."""
        return len(self._chosen) >= self._limit

    def next_candidates(self, number: int) -> list[Candidate]:
        """So many candidates that were not considered yet."""
        start = len(self.considered)
        return self._hits.candidates[start : start + number]

    def add(self, candidates: Sequence[Candidate], stored: Mapping[str, StoredArticle]) -> None:
        """Consider these candidates; their articles are ``stored``."""
        self.considered += candidates
        for one in candidates:
            article = stored.get(one.article_id)
            passage = passage_of(article, one.passage_id) if article else None
            if article is None or passage is None or not self._admits(article, passage):
                continue
            same = re.sub(r"[\W_]", "", quotable(article, passage))
            score = self._score(article, passage)
            if same and score is not None:
                self._fits.append(_Fit(score, article, passage, same))

    def _score(self, article: StoredArticle, passage: Passage) -> float | None:
        """The score; None if it is not close enough."""
        scan = self._scans.get(passage.id) or Scan(article, passage)
        self._scans[passage.id] = scan
        words = [word for word in self._hits.weights if scan.contains(word)]
        above = [word for word in words if scan.above.contains(word)]
        is_close = self._hits.is_close(passage.id, words)
        return self._hits.score(passage.id, words, above) if is_close else None

    @property
    def _chosen(self) -> list[list[_Fit]]:
        """The passages of each text, best first."""
        texts: dict[str, list[_Fit]] = {}
        shown: Counter[str] = Counter()
        for one in sorted(self._fits, key=lambda fit: (-fit.score, fit.passage.id)):
            article_id = one.article.view.id
            if one.same in texts:  # re-issues of a document repeat its paragraphs
                if article_id not in {other.article.view.id for other in texts[one.same]}:
                    texts[one.same].append(one)
            elif len(texts) < self._limit and shown[article_id] < relevance.PRECEDENTS_PER_ARTICLE:
                shown[article_id] += 1
                texts[one.same] = [one]
        return list(texts.values())

    @property
    def results(self) -> tuple[Precedent, ...]:
        """The passages chosen; of equal ones that of a document in force, then of the newest."""
        return tuple(map(self._precedent, self._chosen))

    def _precedent(self, same: Sequence[_Fit]) -> Precedent:
        def validity(one: _Fit) -> tuple[bool, str]:
            view = one.article.view
            ended = is_no_longer_in_force(view.status, normalize(view.title))
            return not ended, view.date or ""

        first, *rest = sorted(same, key=validity, reverse=True)
        others = [one.article.view for one in rest]
        return replace(
            precedent_of(first.article, first.passage, score=same[0].score),
            marks=self._scans[first.passage.id].marks(self._hits.weights),
            copies=tuple(others[:_COPIES]),
            copies_total=len(others),
        )


def consider(
    reader: Reader, selections: Sequence[Selection], number: int
) -> Mapping[str, StoredArticle]:
    """Let each selection consider so many more candidates; their articles, which are fetched together."""
    parts = [one.next_candidates(number) for one in selections]
    ids = dict.fromkeys(hit.article_id for part in parts for hit in part)
    stored = reader.fetch(list(ids)) if ids else {}
    for one, part in zip(selections, parts, strict=True):
        one.add(part, stored)
    return stored


def precedent_of(stored: StoredArticle, passage: Passage, *, score: float) -> Precedent:
    """A passage as it is shown, without marks."""
    return Precedent(
        stored=stored,
        passage=passage,
        text=quotable(stored, passage),
        marks=(),
        score=score,
        citation=citation(stored.view, passage),
        place=outline.place_of(passage.role, passage.path),
    )


def passage_of(stored: StoredArticle, passage_id: str) -> Passage | None:
    """The passage, or None if the article has changed since the search."""
    return next((passage for passage in stored.passages if passage.id == passage_id), None)


def quotable(stored: StoredArticle, passage: Passage) -> str:
    """The text of a passage without white space and marks of Markdown around it."""
    text = stored.text_of(passage)
    first = _EDGE.match(text)
    last = _END.search(text, first.end() if first else 0)
    return text[first.end() if first else 0 : last.start() if last else len(text)]


def citation(view: View, passage: Passage) -> str:
    """The citation: issuer or author, 《title》（文号）, date, and the headings above the passage."""
    number = f"（{view.document_number}）" if view.document_number else ""
    parts = (view.issuer or view.author, f"《{view.title}》{number}", view.date)
    headings = f"“{' > '.join(passage.path)}”" if passage.path else ""
    return "，".join(part for part in (*parts, headings) if part)
