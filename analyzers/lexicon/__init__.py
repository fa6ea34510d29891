"""Word and character lists: data files, each with source and licence.

Entry points: the functions, one per file. Each file is read once per process.
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
def traditional_words() -> dict[str, str]:
    """Simplified word but for a character that may be traditional (沿著) -> the simplified word."""
    return dict(line.split("\t") for line in _lines("traditional_words.tsv"))


@cache
def radicals() -> dict[str, str]:
    """Radical of Unicode's block CJK Radicals Supplement -> the ideograph that it resembles."""
    return dict(line.split("\t") for line in _lines("radicals.tsv"))


@cache
def stop_words() -> frozenset[str]:
    """Stop words: they neither rank nor have to match by themselves."""
    return frozenset(_lines("stop_words.txt"))


@cache
def kinds() -> dict[str, str]:
    """Name by which a document calls itself -> its kind (文种)."""
    return dict(line.split("\t") for line in _lines("kinds.tsv"))


@cache
def synonyms() -> dict[str, tuple[str, ...]]:
    """Word or abbreviation -> its synonyms, all in normal form."""
    groups = (normal.split("\t") for normal in _lines("synonyms.tsv"))
    return {
        word: tuple(other for other in group if other != word) for group in groups for word in group
    }


@cache
def everyday() -> dict[str, tuple[str, ...]]:
    """Everyday word -> the official words for the same matter that do not contain it, in normal form."""
    lines = (line.split("\t") for line in _lines("everyday.tsv"))
    pairs = ((word, official) for words, *official in lines for word in words.split(" "))
    return {word: tuple(one for one in official if word not in one) for word, official in pairs}


@cache
def regions() -> list[tuple[str, str, tuple[str, ...]]]:
    """(province, prefecture or empty, counties) of the administrative divisions, in normal form."""
    rows = (line.split("\t") for line in _lines("regions.tsv"))
    return [
        (province, rest[0] if rest else "", tuple(rest[1].split()) if len(rest) > 1 else ())
        for province, *rest in rows
    ]


@cache
def look_alikes() -> dict[str, str]:
    """Character -> characters that are mistaken for it."""
    similar: dict[str, dict[str, None]] = {}
    for group in _lines("look_alikes.txt"):
        for character in group:
            others = dict.fromkeys(group.replace(character, ""))
            similar.setdefault(character, {}).update(others)
    return {character: "".join(others) for character, others in similar.items()}


@cache
def content() -> bytes:
    """The files that affect indexed terms and fields, for the fingerprint; synonyms affect only queries."""
    names = (
        "traditional.tsv",
        "traditional_words.tsv",
        "radicals.tsv",
        "stop_words.txt",
        "kinds.tsv",
        "regions.tsv",
    )
    return b"".join(files(__package__).joinpath(name).read_bytes() for name in names)
