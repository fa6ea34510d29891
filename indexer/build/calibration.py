"""The similarities by which meaning is judged, calibrated per index by questions that mean nothing.

Entry points: :func:`calibrate` and, of a reader, :func:`calibrate_meaning`. Whatever model and corpus,
a hit that is no nearer than what nonsense reaches says nothing. The questions are words of titles that never
belong together, drawn in a fixed order: the same articles give the same figures.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from analyzers.embed import Embedder
from analyzers.normalize import normalize
from analyzers.terms import Analyzer
from indexer.build.vocabulary import collect
from search_service import relevance
from search_service.engines import Reader, Scope, Writer
from search_service.model import Everything, Generation, Sort
from search_service.service import SearchService


@dataclass(frozen=True)
class Similarities:
    """Cosines of nonsense; what they are for stands at :class:`search_service.model.Manifest`."""

    background: float = 0.0
    floor: float = 0.0
    heap_floor: float = 0.0


def calibrate_meaning(
    reader: Reader, titles: Sequence[str], analyzer: Analyzer, embedder: Embedder | None
) -> Similarities:
    """Ask nonsense made of these titles; zeros without vectors.

    ``titles`` should be spread over the whole corpus: those of neighbours share their words.
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
        return Similarities()
    draw = random.Random(0)  # noqa: S311  (a fixed draw, no secret)
    asked = embedder.embed(
        [
            " ".join(draw.sample(words, relevance.FLOOR_WORDS))
            for _ in range(min(relevance.FLOOR_PROBES, len(words)))  # few words make few heaps
        ],
        query=True,
    )
    best = []
    for vector in asked:
        hits = reader.nearest_articles(vector, articles=1) if vector.any() else []
        best.append(hits[0].score if hits else 0.0)
    some = reader.keyword(Everything(), sort=Sort.DATE, limit=relevance.BACKGROUND_ARTICLES)
    held = [row for hit in some for row in reader.vectors(hit.id).values()]
    floor, heap_floor = np.quantile(best, (relevance.FLOOR_QUANTILE, relevance.HEAP_QUANTILE))
    background = min(float((asked @ np.stack(held).T).mean()), float(floor)) if held else 0.0
    return Similarities(round(background, 4), round(float(floor), 4), round(float(heap_floor), 4))


def calibrate(
    service: SearchService, generation: Generation, writer: Writer, titles: Sequence[str]
) -> None:
    """Set the floors and the count of a loaded generation, and what may be suggested of it.

    What is taken down is in the inventory, for it may come back; the floors know nothing of it, so
    ``titles`` may not hold any of it either.
    """
    everything = service.engine.reader(Scope(generation.audience), generation=generation.name)
    service.store.vocabularies.put(generation.name, collect(everything, service.analyzer))
    scope = Scope(generation.audience, service.store.hidden.ids())
    reader = service.engine.reader(scope, generation=generation.name)
    found = calibrate_meaning(reader, titles, service.analyzer, service.embedder)
    writer.set_manifest(
        replace(
            generation.manifest,
            background=found.background,
            floor=found.floor,
            heap_floor=found.heap_floor,
            articles=service.engine.count(generation.name),
        )
    )
