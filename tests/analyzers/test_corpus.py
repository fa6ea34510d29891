"""The analysis of every document of the real corpus, and its speed."""

import os
import random
from pathlib import Path

import pytest

from analyzers.normalize import normalize
from analyzers.outline import MAXIMUM, ROLES
from analyzers.terms import bigrams, phrase
from tools.analysis_report import bodies, measure, sample, speed

pytestmark = pytest.mark.corpus


@pytest.fixture(scope="module")
def texts() -> list[str]:
    """All bodies of the corpus."""
    return list(bodies(Path(os.environ["GONGWEN_TEST_CORPUS"])))


def test_every_character_is_in_a_passage_that_the_model_reads(texts: list[str]) -> None:
    """No character is left out, no passage is over the limits, every role is met."""
    structure = measure(iter(texts))
    assert structure.uncovered == 0
    assert structure.over_tokens == 0
    assert 0 < min(structure.lengths) <= max(structure.lengths) <= MAXIMUM
    assert {*structure.by_role} == {*ROLES}


def test_every_run_of_characters_is_found(texts: list[str]) -> None:
    """A thousand runs of real texts, cut anywhere, are phrases of their text's terms."""
    source = random.Random(5)
    checked = 0
    for text in source.sample(texts, len(texts)):
        normalised = normalize(text)
        start = source.randrange(max(1, len(text)))
        run = normalised[start : start + source.randint(2, 12)]
        if len(run) < 2 or not all("一" <= one <= "鿿" for one in run):
            continue
        terms, stream = phrase(run), bigrams(normalised)
        size = len(terms)
        assert any(
            tuple(stream[at : at + size]) == terms
            for at, term in enumerate(stream)
            if term == terms[0]
        ), run
        checked += 1
        if checked == 1000:
            break
    assert checked == 1000


def test_the_whole_analysis_is_three_times_as_fast_as_plain_jieba(texts: list[str]) -> None:
    """Outline, references, words and bigrams together, on the same texts in the same process."""
    plain, whole = speed(sample(texts, 300_000))
    assert whole >= 3 * plain
