"""Articles related to a given one. Entry point: :func:`related`.

Two lists are fused: articles that share its most characteristic words, and articles similar to the mean of
its passages' vectors. Only the audience's own view of the article is used.
"""

import collections
from collections.abc import Mapping

import numpy as np

from analyzers.normalize import normalize
from search_service import relevance
from search_service.answers.browse import one_of
from search_service.engines.reads import (
    Fetch,
    Frequencies,
    NearestArticles,
    Reader,
    TermFrequencies,
    Vectors,
)
from search_service.model import (
    All,
    AnyOf,
    Audience,
    Field,
    Identifiers,
    Not,
    StoredArticle,
    Term,
    Vector,
    WeightedTerm,
)
from search_service.query.matching import idf
from search_service.ranking.fusion import RankedList, fuse
from search_service.service import SearchService, reads_shared

# Dates, amounts, 第X条 and placeholders say nothing about the subject.
_NUMBERS = ("date:", "num:", "no:", "xx:")
# Neither do senders and recipients.
_ADDRESS = ("主送", "落款", "抄送")


@reads_shared
def related(
    service: SearchService, article_id: str, audience: Audience, *, limit: int = 10
) -> tuple[StoredArticle, ...]:
    """The ``limit`` most related articles, best first, without the given one; raises ``NotFound``."""
    reader = service.reader(audience, shared=True)
    article, vectors = Fetch([article_id]), Vectors(article_id)
    answers = reader.read(article, vectors)
    shown = one_of(answers[article], article_id)
    counts = _count_words(service, shown)
    # The most frequent words: rare ones of a long text are mostly names and numbers.
    candidates = [word for word, _ in counts.most_common(relevance.RELATED_CANDIDATES)]
    frequencies = Frequencies(Field.WORDS, candidates)
    nearest = _nearest(shown, answers[vectors])
    answers = reader.read(frequencies, *nearest)
    by_similarity = [
        (hit.id, hit.score) for one in nearest for hit in answers[one] if hit.id != article_id
    ]
    by_keywords = _by_keywords(reader, article_id, counts, answers[frequencies])
    fused = fuse([RankedList(by_keywords), RankedList(by_similarity, relevance.RELATED_SEMANTIC)])
    ids = list(fused)[:limit]
    stored = reader.fetch(ids)
    return tuple(stored[key] for key in ids if key in stored)


def _count_words(service: SearchService, shown: StoredArticle) -> collections.Counter[str]:
    """The words of the article with their weights, without numbers."""
    title = set(service.analyzer.index_words(normalize(shown.view.title)))
    counts = collections.Counter(service.analyzer.index_words(normalize(shown.view.text)))
    for word in title:
        counts[word] += relevance.RELATED_TITLE_COUNT
    for word in [word for word in counts if word.startswith(_NUMBERS)]:
        del counts[word]
    return counts


def _by_keywords(
    reader: Reader, article_id: str, counts: Mapping[str, int], frequencies: TermFrequencies
) -> list[tuple[str, float]]:
    weight = {
        # A word that no other article contains is useless.
        word: counts[word] * idf(count, frequencies.all)
        for word, count in frequencies.of.items()
        if count > 1 and len(word) > 1
    }
    chosen = sorted(weight, key=lambda word: (-weight[word], word))[: relevance.RELATED_WORDS]
    if not chosen:
        return []
    top = weight[chosen[0]]
    rank = [
        WeightedTerm(field, word, round(scale * weight[word] / top, 6))
        for word in chosen
        for field, scale in (
            (Field.TITLE_WORDS, relevance.RELATED_TITLE),
            (Field.WORDS, relevance.WORDS),
        )
    ]
    any_word = AnyOf(tuple(Term(Field.WORDS, word) for word in chosen))
    others = All((any_word, Not(Identifiers((article_id,)))))
    hits = reader.keyword(others, rank, limit=relevance.RELATED_WINDOW)
    return [(hit.id, hit.score) for hit in hits]


def _nearest(shown: StoredArticle, vectors: Mapping[str, Vector]) -> list[NearestArticles]:
    """The request for articles similar to the mean of the passages, if it has a direction."""
    in_address = {passage.id for passage in shown.passages if passage.role in _ADDRESS}
    vectors = {key: vectors[key] for key in vectors if key not in in_address} or vectors
    if not vectors:
        return []
    mean = np.mean(np.stack([vectors[key] for key in sorted(vectors)]), axis=0)
    length = float(np.linalg.norm(mean))
    if not length:
        return []
    direction = (mean / length).astype(np.float32)
    return [NearestArticles(direction, articles=relevance.RELATED_WINDOW + 1)]
