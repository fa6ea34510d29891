"""Normalised text -> the text that is cut into terms: what only looks different becomes the same.

Entry points: :func:`fold` and, for words, :func:`fold_words`. Unlike :func:`analyzers.normalize.normalize`
they change the length; :class:`Folded` finds the way back.

- Invisible characters (zero-width, soft hyphens, variation selectors) are dropped.
- Blanks between single Han characters are dropped: 王　磊, 街 道 办 事 处. Words separated by blanks stay
  apart, because they have two characters or more; so do 王 磊　　　李 娟, by the wider gap.
- The commas of 12,000 are dropped.
- A tab, which separates the cells of a table, becomes a sign, so that nothing joins 5 and 号 in two cells.
- Characters that abbreviate several are written out: Ⅱ is ii, ㎏ is kg, ㎡ and the m2 of 50m2 are 平方米.
- Of a simplified character that is a traditional one, too (著 is 着 in 沿著, but not in 著名), :func:`fold`
  makes always the same, so that a part of a word is found; :func:`fold_words` decides by the word.
"""

import re
import sys
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analyzers import lexicon
from analyzers.normalize import normalize

# 々 and the extension planes count as Han: they occur in names of places and people.
HAN: Final = "々㐀-䶿一-鿿豈-﫿\U00020000-\U0003ffff"
INVISIBLE: Final = (
    "\u00ad\u034f\u061c\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\ufe00-\ufe0f\ufeff\ufff9-\ufffb\U000e0100-\U000e01ef"
)
_UNITS: Final = {"㎡": "平方米", "㎢": "平方公里", "㎥": "立方米"}
# Blocks of characters that abbreviate several: digraphs, letters and numbers, units, ligatures.
_BLOCKS: Final = ((0x132, 0x1F4), (0x2100, 0x2190), (0x3200, 0x3400), (0xFB00, 0xFB07))
# Simplified characters that also are traditional ones of another character.
_AMBIGUOUS: Final = dict(zip("著瞭藉覆沈甦彷俱", "着了借复沉苏仿具", strict=True))


def _written_out() -> dict[str, str]:
    """Character in normal form -> several characters, with a letter or a digit, in normal form."""
    found = dict(_UNITS)
    for first, last in _BLOCKS:
        for character in map(chr, range(first, last)):
            several = normalize(unicodedata.normalize("NFKC", character))
            # ① and ⒈ are headings of an outline, ½ is no 1⁄2; ℃ is a unit of its own.
            numbered = unicodedata.category(character) == "No"
            if len(several) > 1 and several[0].isalnum() and not numbered:
                found.setdefault(normalize(character), several)
    return found


_WRITTEN_OUT: Final = _written_out()
_ODD: Final = re.compile(f"[{INVISIBLE}{''.join(_WRITTEN_OUT)}{''.join(_AMBIGUOUS)}]")
_LONG: Final = (
    200  # characters of a text that is looked up in a table: five times as fast as the expression
)


def _table() -> NDArray[np.bool_]:
    """By code point, whether :data:`_ODD` matches it."""
    table = np.zeros(sys.maxunicode + 1, np.bool_)
    places = [*range(0x10000), *range(0xE0000, 0xE0200)]  # where its characters are
    table[[place for place in places if _ODD.match(chr(place))]] = True
    return table


_IS_ODD: Final = _table()
# A literal first character lets the regex engine skip to it: three times as fast as a look-behind there.
_INSIDE: Final = f"[{HAN}{INVISIBLE}]"
_GAP: Final = re.compile(f" (?<=[{HAN}] )(?<!{_INSIDE}[{HAN}] ) {{0,7}}(?=[{HAN}](?!{_INSIDE}))")
_WIDER: Final = 2  # a gap more than twice as wide as the narrowest one of a row separates
_GROUP: Final = re.compile(r",(?<=[0-9],)(?=(?:[0-9]{3},){0,4}[0-9]{3}(?![0-9]|,[0-9]))")
_HEAD: Final = re.compile(r"(?<![0-9.,])[1-9][0-9]{0,2}(?:,[0-9]{3})*\Z")
_METRES: Final = re.compile(r"m[23²³](?![0-9a-z])")
_TAB: Final = re.compile("\t")
_CELSIUS: Final = re.compile(r"°c(?![a-z])")
_LONGEST: Final = max(map(len, lexicon.traditional_words()))

Edit = tuple[int, int, str]


@dataclass(frozen=True)
class Folded:
    """``text``: the folded text; ``edits``: (start, end, new text) of the normalised one, in order."""

    text: str
    edits: tuple[Edit, ...]

    @cached_property
    def _places(self) -> tuple[list[int], list[int], list[int]]:
        """Of each edit: its start and end in the folded text, and how far the text behind it has moved."""
        starts, ends, moves, moved = [], [], [], 0
        for start, end, new in self.edits:
            starts.append(start - moved)
            ends.append(start - moved + len(new))
            moved += end - start - len(new)
            moves.append(moved)
        return starts, ends, moves

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The part of the normalised text that became ``text[start:end]``."""
        if not self.edits:
            return start, end
        starts, ends, moves = self._places
        first = bisect_right(starts, start) - 1
        last = bisect_left(starts, end) - 1
        if first >= 0:
            inside = start < ends[first]
            start = self.edits[first][0] if inside else start + moves[first]
        if last >= 0:
            inside = end <= ends[last] and starts[last] < ends[last]
            end = self.edits[last][1] if inside else end + moves[last]
        return start, end

    def positions(self, originals: Sequence[int]) -> Sequence[int]:
        """The places in ``text`` of places in the normalised text."""
        if not self.edits:
            return originals
        starts, _, moves = self._places
        begins, ends, _ = zip(*self.edits, strict=True)
        places = np.asarray(originals)
        index = np.searchsorted(begins, places) - 1
        inside = places < np.take(ends, index)
        moved = np.where(inside, np.take(starts, index), places - np.take(moves, index))
        found: list[int] = np.where(index < 0, places, moved).tolist()
        return found


def fold(text: str) -> Folded:
    """Fold a normalised text, for terms of characters: :data:`_AMBIGUOUS` ones always become the same."""
    edits, ambiguous = _edits(text)
    edits += [(place, place + 1, _AMBIGUOUS[text[place]]) for place in ambiguous]
    return _folded(text, edits)


def fold_words(text: str) -> Folded:
    """Fold a normalised text, for words: ambiguous characters become the same where a word says so."""
    edits, ambiguous = _edits(text)
    folded = _folded(text, edits)
    if not ambiguous:
        return folded
    characters = list(folded.text)
    for place in _odd(folded.text):
        characters[place] = _by_word(folded.text, place)
    return Folded("".join(characters), folded.edits)


def _by_word(text: str, place: int) -> str:
    """The ambiguous character ``text[place]`` as the longest word around it says."""
    words = lexicon.traditional_words()
    for length in range(_LONGEST, 1, -1):
        for start in range(place, max(0, place - length + 1) - 1, -1):
            if word := words.get(text[start : start + length]):
                return word[place - start]
    return text[place]


def join_spaced(text: str) -> str:
    """A text, normalised or not, without invisible characters and blanks between single Han characters."""
    text = _apply(text, list(_invisible(text)))
    return _apply(text, list(_gaps(normalize(text))))


def _edits(text: str) -> tuple[list[Edit], list[int]]:
    """The edits of a normalised text, not in order, and where its ambiguous characters stand."""
    edits: list[Edit] = []
    ambiguous = []
    for place in _odd(text):
        character = text[place]
        if character in _AMBIGUOUS:
            ambiguous.append(place)
        else:
            edits.append((place, place + 1, _WRITTEN_OUT.get(character, "")))
    if " " in text:
        edits += _gaps(text)
    if "," in text:
        edits += _thousands(text)
    if "m" in text:
        edits += _metres(text)
    if "\t" in text:
        edits += [(match.start(), match.end(), "|") for match in _TAB.finditer(text)]
    if "°" in text:
        edits += [(match.start(), match.end(), "℃") for match in _CELSIUS.finditer(text)]
    return edits, ambiguous


def _odd(text: str) -> list[int]:
    """Where the characters of :data:`_ODD` stand."""
    if len(text) < _LONG:
        return [match.start() for match in _ODD.finditer(text)]
    code_points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.dtype("<i4"))
    places: list[int] = np.flatnonzero(_IS_ODD.take(code_points, mode="wrap")).tolist()
    return places


def _folded(text: str, edits: list[Edit]) -> Folded:
    if not edits:
        return Folded(text, ())
    edits.sort()
    return Folded(_apply(text, edits), tuple(edits))


def _apply(text: str, edits: list[Edit]) -> str:
    pieces, position = [], 0
    for start, end, new in edits:
        pieces += [text[position:start], new]
        position = end
    return "".join([*pieces, text[position:]])


def _invisible(text: str) -> Iterator[Edit]:
    for place in _odd(text):
        if text[place] not in _AMBIGUOUS and text[place] not in _WRITTEN_OUT:
            yield place, place + 1, ""


def _gaps(text: str) -> Iterator[Edit]:
    row: list[re.Match[str]] = []
    for match in _GAP.finditer(text):
        if row and row[-1].end() + 1 != match.start():
            yield from _narrow(row)
            row = []
        row.append(match)
    yield from _narrow(row)


def _narrow(row: list[re.Match[str]]) -> Iterator[Edit]:
    """The gaps of a row of single characters, but for those that separate names in it."""
    widths = [match.end() - match.start() for match in row]
    widest = _WIDER * min(widths, default=0)
    for match, width in zip(row, widths, strict=True):
        if width <= widest:
            yield match.start(), match.end(), ""


def _thousands(text: str) -> Iterator[Edit]:
    for match in _GROUP.finditer(text):
        place = match.start()
        if _HEAD.search(text, max(0, place - 16), place):
            yield place, place + 1, ""


def _metres(text: str) -> Iterator[Edit]:
    for match in _METRES.finditer(text):
        start, power = match.start(), match[0][1]
        kilo = text[start - 1 : start] == "k"
        start -= kilo
        before = text[start - 1 : start]
        # M2 is a quantity of money, m² is always an area.
        if before.isdecimal() or (power in "²³" and not before.isalpha()):
            unit = ("平方" if power in "2²" else "立方") + ("公里" if kilo else "米")
            yield start, match.end(), unit
