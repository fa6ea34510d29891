"""An article's text as its page shows it. Entry points: :func:`paragraphs`, :func:`passages`,
:func:`contents`, :func:`rules`.

The text is unchanged: paragraphs are its lines, headings are recognised by the outline that also cuts
passages, and a gap of the source is a line of its own.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from analyzers import outline, references, table_rows
from analyzers.normalize import normalize
from search_service.model import StoredArticle

# A line that begins like a heading but is longer, or ends a sentence, is a paragraph with a lead.
_LONGEST_HEADING = 45
_ENDS_A_SENTENCE = tuple("。；;！!？?…")
_LINE = re.compile(r"[^\n]+")
# A heading begins with a symbol, 第, 附 or a number and continues to the first end of a sentence.
_BEGINNING = re.compile(
    rf"[\W0-9_第附零一二三四五六七八九十百千①-⑳][^。;:!?]{{0,{_LONGEST_HEADING - 1}}}"
)
# The outline strips these characters from its titles.
_AROUND_TITLES = "#* \t\r\u3000"
# Lines appended to the text, so that a date before them is not taken for the end of a document.
_NO_SIGNATURE = ("—\n",) * 5
_SECOND_LEVEL = re.compile(r"\(")
_THIRD_LEVEL = re.compile(r"[0-9①-⑳]")
_RULE = re.compile(r"第\s?[零一二三四五六七八九十百千0-9]{1,9}\s?条")
_NOT_OF_A_NUMBER = re.compile(r"[第条\s]")
_CLAUSE_END = re.compile("[，。；：,;:]")
_GAP = "……"
# A value, a sentence, or a text too long for a heading.
_NO_NAME_OF_A_COLUMN = re.compile(r"^[-+]?[0-9][0-9.,%]*$|[。；;！!？?]|…|.{21}", re.DOTALL)
# A table of contents with fewer entries helps nobody; of a long law only the chapters are listed.
_FEWEST_ENTRIES, _MOST_ENTRIES = 3, 300


@dataclass(frozen=True)
class Row:
    """A row of a table. ``anchors``: the ids of passages that begin here, but not with the table."""

    cells: tuple[str, ...]
    anchors: tuple[str, ...] = ()

    @property
    def across(self) -> bool:
        """Whether only the first of several cells says something: a note, or the name of a group of rows."""
        return len(self.cells) > 2 and not any(self.cells[1:])


@dataclass(frozen=True)
class Paragraph:
    """One line of a text, or a part of one between gaps, or a gap, or a table.

    ``lead``: the heading it begins with; ``rest``: what follows; ``level``: 2–4 for a heading, else 0;
    ``anchors``: the ids of the passages that begin here; ``key``: the id of a line with a heading, or empty;
    ``gap``: text is missing here; ``continued``: it goes on after a gap. ``rows``: of a table, all with the
    same number of cells; ``headed``: its first row names the columns.
    """

    lead: str
    rest: str
    level: int
    signature: bool = False
    anchors: tuple[str, ...] = ()
    key: str = ""
    gap: bool = False
    continued: bool = False
    rows: tuple[Row, ...] = ()
    headed: bool = False


@dataclass(frozen=True)
class ShownPassage:
    """The lines of a passage: ``anchors`` are its id, and those of passages that begin within its lines."""

    anchors: tuple[str, ...]
    paragraphs: tuple[Paragraph, ...]


@dataclass(frozen=True)
class Entry:
    """A line of the contents: ``level`` 1 or 2, and the id of the heading."""

    text: str
    key: str
    level: int


def paragraphs(stored: StoredArticle) -> Iterator[Paragraph]:
    """Yield the lines of the article's text in order, without blank lines."""
    view = stored.view
    lines = [line for line in _LINE.finditer(view.text) if not line[0].isspace()]
    tables = [*table_rows.find(view.text), (len(view.text), 0)]
    contents = [line[0].strip() for line in lines]
    starts = [passage.start for passage in stored.passages]
    anchored = table = 0  # passages anchored so far; tables begun so far
    rows: list[Row] = []
    for place, (line, content, lead) in enumerate(
        zip(lines, contents, _leads(contents), strict=True)
    ):
        around = bisect_right(starts, line.start())
        begun = bisect_left(starts, line.end())
        anchors = tuple(passage.id for passage in stored.passages[anchored:begun])
        anchored = begun
        if line.start() >= tables[table][0]:
            rows.append(Row(tuple(table_rows.cells(line[0])), anchors))
            if line.end() >= tables[table][1]:
                above = contents[place - len(rows)] if place >= len(rows) else ""
                yield from _table(rows, gapped=view.gapped, headed=not above.endswith(_GAP))
                rows, table = [], table + 1
            continue
        bare = lead and len(content) <= _LONGEST_HEADING and not content.endswith(_ends(lead))
        lead = lead if bare else _run_in(lead, content[len(lead) :])  # noqa: PLW2901
        whole = Paragraph(
            lead=content if bare else lead,
            rest="" if bare else content[len(lead) :],
            level=_level(lead) if bare else 0,
            signature=around > 0 and stored.passages[around - 1].role == "落款",
            anchors=anchors,
            key=f"h-{place}" if lead else "",
        )
        yield from _with_gaps(whole) if view.gapped and _GAP in whole.rest else (whole,)


def _table(rows: Sequence[Row], *, gapped: bool, headed: bool) -> Iterator[Paragraph]:
    """A table, and a gap if text is missing in it; the anchors of its first row are its own.

    ``headed``: whether its first row may name the columns.
    """
    width = max(len(row.cells) for row in rows)
    full = [replace(row, cells=row.cells + ("",) * (width - len(row.cells))) for row in rows]
    names = full[0].cells
    headed = headed and all(names[1:]) and not any(map(_NO_NAME_OF_A_COLUMN.search, names))
    full[0] = replace(full[0], anchors=())
    yield Paragraph("", "", 0, anchors=rows[0].anchors, rows=tuple(full), headed=headed)
    if gapped and any(_GAP in cell for row in rows for cell in row.cells):
        yield Paragraph("", "", 0, gap=True)


def passages(shown: Iterable[Paragraph]) -> list[ShownPassage]:
    """The paragraphs by the passage in which they begin; of gaps in a row only the first."""
    found: list[tuple[tuple[str, ...], list[Paragraph]]] = []
    before: Paragraph | None = None
    for one in shown:
        if one.anchors or not found:
            found.append((one.anchors, []))
        if not (one.gap and before and before.gap):
            found[-1][1].append(one)
        before = one
    return [ShownPassage(anchors, tuple(lines)) for anchors, lines in found]


def contents(shown: Sequence[Paragraph]) -> list[Entry]:
    """The headings 一、 and （一）, 章 and 条, as a table of contents; empty if there are few."""
    headings = [one for one in shown if one.key and _is_listed(one)]
    has_chapters = any(one.level == 2 and not _RULE.match(one.lead) for one in headings)
    entries = []
    for one in headings:
        is_rule = bool(_RULE.match(one.lead))
        is_inner = _level(one.lead) == 3 or (is_rule and has_chapters)
        about = _CLAUSE_END.split(one.rest.strip(), maxsplit=1)[0][:14] if is_rule else ""
        text = f"{one.lead}　{about}" if about else one.lead
        entries.append(Entry(text, one.key, 2 if is_inner else 1))
    if len(entries) > _MOST_ENTRIES:
        entries = [entry for entry in entries if entry.level == 1]
    return entries if len(entries) >= _FEWEST_ENTRIES else []


def rules(shown: Iterable[Paragraph]) -> dict[int, str]:
    """The numbers of 第X条 in a text, and the ids of their lines."""
    found: dict[int, str] = {}
    for one in shown:
        match = _RULE.match(one.lead) if one.key else None
        if match and (number := rule_number(match[0])):
            found.setdefault(number, one.key)
    return found


def rule_number(typed: str) -> int | None:
    """The number of 第十二条, in digits or numerals, alone or with 第 and 条; None for another text."""
    return references.whole_number(_NOT_OF_A_NUMBER.sub("", normalize(typed)))


def _is_listed(one: Paragraph) -> bool:
    return one.level in {2, 3} or _level(one.lead) == 3 or bool(_RULE.match(one.lead))


def _leads(contents: Sequence[str]) -> list[str]:
    """The heading that each line begins with, or an empty string.

    Passages merge short sections and lose their headings, so the outline runs once more, on the beginnings
    of all lines: each is padded to the length limit of a section, so that each becomes one section.
    """
    matches = [_BEGINNING.match(normalize(content)) for content in contents]
    beginnings = [
        content[: match.end()].rstrip(_AROUND_TITLES) if match else ""
        for content, match in zip(contents, matches, strict=True)
    ]
    different = list(dict.fromkeys(filter(None, beginnings)))
    width = _LONGEST_HEADING + len("\n")
    padded = [f"{beginning:{_LONGEST_HEADING}}\n" for beginning in different]
    sections = outline.split("".join((*padded, *_NO_SIGNATURE)), limit=width)
    paths = {section.start: section.path for section in sections}
    headings = {
        beginning
        for place, beginning in enumerate(different)
        if paths.get(place * width, ())[-1:] == (beginning,)
    }
    return [
        beginning if beginning in headings else _numbered(content)
        for beginning, content in zip(beginnings, contents, strict=True)
    ]


def _numbered(content: str) -> str:
    """第三条 at the beginning of a paragraph whose first sentence is longer than a heading."""
    match = _RULE.match(content)
    return match[0] if match and content[match.end() :][:1].isspace() else ""


def _ends(lead: str) -> tuple[str, ...]:
    """What a line ends with that is no heading: 第三条　应当公开下列信息： announces what follows."""
    return (*_ENDS_A_SENTENCE, "：", ":") if _RULE.match(lead) else _ENDS_A_SENTENCE


def _run_in(lead: str, rest: str) -> str:
    """The heading at the beginning of a paragraph: of a rule its number, of an item of a list nothing."""
    if number := _RULE.match(lead):
        return number[0]
    return "" if rest.startswith(("；", ";")) or len(rest.strip()) <= 1 else lead


def _level(heading: str) -> int:
    normal = normalize(heading)
    if _SECOND_LEVEL.match(normal):
        return 3
    return 4 if _THIRD_LEVEL.match(normal) else 2


def _with_gaps(whole: Paragraph) -> Iterator[Paragraph]:
    """The parts of a paragraph around its gaps, and the gaps between them."""
    first, *others = whole.rest.split(_GAP)
    anchors = whole.anchors
    if whole.lead or first.strip():
        yield replace(whole, rest=first)
        anchors = ()
    for text in others:
        yield Paragraph("", "", 0, anchors=anchors, gap=True)
        anchors = ()
        if text.strip():
            yield Paragraph("", text, 0, whole.signature, continued=True)
