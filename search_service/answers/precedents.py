"""Precedent passages for a topic or a whole draft. Entry point: :func:`precedents`.

A draft is split into passages as an article is; each is searched separately, and the lists are fused.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analyzers import outline
from analyzers.messages import say
from analyzers.normalize import normalize
from search_service import relevance
from search_service.answers.snippets import Span, marks
from search_service.engines.reads import (
    NO_FILTERS,
    Answers,
    BestPassages,
    PassageFrequencies,
    Reader,
    Request,
    Search,
    TermFrequencies,
)
from search_service.errors import BadInput
from search_service.model import (
    AnyOf,
    Audience,
    Field,
    Filters,
    Manifest,
    Passage,
    PassageHit,
    StoredArticle,
    Term,
    Vector,
    View,
    WeightedTerm,
)
from search_service.query.matching import idf
from search_service.ranking.fusion import RankedList, fuse
from search_service.ranking.similarity import SimilarPassages
from search_service.service import SearchService, SemanticSearchUnavailable, reads_shared


@dataclass(frozen=True, kw_only=True)
class Precedent:
    """A passage to copy, with its citation. ``marks`` are offsets into ``text``."""

    stored: StoredArticle
    passage: Passage
    text: str
    marks: tuple[Span, ...]
    score: float
    citation: str


@dataclass(frozen=True, kw_only=True)
class PrecedentPage:
    """The passages, best first.

    ``degraded``: by keyword only, because semantic search is unavailable. ``blocked``: the topic contains a
    blocked word.
    """

    results: tuple[Precedent, ...]
    degraded: bool
    blocked: bool = False


@reads_shared
def precedents(
    service: SearchService,
    text: str,
    audience: Audience,
    *,
    filters: Filters = NO_FILTERS,
    limit: int = 10,
    role: str | None = None,
) -> PrecedentPage:
    """The ``limit`` passages most relevant to a topic or a draft, best first.

    ``role``: only passages with this one (导语, 主体, 保障措施 …, see :mod:`analyzers.outline`).
    Raises ``BadInput`` for an empty text or one over ``MAX_DRAFT`` characters.
    """
    if not text.strip() or len(text) > relevance.MAX_DRAFT:
        raise BadInput(
            say(
                f"文字有 {len(text)} 个字，应为 1 至 {relevance.MAX_DRAFT} 个",
                f"the text has {len(text)} characters; 1 to {relevance.MAX_DRAFT} are allowed",
            ),
            field_errors={"text": say("长度不符", "bad length")},
        )
    reader = service.reader(audience, shared=True)
    # A draft is somebody's own text; only what might be a search is refused.
    if len(text) <= relevance.MAX_QUERY and service.store.blocked.block(text):
        return PrecedentPage(results=(), degraded=False, blocked=True)
    sections = outline.split(text.strip())[: relevance.MAX_DRAFT_PASSAGES]
    pieces = [normalize(text.strip()[section.start : section.end]) for section in sections]
    words = [
        list(dict.fromkeys(token.term for token in service.analyzer.query_words(piece)))
        for piece in pieces
    ]
    vectors, degraded = _vectors(service, reader, pieces)
    searches = [
        _Searches(reader.manifest, part, vector, filters, role)
        for part, vector in zip(words, vectors, strict=True)
    ]
    frequencies = PassageFrequencies({word for part in words for word in part})
    answers = reader.read(frequencies, *(one for part in searches for one in part.requests))
    hits = [part.hits(answers, answers[frequencies]) for part in searches]
    fused = fuse([ranked for part in hits for ranked in part.lists])
    owners = {hit.passage_id: hit.article_id for part in hits for hit in part.passages}
    all_words = list(dict.fromkeys(word for part in words for word in part))
    results = _precedents(reader, fused, owners, all_words, limit)
    return PrecedentPage(results=results, degraded=degraded)


def _vectors(
    service: SearchService, reader: Reader, pieces: Sequence[str]
) -> tuple[list[Vector | None], bool]:
    """The vector of each piece, and whether semantic search is unavailable."""
    try:
        return [service.embed_query(reader.manifest, piece) for piece in pieces], False
    except SemanticSearchUnavailable:
        return [None for _ in pieces], True


class _Searches:
    """The requests for one piece of the draft: passages by words and by meaning, and articles by words."""

    def __init__(
        self,
        manifest: Manifest,
        words: list[str],
        vector: Vector | None,
        filters: Filters,
        role: str | None,
    ) -> None:
        self.words = words
        per_article = relevance.PRECEDENTS_PER_ARTICLE
        terms = [(word, 1.0) for word in words]
        self._passages = BestPassages(terms, filters, relevance.WINDOW, per_article, role)
        # The text around a passage shows what it is about.
        self._articles = Search(
            AnyOf(tuple(Term(Field.WORDS, word) for word in words)),
            [WeightedTerm(Field.WORDS, word) for word in words],
            filters,
            limit=relevance.WINDOW,
        )
        self._similar = None
        if vector is not None:
            self._similar = SimilarPassages(
                manifest, vector, filters=filters, per_article=per_article, role=role
            )

    @property
    def requests(self) -> tuple[Request[Any], ...]:
        """To be read together."""
        similar = self._similar.requests if self._similar else ()
        return (self._passages, self._articles, *similar)

    def hits(self, answers: Answers, frequencies: TermFrequencies) -> "_Hits":
        """The hits; by words those that score as if they held ``PRECEDENT_MIN_SHARE`` of the words' idf."""
        whole = sum(idf(frequencies.of[word], frequencies.all) for word in self.words)
        minimum = relevance.PRECEDENT_MIN_SHARE * whole
        return _Hits(
            by_words=[hit for hit in answers[self._passages] if hit.score >= minimum],
            by_similarity=self._similar.hits(answers) if self._similar else [],
            articles={hit.id: hit.score for hit in answers[self._articles].hits},
        )


@dataclass(frozen=True)
class _Hits:
    """The passages found for one piece of the draft, and the scores of articles by words."""

    by_words: list[PassageHit]
    by_similarity: list[PassageHit]
    articles: Mapping[str, float]

    @property
    def passages(self) -> list[PassageHit]:
        return [*self.by_words, *self.by_similarity]

    @property
    def lists(self) -> list[RankedList]:
        """The lists to fuse, of passage ids: by words, by similarity, and by the article around them."""
        by_article = {
            hit.passage_id: self.articles[hit.article_id]
            for hit in self.passages
            if hit.article_id in self.articles
        }
        ordered = sorted(by_article.items(), key=lambda item: (-item[1], item[0]))
        return [
            RankedList([(hit.passage_id, hit.score) for hit in self.by_words]),
            RankedList([(hit.passage_id, hit.score) for hit in self.by_similarity]),
            RankedList(ordered, relevance.PRECEDENT_ARTICLE),
        ]


def _passage(stored: StoredArticle, passage_id: str) -> Passage | None:
    """The passage, or None if the article has changed since the search."""
    return next((passage for passage in stored.passages if passage.id == passage_id), None)


def _precedents(
    reader: Reader,
    fused: Mapping[str, float],
    owners: Mapping[str, str],
    words: list[str],
    limit: int,
) -> tuple[Precedent, ...]:
    """The first ``limit`` passages, without repetitions."""
    results: list[Precedent] = []
    seen: set[str] = set()
    start = 0
    # Articles are fetched for the passages shown, and for more if some repeat others.
    for length in (2 * limit, 8 * limit, len(fused)):
        ids = list(fused)[start : start + length]
        start += length
        if len(results) == limit or not ids:
            break
        stored = reader.fetch(list(dict.fromkeys(owners[key] for key in ids)))
        for key in ids:
            one = stored.get(owners[key])
            passage = _passage(one, key) if one else None
            if one is None or passage is None or len(results) == limit:
                continue
            text = one.text_of(passage).strip()
            same = re.sub(r"\W", "", text)
            if not same or same in seen:  # re-issues of a document repeat its paragraphs
                continue
            seen.add(same)
            results.append(
                Precedent(
                    stored=one,
                    passage=passage,
                    text=text,
                    marks=marks(text, (), words),
                    score=fused[key],
                    citation=citation(one.view, passage),
                )
            )
    return tuple(results)


def citation(view: View, passage: Passage) -> str:
    """The citation: issuer or author, 《title》（文号）, date, and the headings above the passage."""
    number = f"（{view.document_number}）" if view.document_number else ""
    parts = (view.issuer or view.author, f"《{view.title}》{number}", view.date)
    headings = f"“{' > '.join(passage.path)}”" if passage.path else ""
    return "，".join(part for part in (*parts, headings) if part)
