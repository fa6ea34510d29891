"""The words and characters that the analysis knows: data files, each with source and licence.

Entry points: :func:`traditional`, :func:`stop_words`. The files are read once per process.
"""

from functools import cache
from importlib.resources import files


def _lines(name: str) -> list[str]:
    text = files(__package__).joinpath(name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


@cache
def traditional() -> dict[str, str]:
    """Traditional character -> simplified character."""
    return dict(line.split("\t") for line in _lines("traditional.tsv"))


@cache
def stop_words() -> frozenset[str]:
    """Words that say nothing of a subject; they neither rank nor must match by themselves."""
    return frozenset(_lines("stop_words.txt"))


@cache
def content() -> bytes:
    """All data files, for the fingerprint of the analysis."""
    names = ("traditional.tsv", "stop_words.txt")
    return b"".join(files(__package__).joinpath(name).read_bytes() for name in names)
