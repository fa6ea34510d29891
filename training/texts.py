"""Texts for training: articles cut into passages and phrases, sampled.

Entry points: :func:`records`, :func:`passages`, :func:`phrases`, :func:`sample`.
"""

import gzip
import json
import random
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

# Characters of a passage; a clause of law has 117 on average.
SHORTEST, LONGEST = 40, 240

PHRASE = range(8, 51)

_CLAUSE = re.compile(r"[。；\n，：]")
_SENTENCE = re.compile(r"[^。；\n]+[。；\n]*")


def records(paths: Sequence[Path]) -> Iterator[dict[str, Any]]:
    """Yield the records of files of JSON lines, plain or .gz."""
    for path in paths:
        opener = gzip.open if path.suffix == ".gz" else open
        with opener(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                if line.strip():
                    yield json.loads(line)


def passages(body: str) -> list[str]:
    """Cut a body into passages at sentence ends; too short ones are left out."""
    found: list[str] = []
    current = ""
    for sentence in _SENTENCE.findall(body):
        if current and len(current) + len(sentence) > LONGEST:
            found.append(current)
            current = ""
        current += sentence
        if len(current) >= SHORTEST and sentence.endswith("\n"):
            found.append(current)
            current = ""
    found.append(current)
    return [text.strip()[:LONGEST] for text in found if len(text.strip()) >= SHORTEST]


def phrases(body: str) -> list[str]:
    """Clauses of a body that are as long as headings and questions."""
    pieces = (piece.strip() for piece in _CLAUSE.split(body))
    return [piece for piece in pieces if len(piece) in PHRASE]


def sample(
    bodies: Sequence[str],
    cut: Callable[[str], list[str]],
    *,
    each: int,
    seed: int = 1,
    without: Collection[str] = (),
) -> list[str]:
    """Return a seeded random sample of distinct pieces, at most `each` per body, except `without`.

    Without that limit a few huge codes and yearbooks would dominate.
    """
    draw = random.Random(seed)
    chosen: set[str] = set()
    for body in bodies:
        pieces = cut(body)
        chosen.update(draw.sample(pieces, min(each, len(pieces))))
    ordered = sorted(chosen.difference(without))
    draw.shuffle(ordered)
    return ordered
