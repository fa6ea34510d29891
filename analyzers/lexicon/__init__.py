"""The words and characters that the analysis knows: data files, each with source and licence.

Entry points: the functions, one for each file. The files are read once per process.
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
def kinds() -> dict[str, str]:
    """What a document calls itself -> the kind (文种) that it counts as."""
    return dict(line.split("\t") for line in _lines("kinds.tsv"))


@cache
def synonyms() -> dict[str, tuple[str, ...]]:
    """Each word or abbreviation -> what says the same, in normal form."""
    groups = (normal.split("\t") for normal in _lines("synonyms.tsv"))
    return {
        word: tuple(other for other in group if other != word) for group in groups for word in group
    }


@cache
def look_alikes() -> dict[str, str]:
    """Character -> the characters that are taken for it."""
    found: dict[str, dict[str, None]] = {}
    for group in _lines("look_alikes.txt"):
        for character in group:
            others = dict.fromkeys(group.replace(character, ""))
            found.setdefault(character, {}).update(others)
    return {character: "".join(others) for character, others in found.items()}


@cache
def content() -> bytes:
    """All that decides terms and fields of a text, for the fingerprint; synonyms are for questions."""
    names = ("traditional.tsv", "stop_words.txt", "kinds.tsv")
    return b"".join(files(__package__).joinpath(name).read_bytes() for name in names)
