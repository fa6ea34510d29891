"""文号 that exist, for one that does not: the same year and number, and nearly the same organ.

Entry point: :func:`similar_numbers`. Pure.
"""

from collections.abc import Iterator
from itertools import islice

from analyzers import document_numbers
from analyzers.document_numbers import DocumentNumber, folded_organ
from analyzers.lexicon import look_alikes
from analyzers.normalize import normalize
from analyzers.pinyin import readings
from search_service.suggestions.completion import CompletionIndex
from search_service.suggestions.vocabulary import Kind

# Of the numbers with this year and serial number, so many are compared.
_COMPARED = 200
_SHORTEST = 3  # characters of an organ's short name that another one may contain
_INSERTED = 2  # characters that it has more


def similar_numbers(completion: CompletionIndex, number: DocumentNumber) -> list[str]:
    """The 文号 that ``number`` may be a slip for, as articles have them, the likeliest first.

    Year and serial number must be the same; of the organ, characters may be missing, added, in another order,
    or replaced by one that sounds or looks like them.
    """
    found: list[tuple[int, str]] = []
    digits = f"{number.year or ''}{number.serial}号"
    for entry in islice(completion.find(digits, Kind.NUMBER), _COMPARED):
        for other in document_numbers.find(normalize(entry.text)):
            if (other.year, other.serial) == (number.year, number.serial):
                slips = _slips(*map(folded_organ, (number.organ, other.organ)))
                if slips is not None:
                    found.append((slips, entry.text))
    return [text for _, text in sorted(found)]


def _slips(typed: str, organ: str) -> int | None:
    """How many slips make one name of the other; None if it is another one."""
    if sorted(typed) == sorted(organ):
        return 1
    if len(typed) == len(organ):
        pairs = [(one, other) for one, other in zip(typed, organ, strict=True) if one != other]
        return len(pairs) if all(_is_like(*pair) for pair in pairs) else None
    short, long = sorted((typed, organ), key=len)
    added = len(long) - len(short)
    if len(short) >= _SHORTEST and added <= _INSERTED and _contains_in_order(long, short):
        return added
    return None


def _is_like(one: str, other: str) -> bool:
    return bool(readings(one) & readings(other)) or other in look_alikes().get(one, "")


def _contains_in_order(long: str, short: str) -> bool:
    characters: Iterator[str] = iter(long)
    return all(character in characters for character in short)
