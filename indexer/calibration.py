"""The floor under the semantic side, calibrated per index by questions that mean nothing.

Entry point: :func:`calibrate_floor`. Whatever the model and the corpus, a hit that is no nearer than what
nonsense reaches says nothing. The questions are words of titles that never belong together, drawn in a
fixed order: the same articles give the same floor.
"""

import random
from collections.abc import Sequence

import numpy as np

from analyzers.embed import Embedder
from analyzers.normalize import normalize
from analyzers.terms import Analyzer
from search_service import relevance
from search_service.engines import Reader


def calibrate_floor(
    reader: Reader, titles: Sequence[str], analyzer: Analyzer, embedder: Embedder | None
) -> float:
    """The cosine under which ``FLOOR_QUANTILE`` of the nonsense questions stay; 0 without vectors.

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
        return 0.0
    draw = random.Random(0)  # noqa: S311  (a fixed draw, no secret)
    questions = [
        " ".join(draw.sample(words, relevance.FLOOR_WORDS)) for _ in range(relevance.FLOOR_PROBES)
    ]
    best = []
    for vector in embedder.embed(questions, query=True):
        hits = reader.nearest_articles(vector, articles=1) if vector.any() else []
        best.append(hits[0].score if hits else 0.0)
    return round(float(np.quantile(best, relevance.FLOOR_QUANTILE)), 4)
