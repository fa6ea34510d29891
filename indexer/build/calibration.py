"""Calibration of the similarity thresholds of an index, by nonsense queries.

Entry points: :func:`calibrate`; :func:`calibrate_similarity` for a single reader. Whatever the model and
the corpus, a hit no better than those of nonsense queries is no evidence. A nonsense query is made of words
drawn from unrelated titles, with a fixed seed: the same articles give the same thresholds. It is embedded as
every query is, with synonyms.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from analyzers.embed import Embedder, embed_meanings
from analyzers.normalize import normalize
from analyzers.terms import Analyzer
from search_service import relevance
from search_service.engines import Reader, Scope, Writer
from search_service.metrics import stage
from search_service.model import Everything, Generation, Sort
from search_service.query.parsing import parse
from search_service.ranking.similarity import cohesion, connected
from search_service.service import SearchService
from search_service.suggestions.vocabulary import Inventory


@dataclass(frozen=True)
class NoiseSimilarities:
    """Cosine similarities of nonsense queries; see :class:`search_service.model.Manifest` for their use."""

    background: float = 0.0
    floor: float = 0.0
    heap_floor: float = 0.0


def calibrate_similarity(
    reader: Reader, titles: Sequence[str], analyzer: Analyzer, embedder: Embedder | None
) -> NoiseSimilarities:
    """Return the similarities that nonsense queries reach; zeros without an embedder or with too few words.

    ``titles`` should be spread over the whole corpus: neighbouring articles share words.
    """
    words = sorted(
        {
            token.term
            for title in titles
            for token in analyzer.query_words(normalize(title))
            if len(token.term) > 1 and ":" not in token.term
        }
    )
    if embedder is None or len(words) < relevance.FLOOR_WORDS:
        return NoiseSimilarities()
    draw = random.Random(0)  # noqa: S311  (a fixed seed, no secret)
    heaps = [
        draw.sample(words, relevance.FLOOR_WORDS)
        for _ in range(min(relevance.FLOOR_PROBES, len(words)))  # few words make few queries
    ]
    parsed = [parse(" ".join(heap), analyzer) for heap in heaps]
    queries = embed_meanings(embedder, [one.semantic_texts for one in parsed])
    words_of = embed_meanings(embedder, [same for one in parsed for same in one.meanings])
    best, apart, first = [], [], 0
    for query, vector in zip(parsed, queries, strict=True):
        hits = reader.nearest_articles(vector, articles=1) if vector.any() else []
        best.append(hits[0].score if hits else 0.0)
        last = first + len(query.meanings)
        apart.append(connected(best[-1], cohesion(words_of[first:last], vector)))
        first = last
    sample = reader.keyword(Everything(), sort=Sort.DATE, limit=relevance.BACKGROUND_ARTICLES)
    stored = [row for hit in sample for row in reader.vectors(hit.id).values()]
    floor = np.quantile(best, relevance.FLOOR_QUANTILE)
    heap_floor = np.quantile(apart, relevance.KEYWORD_LIST_QUANTILE)
    background = min(float((queries @ np.stack(stored).T).mean()), float(floor)) if stored else 0.0
    return NoiseSimilarities(
        round(background, 4), round(float(floor), 4), round(float(heap_floor), 4)
    )


@stage("calibrate")
def calibrate(
    service: SearchService,
    generation: Generation,
    writer: Writer,
    titles: Sequence[str],
    inventory: Inventory,
) -> None:
    """Set the thresholds and the article count of a loaded generation, and store its vocabulary.

    The vocabulary includes hidden articles, because they may be shown again; the thresholds do not, so
    ``titles`` must not contain titles of hidden articles.
    """
    service.store.vocabularies.put(generation.name, inventory)
    scope = Scope(generation.audience, service.store.hidden.ids())
    reader = service.engine.reader(scope, generation=generation.name)
    similarities = calibrate_similarity(reader, titles, service.analyzer, service.embedder)
    writer.set_manifest(
        replace(
            generation.manifest,
            background=similarities.background,
            floor=similarities.floor,
            heap_floor=similarities.heap_floor,
            articles=service.engine.count(generation.name),
        )
    )
