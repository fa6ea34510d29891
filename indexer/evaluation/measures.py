"""Measures of a run, confidence intervals, significance tests.

Entry points: :func:`measure`, :func:`estimate`, :func:`compare`. The measures are trec_eval's
(pytrec-eval-terrier), intervals and tests scipy's, both in the extra ``eval``: no statistics of our own.
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
# Resamples of the bootstrap and of the permutation test: p-values down to 0.0002. In batches, so that
# 10,000 queries need at most 80 MB; a fixed seed, so that a second run gives the same figures.
RESAMPLES: Final = 9_999
_RESAMPLING: Final[Mapping[str, Any]] = {"n_resamples": RESAMPLES, "batch": 500, "rng": 20_240_501}

Run = Mapping[str, Sequence[str]]  # query id -> document ids, best first


@dataclass(frozen=True)
class Scores:
    """The scores of one run: for each measure its mean, and its value for each query."""

    means: Mapping[str, float]
    values: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Estimate:
    """A mean with its 95 % confidence interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Difference:
    """The difference of the means of two systems, and its p-value."""

    difference: float
    p: float


def require(*names: str) -> None:
    """Raise ``ConfigurationError`` with the remedy if a package of the extra ``eval`` is missing."""
    missing = [name for name in names if importlib.util.find_spec(name) is None]
    if missing:
        packages = ", ".join(missing)
        remedy = "pip install 'gongwen-search[eval]'"
        raise ConfigurationError(
            say(
                f"这里需要 {packages}，尚未安装：{remedy}（源码目录中：python3 tools/bootstrap.py eval）",
                f"this needs {packages}, not installed: {remedy}"
                " (in a checkout: python3 tools/bootstrap.py eval)",
            )
        )


def measure(
    run: Run, grades: Mapping[str, Mapping[str, int]], names: Sequence[str] = MEASURES
) -> Scores:
    """Score a run over its queries; a query without documents scores 0."""
    import pytrec_eval

    judged = {query: dict(grades[query]) for query in run}
    scored = {
        query: {document: float(-place) for place, document in enumerate(documents)}
        for query, documents in run.items()
    }
    measures = {name: _trec_name(name) for name in names}
    scores = pytrec_eval.RelevanceEvaluator(judged, set(measures.values())).evaluate(scored)
    values = {
        name: {query: _cut(name, scores[query][measures[name]]) for query in run} for name in names
    }
    return Scores({name: fmean(values[name].values()) for name in names}, values)


def _trec_name(name: str) -> str:
    """The name of trec_eval for a measure such as nDCG@10. Its reciprocal rank has no cutoff."""
    kind, _, cutoff = name.partition("@")
    return _TREC[kind].format(cutoff)


def _cut(name: str, value: float) -> float:
    """The value of a measure; MRR@10 is 0 if the first relevant document comes after rank 10."""
    kind, _, cutoff = name.partition("@")
    return 0.0 if kind == "MRR" and value < 1 / int(cutoff) else value


def estimate(measured: Scores, name: str) -> Estimate:
    """A mean with its interval by the percentile bootstrap, which copes with values of only 0 and 1."""
    import numpy as np
    from scipy import stats

    values = np.array(list(measured.values[name].values()))
    interval = stats.bootstrap(
        (values,), np.mean, confidence_level=CONFIDENCE, method="percentile", **_RESAMPLING
    ).confidence_interval
    return Estimate(measured.means[name], float(interval.low), float(interval.high))


def compare(measured: Scores, other: Scores, name: str) -> Difference:
    """The difference of two systems over the same queries, by the paired permutation test.

    Not the t-test: values per query are mostly 0 or 1, far from normal (Smucker, Allan, Carterette:
    A comparison of statistical significance tests for information retrieval evaluation, 2007).
    """
    import numpy as np
    from scipy import stats

    test = stats.permutation_test(
        ([value - other.values[name][key] for key, value in measured.values[name].items()],),
        np.mean,
        permutation_type="samples",  # one sample of differences: their signs
        vectorized=True,
        **_RESAMPLING,
    )
    return Difference(float(test.statistic), float(test.pvalue))
