"""Precedent passages for a topic or a whole draft. Entry point: :func:`precedents`.

A draft is split into passages as an article is; each is searched separately, and the lists are fused.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from analyzers import outline
from analyzers.messages import say
from analyzers.normalize import normalize
from analyzers.references import find
from search_service import relevance
from search_service.answers.snippets import Span, marks
from search_service.engines import NO_FILTERS, Reader
from search_service.errors import BadInput
from search_service.model import (
    AnyOf,
    Audience,
    Everything,
    Field,
    Filters,
    Passage,
    PassageHit,
    StoredArticle,
    Term,
    View,
    WeightedTerm,
)
from search_service.query.matching import idf
from search_service.ranking.fusion import RankedList, fuse
from search_service.ranking.similarity import nearest_passages
from search_service.service import SearchService, SemanticSearchUnavailable

# Passage id -> its normal form, and the terms of its references.
PassageTexts = dict[str, tuple[str, set[str]]]


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
    """The passages, best first. ``degraded``: by keyword only, because semantic search is unavailable."""

    results: tuple[Precedent, ...]
    degraded: bool


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
    reader = service.reader(audience)
    sections = outline.split(text.strip())[: relevance.MAX_DRAFT_PASSAGES]
    lists: list[RankedList] = []
    owners: dict[str, str] = {}
    words: dict[str, None] = {}
    cache: PassageTexts = {}
    degraded = False
    for section in sections:
        piece = normalize(text.strip()[section.start : section.end])
        piece_words = list(
            dict.fromkeys(token.term for token in service.analyzer.query_words(piece))
        )
        words.update(dict.fromkeys(piece_words))
        by_keywords = _by_keywords(reader, piece_words, filters, role, cache)
        by_similarity = _by_similarity(service, reader, piece, filters, role)
        degraded |= by_similarity is None
        by_similarity = by_similarity or []
        owners |= {hit.passage_id: hit.article_id for hit in (*by_keywords, *by_similarity)}
        lists.append(RankedList([(hit.passage_id, hit.score) for hit in by_keywords]))
        lists.append(RankedList([(hit.passage_id, hit.score) for hit in by_similarity]))
        article_scores = _article_scores(reader, piece_words, filters)
        by_article = {
            hit.passage_id: article_scores[hit.article_id]
            for hit in (*by_keywords, *by_similarity)
            if hit.article_id in article_scores
        }
        ordered = sorted(by_article.items(), key=lambda item: (-item[1], item[0]))
        lists.append(RankedList(ordered, relevance.PRECEDENT_ARTICLE))
    fused = fuse(lists)
    results = _precedents(reader, fused, owners, list(words), limit)
    return PrecedentPage(results=results, degraded=degraded)


def _by_similarity(
    service: SearchService, reader: Reader, piece: str, filters: Filters, role: str | None
) -> list[PassageHit] | None:
    """The nearest passages; None if semantic search is unavailable."""
    try:
        vector = service.embed_query(reader.manifest, piece)
    except SemanticSearchUnavailable:
        return None
    if vector is None:
        return []
    return nearest_passages(
        reader,
        vector,
        filters=filters,
        per_article=relevance.PRECEDENTS_PER_ARTICLE,
        role=role,
    )


def _by_keywords(
    reader: Reader, words: list[str], filters: Filters, role: str | None, cache: PassageTexts
) -> list[PassageHit]:
    """The passages by BM25 that contain ``PRECEDENT_MIN_SHARE`` of the idf of ``words``.

    ``cache`` is filled with the passages examined: most passages of a draft have the same hits.
    """
    frequencies = reader.frequencies(Field.WORDS, words)
    articles = reader.totals(Everything()).total
    weights = {word: idf(frequencies.get(word, 0), articles) for word in words}
    hits = reader.passages(
        [(word, 1.0) for word in words],
        filters=filters,
        articles=relevance.WINDOW,
        per_article=relevance.PRECEDENTS_PER_ARTICLE,
        role=role,
    )
    stored = reader.fetch(sorted({hit.article_id for hit in hits}))
    minimum = relevance.PRECEDENT_MIN_SHARE * sum(weights.values())
    accepted = []
    for hit in hits:
        if hit.article_id not in stored:
            continue
        passage = _passage(stored[hit.article_id], hit.passage_id)
        if passage is None:
            continue
        if hit.passage_id not in cache:
            text = normalize(stored[hit.article_id].text_of(passage))
            cache[hit.passage_id] = text, {term for one in find(text) for term in one.terms}
        text, references = cache[hit.passage_id]
        total = sum(
            weight for word, weight in weights.items() if word in text or word in references
        )
        if total >= minimum:
            accepted.append(hit)
    return accepted


def _article_scores(reader: Reader, words: list[str], filters: Filters) -> dict[str, float]:
    """The BM25 scores of articles, by id: the text around a passage shows what it is about."""
    match = AnyOf(tuple(Term(Field.WORDS, word) for word in words))
    rank = [WeightedTerm(Field.WORDS, word) for word in words]
    hits = reader.keyword(match, rank, filters=filters, limit=relevance.WINDOW) if words else []
    return {hit.id: hit.score for hit in hits}


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
    stored = reader.fetch(list(dict.fromkeys(owners[key] for key in fused)))
    results: list[Precedent] = []
    seen: set[str] = set()
    for key, score in fused.items():
        if len(results) == limit:
            break
        if owners[key] not in stored:
            continue
        one = stored[owners[key]]
        passage = _passage(one, key)
        if passage is None:
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
                score=score,
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
