"""What a run is worth: measures, intervals, tests. Entry points: :func:`measure`, :func:`estimate`,
:func:`compare`.

The measures are trec_eval's (pytrec-eval-terrier), intervals and tests scipy's, both of the extra
``eval``: no statistics of our own. Asks nothing and knows no service.
"""

import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, Final

from analyzers.messages import say
from search_service.errors import ConfigurationError

MEASURES: Final = ("nDCG@10", "Recall@100", "MRR@10")
_TREC: Final = {"nDCG": "ndcg_cut_{}", "Recall": "recall_{}", "MRR": "recip_rank"}
CONFIDENCE: Final = 0.95
# Draws of the bootstrap and of the permutation test: p-values down to 0.0002. In batches, so that
# 10,000 questions need no more than 80 MB; always the same draws, so that a second run says the same.
RESAMPLES: Final = 9_999
_DRAWS: Final[Mapping[str, Any]] = {"n_resamples": RESAMPLES, "batch": 500, "rng": 20_240_501}

Run = Mapping[str, Sequence[str]]  # question -> documents, best first


@dataclass(frozen=True)
class Scores:
    """What one run is worth: the mean of each measure, and its value for each question."""

    means: Mapping[str, float]
    values: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Estimate:
    """A mean and the interval in which the mean over such questions lies, 19 times of 20."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Difference:
    """One system's mean less another's, and how often chance alone makes one as large."""

    difference: float
    p: float


def require(*names: str) -> None:
    """Raise ``ConfigurationError`` with the cure where a package of the extra ``eval`` is missing."""
    missing = [name for name in names if importlib.util.find_spec(name) is None]
    if missing:
        what = ", ".join(missing)
        cure = "pip install 'gongwen-search[eval]'"
        raise ConfigurationError(
            say(
                f"评测需要 {what}，尚未安装：{cure}（源码目录中：python3 tools/bootstrap.py eval）",
                f"evaluation needs {what}, not installed: {cure}"
                " (in a checkout: python3 tools/bootstrap.py eval)",
            )
        )


def measure(
    run: Run, grades: Mapping[str, Mapping[str, int]], names: Sequence[str] = MEASURES
) -> Scores:
    """The measures of a run over the questions that it answers; one without an answer counts 0."""
    import pytrec_eval

    judged = {query: dict(grades[query]) for query in run}
    scored = {
        query: {document: float(-place) for place, document in enumerate(documents)}
        for query, documents in run.items()
    }
    measures = {name: _trec_name(name) for name in names}
    found = pytrec_eval.RelevanceEvaluator(judged, set(measures.values())).evaluate(scored)
    values = {
        name: {query: _cut(name, found[query][measures[name]]) for query in run} for name in names
    }
    return Scores({name: fmean(values[name].values()) for name in names}, values)


def _trec_name(name: str) -> str:
    """What trec_eval calls a measure such as nDCG@10. Its reciprocal rank knows no cutoff."""
    kind, _, cutoff = name.partition("@")
    return _TREC[kind].format(cutoff)


def _cut(name: str, value: float) -> float:
    """The value of a measure; of MRR@10, 0 where the first relevant document comes after ten."""
    kind, _, cutoff = name.partition("@")
    return 0.0 if kind == "MRR" and value < 1 / int(cutoff) else value


def estimate(measured: Scores, name: str) -> Estimate:
    """A mean with its interval: the percentile bootstrap, which bears measures of 0 and 1 alone."""
    import numpy as np
    from scipy import stats

    values = np.array(list(measured.values[name].values()))
    interval = stats.bootstrap(
        (values,), np.mean, confidence_level=CONFIDENCE, method="percentile", **_DRAWS
    ).confidence_interval
    return Estimate(measured.means[name], float(interval.low), float(interval.high))


def compare(measured: Scores, other: Scores, name: str) -> Difference:
    """The difference of two systems over the same questions, by the paired permutation test.

    Not the t-test: values per question are mostly 0 or 1, far from normal (Smucker, Allan, Carterette:
    A comparison of statistical significance tests for information retrieval evaluation, 2007).
    """
    import numpy as np
    from scipy import stats

    test = stats.permutation_test(
        ([value - other.values[name][key] for key, value in measured.values[name].items()],),
        np.mean,
        permutation_type="samples",  # of one sample: its signs
        vectorized=True,
        **_DRAWS,
    )
    return Difference(float(test.statistic), float(test.pvalue))
