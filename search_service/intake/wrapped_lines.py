"""Join lines that were broken at a width, as mail, old editors and copied PDF break them.

Entry point: :func:`join_wrapped_lines`. Pure. That a text was broken at a width is seen from breaks inside
words, and from no line being long: lists, verse, titles and signatures, whose lines are short of their own
accord, break between words. Whether a text is such a one does not depend on its indentation, so that cleaning
it again changes nothing; where its paragraphs begin does.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from analyzers import document_form
from analyzers.normalize import normalize
from analyzers.segment import Segmenter, open_segmenter
from analyzers.table_rows import EMPTY

_MIN_WIDTH: Final = 16  # columns; nobody breaks lines at less, cells of a table are as narrow
_MAX_WIDTH: Final = 100  # columns, two for a Han character; a longer line was not broken at a width
_SLACK: Final = 4  # columns: punctuation that may not begin a line, or hangs over its end
# Breaks inside a word, and their share of those inside a sentence: a third to a half of those at a width, one
# in twenty of a list. Where they are few, the share must be larger.
_EVIDENCE: Final = ((3, 0.25), (5, 0.2), (8, 0.15))
_MOST: Final = 0.9  # of the broken lines: broken at one width, or continued without an indent
# Of the lines behind the end of a sentence: indented, or below a blank line. Many are within paragraphs.
_HEADS: Final = 0.3
_CONTEXT: Final = 6  # characters on both sides of a break, to see whether it is inside a word
_LOOK_AHEAD: Final = 20  # lines
_INDENT: Final = 2  # columns
_MAX_HEADING: Final = 30  # columns
_MARKER: Final = re.compile(r"[（(]?[0-9一二三四五六七八九十]{1,3}[）)]?[、.．]?")

_ENDS: Final = tuple("。！？!?；;：:…")
_CLOSING: Final = '”’"）)》」』'
# What never begins a line of its own.
_CONTINUES: Final = re.compile(r"[，。、；：！？）》」』”’％%]")
_SENTENCE: Final = re.compile(r"[。！？!?…][”’\"）)》」』]*$")
_CLAUSE: Final = re.compile("[，。、；]")
_PUNCTUATION: Final = re.compile(r"[，。、；：！？,;:!?]")
# What begins a line of its own, beside headings: items of lists, and gaps.
_MARK: Final = re.compile(r"[-*·](?![0-9])|[•●○■□◆➢►▲★※|#>]|——|…|注：|https?:")
_NO_TEXT: Final = re.compile(r"[….]*|[-—–\s第]*[0-9]*[-—–\s页]*")
_BARE_NUMBER: Final = re.compile(r"[0-9]{1,2}\s?[^\W0-9]")
_TITLE_LINES: Final = 8
_TITLE: Final = re.compile(
    r"(?:[^，。、；：！？,;:!?《》]|《[^《》]*》)*(?:通知|意见|决定|办法|规定|批复|公告|通告|方案|报告|请示|函|纪要|细则|条例|规划|计划|总结|讲话|规则|要点)"
    r"(?:（[^（）]*）)?$"
)
_LETTER: Final = re.compile("[a-z]")


@dataclass(frozen=True)
class _Line:
    """A line of the text. ``text``: without blanks at its ends; ``indent``, ``width``: in columns.

    ``alone``: it is never joined; ``begins``: it is never joined to the line above; ``title``: it may be the
    end of the title of the document; ``addressees``: it is, or ends, the line 各乡镇人民政府，县直各部门：.
    """

    text: str
    indent: int
    width: int
    alone: bool
    begins: bool
    title: bool
    addressees: bool

    @property
    def ends(self) -> bool:
        """Whether it ends a sentence, or an item of a list."""
        return _ends(self.text)

    @property
    def is_open(self) -> bool:
        """Whether the next line may continue its sentence."""
        return not (self.alone or self.ends or self.title)


def join_wrapped_lines(text: str) -> str:
    """The text with each paragraph in one line if its lines were broken at a width; else unchanged."""
    written = text.replace("\r\n", "\n")
    raw = written.split("\n")
    if len(raw) <= _EVIDENCE[0][0] or any(map(_is_long, raw)):
        return text
    if not any(not _ends(one.strip()) and _columns(one.rstrip()) >= _MIN_WIDTH for one in raw):
        return text  # no line is broken: most texts are spared what follows
    lines = _lines(written, raw)
    breaks = [n for n in range(1, len(lines)) if lines[n - 1].is_open and not lines[n].begins]
    inside = {n for n in breaks if _is_inside_word(lines[n - 1].text, lines[n].text)}
    if max((lines[n - 1].width for n in inside), default=0) < _MIN_WIDTH:
        return text
    if not any(len(inside) >= max(count, share * len(breaks)) for count, share in _EVIDENCE):
        return text
    joins = _Joins(lines, inside).all
    pieces = [raw[0]]
    for number in range(1, len(raw)):
        above, line = lines[number - 1].text, lines[number].text
        if number in joins:
            pieces[-1] = pieces[-1].rstrip()
            # Lines of words of letters are broken at a blank.
            words = _LETTER.match(above[-1]) and _LETTER.match(line)
            pieces += [" " if words else "", line]
        else:
            pieces += ["\n", raw[number]]
    return "".join(pieces)


class _Joins:
    """Which lines of a broken text continue the line above them; ``all``: their numbers.

    Paragraphs are set off by indents, by blank lines, or by neither; then a line that ends with a sentence is
    taken for the end of a paragraph.
    """

    def __init__(self, lines: Sequence[_Line], inside: set[int]) -> None:
        self.lines = lines
        self.inside = inside
        widths = [lines[n - 1].width for n in inside]
        # Broken at one width, or raggedly; kept lower where lines were counted in characters.
        self.full = max(widths) - _SLACK
        self.full_length = max(len(lines[n - 1].text) for n in inside) - _SLACK // 2
        self.ragged = sum(self._is_full(lines[n - 1]) for n in inside) < _MOST * len(inside)
        flush = sum(lines[n].indent < _INDENT for n in inside)
        heads = [
            n for n, line in enumerate(lines) if line.text and (n == 0 or not lines[n - 1].is_open)
        ]
        indented = sum(lines[n].indent >= _INDENT for n in heads)
        apart = sum(n == 0 or not lines[n - 1].text for n in heads)
        self.indents = indented > max(1, _HEADS * len(heads)) and flush >= _MOST * len(inside)
        self.blanks = apart > max(1, _HEADS * len(heads)) and any(
            not line.text for line in lines[:-1]
        )
        self.all: set[int] = set()
        begun = 0
        for number in range(1, len(lines)):
            if self._continues(number, begun):
                self.all.add(number)
            else:
                begun = number

    def _continues(self, number: int, begun: int) -> bool:
        """Whether a line continues the paragraph that began with the line ``begun``."""
        above, line = self.lines[number - 1], self.lines[number]
        if (
            above.alone
            or line.alone
            or above.addressees
            or (self.indents and line.indent >= _INDENT)
        ):
            return False
        full = self.ragged or self._is_full(above)
        set_off = self.indents or self.blanks
        heading = begun == number - 1 and not set_off and _may_be_heading(above)
        if _CONTINUES.match(line.text):
            return True
        if number in self.inside and not (heading and above.begins and not self._is_full(above)):
            return True
        in_paragraph = self.indents and self.lines[begun].indent >= _INDENT
        broken = in_paragraph and full and above.is_open and not _may_be_heading(above)
        if line.begins and not broken:
            return False
        if line.addressees and (self.ragged or not self._is_full(above)):
            return False
        if above.is_open:
            if in_paragraph or (full and not self.ragged):
                return True
            return self.ragged and not heading and self._reaches_an_end(number)
        if not (above.ends and full):
            return False
        if in_paragraph:
            return not _SENTENCE.search(above.text) or self._reaches_an_end(number)
        return self.blanks and not self.indents and self._reaches_an_end(number)

    def _is_full(self, line: _Line) -> bool:
        return line.width >= self.full or len(line.text) >= self.full_length

    def _reaches_an_end(self, number: int) -> bool:
        """Whether what goes on in a line is a sentence or its end, and no signature or address."""
        for line in self.lines[number : number + _LOOK_AHEAD]:
            if _CLAUSE.search(line.text) or line.ends:
                return True
            number += 1
            if number == len(self.lines) or number in self.inside:
                return True
            if self.lines[number].begins:
                return self.blanks and not self.lines[number].text
        return False


def _may_be_heading(line: _Line) -> bool:
    text = _MARKER.sub("", line.text, count=1)
    return line.width <= _MAX_HEADING and not _PUNCTUATION.search(text)


def _is_long(line: str) -> bool:
    """Whether a line was not broken at a width, of columns or, with blanks at its end, of characters."""
    if 2 * len(line) <= _MAX_WIDTH:
        return False
    return len(line) > _MAX_WIDTH or _columns(line.rstrip()) > _MAX_WIDTH


def _ends(bare: str) -> bool:
    return bare.rstrip(_CLOSING).endswith(_ENDS)


def _columns(text: str) -> int:
    return sum(map(_width, text))


@lru_cache(maxsize=1 << 14)
def _width(character: str) -> int:
    return 2 if unicodedata.east_asian_width(character) in "WFA" else 1


def _lines(text: str, raw: Sequence[str]) -> list[_Line]:
    pieces = {one.start: one for one in document_form.pieces(normalize(text))}
    margin = min((_indent(line) for line in raw if line.strip()), default=0)
    lines: list[_Line] = []
    start = 0
    for line in raw:
        bare = line.strip()
        piece = pieces.get(start + line.find(bare))
        part = "" if piece is None else piece.part
        # The frame, rows of a table, gaps, numbers of pages.
        row = "\t" in bare or f"{EMPTY}\t" in line or f"\t{EMPTY}" in line
        alone = part in ("落款", "抄送") or row or bool(_NO_TEXT.fullmatch(bare))
        heading = piece is not None and piece.rank > 0 and not _BARE_NUMBER.match(bare)
        begins = alone or heading or bool(_MARK.match(bare))
        title = len(lines) < _TITLE_LINES and bool(_TITLE.fullmatch(bare))
        indent, width = _indent(line) - margin, _columns(line.rstrip())
        lines.append(_Line(bare, indent, width, alone, begins, title, part == "主送"))
        start += len(line) + 1
    return lines


def _indent(line: str) -> int:
    return _columns(line[: len(line) - len(line.lstrip())])


@cache
def _segmenter() -> Segmenter:
    return open_segmenter("rjieba")


def _is_inside_word(above: str, line: str) -> bool:
    before, after = above[-_CONTEXT:], line[:_CONTEXT]
    if before[-1].isdecimal() and after[0].isdecimal():
        return True
    if not (before[-1].isalpha() and after[0].isalpha()):
        return False
    # Only words of the dictionary: it guesses others, 会县 in 委员会县财政局.
    segmenter, text = _segmenter(), normalize(before + after)
    across = [word for word, start, end in segmenter.cut(text) if start < len(before) < end]
    return any(map(segmenter.has_word, across))
