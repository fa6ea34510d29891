"""Report on the analysis of a corpus: coverage, passages, roles, headings and speed.

    python -m tools.analysis_report articles.jsonl.gz

Speed is measured against plain ``jieba.cut_for_search`` on the same texts in the same process; the
analysis is everything done to a text: normalisation, outline, references, words and bigrams.
"""

import argparse
import gzip
import json
import random
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tokenizers import Tokenizer

from analyzers import outline
from analyzers.embed import BUILTIN
from analyzers.normalize import normalize
from analyzers.segment import open_segmenter
from analyzers.terms import Analyzer, bigrams

# The limit of small models, one of which may replace the built-in one.
MODEL_TOKENS = 512
_SPEED_CHARACTERS = 300_000
_SPEED_RUNS = 5


def bodies(corpus: Path) -> Iterator[str]:
    """Yield the bodies of a corpus of articles in JSON Lines, plain or .gz."""
    opener = gzip.open if corpus.suffix == ".gz" else open
    with opener(corpus, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line).get("body") or ""


@dataclass
class Structure:
    """Counts over the passages of a corpus."""

    documents: int = 0
    characters: int = 0
    uncovered: int = 0
    over_tokens: int = 0
    most_tokens: int = 0
    lengths: list[int] = field(default_factory=list)
    by_role: dict[str, list[int]] = field(default_factory=dict)
    documents_by_role: Counter[str] = field(default_factory=Counter)
    with_path: int = 0

    def add(self, text: str, tokenizer: Tokenizer) -> None:
        """Count the passages of one text."""
        sections = outline.split(text)
        self.documents += 1
        self.characters += len(text)
        position = 0
        for section in sections:
            self.uncovered += abs(section.start - position)
            position = section.end
            length = section.end - section.start
            self.lengths.append(length)
            self.by_role.setdefault(section.role, []).append(length)
            self.with_path += bool(section.path)
        self.uncovered += len(text) - position
        self.documents_by_role.update({section.role for section in sections})
        passages = [normalize(text[section.start : section.end]) for section in sections]
        for encoding in tokenizer.encode_batch_fast(passages, add_special_tokens=True):
            self.most_tokens = max(self.most_tokens, len(encoding.ids))
            self.over_tokens += len(encoding.ids) > MODEL_TOKENS


def measure(texts: Iterator[str]) -> Structure:
    """The structure of all texts."""
    tokenizer = Tokenizer.from_file(str(BUILTIN / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    structure = Structure()
    for text in texts:
        structure.add(text, tokenizer)
    return structure


def analyse(text: str, analyzer: Analyzer) -> int:
    """The whole analysis of a text, as the indexer does it."""
    normalised = normalize(text)
    terms = len(bigrams(normalised))
    for section in outline.split(text):
        terms += len(analyzer.index_words(normalised[section.start : section.end]))
    return terms


def speed(texts: Sequence[str], *, runs: int = _SPEED_RUNS) -> tuple[float, float]:
    """Characters per second of plain jieba and of the whole analysis: medians of alternating runs."""
    plain, analyzer = open_segmenter("jieba"), Analyzer()
    characters = sum(map(len, texts))

    def rate(work: Callable[[str], object]) -> float:
        start = time.process_time()
        for text in texts:
            work(text)
        return characters / (time.process_time() - start)

    analyse(texts[0], analyzer)
    plain.cut_for_search(texts[0])  # loads its dictionary
    pairs = [
        (rate(plain.cut_for_search), rate(lambda text: analyse(text, analyzer)))
        for _ in range(runs)
    ]
    return statistics.median(one for one, _ in pairs), statistics.median(two for _, two in pairs)


def sample(texts: Sequence[str], characters: int) -> list[str]:
    """Random texts, the same each time, with this number of characters in total."""
    drawn: list[str] = []
    for text in random.Random(5).sample(texts, len(texts)):  # noqa: S311
        if text and sum(map(len, drawn)) < characters:
            drawn.append(text)
    return drawn


def _line(name: str, lengths: Sequence[int], documents: int) -> str:
    cuts = statistics.quantiles(lengths, n=20) if len(lengths) > 1 else [lengths[0]] * 19
    under = sum(length < outline.MINIMUM for length in lengths) / len(lengths)
    numbers = [min(lengths), *(round(cuts[at]) for at in (4, 9, 14, 18)), max(lengths)]
    return (
        f"| {name} | {documents} | {len(lengths)} | "
        + " | ".join(map(str, numbers))
        + f" | {under:.1%} |"
    )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("corpus", type=Path)
    arguments = parser.parse_args()
    texts = list(bodies(arguments.corpus))
    structure = measure(iter(texts))
    covered = 1 - structure.uncovered / max(1, structure.characters)
    print(f"documents: {structure.documents}; characters: {structure.characters}")
    print(f"characters in passages: {covered:.4%}")
    print(f"passages with a heading path: {structure.with_path / len(structure.lengths):.1%}")
    print(f"most tokens of a passage: {structure.most_tokens}; over 512: {structure.over_tokens}")
    print()
    print("| role | documents | passages | min | p25 | median | p75 | p95 | max | under 80 |")
    print("| --- " * 10 + "|")
    print(_line("all", structure.lengths, structure.documents))
    for role in outline.ROLES:
        if role in structure.by_role:
            print(_line(role, structure.by_role[role], structure.documents_by_role[role]))
    print()
    plain, whole = speed(sample(texts, _SPEED_CHARACTERS))
    print("| | characters per second |")
    print("| --- | --- |")
    print(f"| only jieba.cut_for_search | {plain:,.0f} |")
    print(f"| the whole analysis | {whole:,.0f} ({whole / plain:.1f} ×) |")


if __name__ == "__main__":
    main()
