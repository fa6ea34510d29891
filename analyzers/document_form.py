"""The layout of 公文: headings of every rank, and the frame around the body.

Entry points: :func:`pieces`, and of single lines :func:`begins_heading`, :func:`begins_annex`,
:func:`is_addressee`. Headings, by rank: 第X编/部分, 第X分编, 第X章, 第X节, 第X条, 一、, （一）, 1.,
1.1, 1.1.1, （1）, 1), ①, a), in any width. A heading may fill a line, begin a line of text, or be inside a
line that lost its line breaks. 款 are the unnumbered paragraphs of an article, so a 第X款 that begins a line
is a reference to another article. 一是, 一要 and 第一， enumerate within a paragraph and are no headings
either.

The frame: 标题 with its 题注, 主送 (and 称谓), 结尾, 落款, 抄送 and other notes after it. A text may contain
several frames: a 通知 and, after its signature, the document that it issues. Most texts of portals have none.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from analyzers import table_rows

_HAN = "㐀-䶿一-鿿"
_NUMERAL = "[零一二三四五六七八九十百千]"
_ORDINAL = rf"(?:{_NUMERAL}{{1,9}}|[0-9]{{1,4}})\s?"
_MARKERS: Final = (
    (1, rf"第\s?{_ORDINAL}(?:编|部分)"),
    (2, rf"第\s?{_ORDINAL}分编"),
    (3, rf"第\s?{_ORDINAL}章"),
    (4, rf"第\s?{_ORDINAL}节"),
    (5, rf"第\s?{_ORDINAL}条(?:之{_NUMERAL})?"),
    (6, rf"{_NUMERAL}{{1,3}}\s?[、.]"),
    (7, rf"\(\s?{_NUMERAL}{{1,3}}\s?\)、?|[㈠-㈩]"),
    (10, rf"[0-9]{{1,2}}(?:\.[0-9]{{1,2}}){{2,3}}\.?(?=\s?[{_HAN}])"),
    (9, rf"[0-9]{{1,2}}\.[0-9]{{1,2}}\.?(?=\s?[{_HAN}])(?!\s?[万亿元倍个米吨公亩平级分以至])"),
    (8, r"[1-9][0-9]?\s?(?:\.(?![0-9])|\.(?=(?:19|20)[0-9][0-9]年)|、)|[⒈-⒛]"),
    (11, r"\(\s?[0-9]{1,2}\s?\)|[⑴-⒇]"),
    (12, r"[1-9][0-9]?\)"),
    (13, r"[①-⑳]"),
    (14, r"[a-z]\)"),
)
# Headings up to this rank begin a part of their own, and are recognised inside a line after a blank alone.
HIGH: Final = 7
DECIMAL: Final = (9, 10)
_MARKER = "|".join(f"(?P<r{rank}>{pattern})" for rank, pattern in _MARKERS)
# 第三条规定的…, 第二章至第四章: a reference to another part, not a heading.
_NOT_A_REFERENCE = r"(?!\s?(?:规定|所[列称规述]|第|至|、|和|及|或|的|中|内|,|项|款|课))"
_AT_LINE_START = re.compile(rf"[\s#*]*+(?:{_MARKER}){_NOT_A_REFERENCE}")
# Inside a line only after the end of a sentence or a blank; 第X条 there must also be followed by a blank, or
# be the next article.
_INSIDE_LINE = re.compile(
    rf"[。;:!?\s](?<![0-9]:)\s{{0,8}}+(?:(?:{_MARKER}){_NOT_A_REFERENCE}"
    r"(?:(?<![条章节编])(?<!部分)|(?=\s))(?=\s?\S)"
    rf"|(?<=[。\s])第(?P<next>{_NUMERAL}{{1,9}}|[0-9]{{1,4}})条{_NOT_A_REFERENCE})"
)
# 1 总则 on a line of its own; only with the next number, or the first column of a table would match.
_NEXT_CHAPTER = re.compile(rf"[\s#*]*+(?P<number>[0-9]{{1,2}})\s?(?=[{_HAN}][^。;:,\n]{{1,20}}\n)")
# 二、主要任务（一）摸清底数。…: the line break between them was lost.
_LOST_BREAK = re.compile(r"[^。;:!?,、\n]{3,30}?(?=\([一1]\))")

_SUFFIX = "府|室|厅|局|委|会|部|院|办|处|中心|组|署|司|行|社|公司|集团|站|所|校|大学|支部|队|团|庭|联|军区"
_DIGIT = r"[0-9零一二三四五六七八九十x×*]"
_DATE = rf"{_DIGIT}{{2,4}}\s?年\s?{_DIGIT}{{1,2}}\s?月\s?{_DIGIT}{{1,3}}\s?日"
_DATE_LINE = re.compile(rf"\s*\(?{_DATE}\)?\s*")
_ORGAN_LINE = re.compile(
    rf"\s*(?![第附一二三四五六七八九十0-9])[{_HAN}x×*][{_HAN}x×*\s()]{{1,120}}(?:{_SUFFIX})\s*+(?:\(章\)|\(印章\))?\s*+"
    r"|\s*(?:市|省|县|区|州|部|局|厅|院|会|行|署)长\s*\S{1,3}\s?\S{0,2}\s*|\s*(?:主任|主席|总理)\s*\S{1,3}\s?\S{0,2}\s*"
)
_SIGNED_LINE = re.compile(
    rf"\s*(?![第附一二三四五六七八九十0-9])[{_HAN}x×*][{_HAN}x×*\s()]{{1,120}}(?:{_SUFFIX})\s*{_DATE}\s*"
)
# …请认真执行。清源县人民政府2024年3月5日: the end of a text that lost its line breaks.
_SIGNED_END = re.compile(rf"(?<=[。;])\s*[{_HAN}x×*\s()]{{2,100}}{_DATE}\s*\Z")
_NOTE = re.compile(
    r"\s*(?:\(?(?:抄[送报]|分送|主题词|此件|本文有删减|信息公开)|[^\n。]{0,60}日\s?印发\s*\n?\Z|[^\n。]{2,40}日\s?印发\s)"
)
_COPIES = re.compile(r"\s*抄[送报]\s?:")
_ANNEX = re.compile(r"[\s#*]*+附\s?(?:[件表录图]\s?(?:\s|[0-9]|:|[一二三四五六七八九十a-z]|$)|:)")

_MAX_TITLE_LENGTH = 60
_TITLE_LINES = 6
# How titles end.
KINDS: Final = (
    "决议|决定|命令|令|公报|公告|通告|意见|通知|通报|报告|请示|批复|议案|函|纪要|办法|规定|细则|条例|规则|规程|准则|章程"
    "|方案|规划|计划|要点|总结|讲话|发言|汇报|致辞|演讲|倡议书|指南|预案|标准|制度|措施|要求|目录|名单|解释|规范|法|稿"
)
_TITLE = re.compile(rf"\s*[#*]*\s*(?:[^\n]*(?:{KINDS})(?:\([^()\n]*\))?\s*\Z|[^\n]*关于[^\n]*)")
_TITLE_NOTE = re.compile(r"\s*\([^\n]{4,400}\)\s*")
_UNFINISHED = re.compile(r"[。;:!?,、]\s*\Z")
_WHOM = (
    f"{_SUFFIX}|部门|单位|机构|企业|团体|组织|街道|乡镇|[省市县区镇乡村州盟旗]|学校|党委|同志们?|朋友们?|代表们?|委员们?"
    "|领导|老师们?|同学们|来宾|成员|会员|干部|职工|群众|同仁|先生们?|女士们?|家长们?|乡亲们"
)
_ADDRESSEE = re.compile(
    rf"\s*(?=[^。;!?\n]{{0,300}}(?:{_WHOM})(?:\([^()\n]*\))?\s*:\s*\Z)(?![^:\n]*(?:如下|包括|:.))"
)
# On one line with the text: only if it begins like a list of addressees.
_ADDRESSEE_BEFORE = re.compile(
    rf"\s*(?:[{_HAN}]{{1,12}}\[[0-9]{{4}}\][0-9]{{1,5}}号\s?)?(?:各|尊敬的|同志们|全[省市县区]各)[^。;!?:\n]{{0,200}}:(?=\s*\S)"
)
_CLOSING = re.compile(
    r"\s*(?:特此|专此|此致|此复|妥否|当否|以上(?:意见|报告|请示|方案|汇报|情况|发言)"
    r"|请[^。\n]{0,30}(?:执行|落实|批示|审议|审阅|指正|审查)[。!]?\s*\Z"
    r"|同志们|各位(?:代表|领导|委员|同志|同仁|来宾|朋友)|朋友们|让我们|谢谢|最后,"
    r"|本[^,。\n]{2,12}自[^。\n]{2,30}(?:施行|执行|实施|生效)|[^。\n]{0,20}有效期)"
)
_CLOSING_LINES = 3
_ANNEX_LINES = 12
_MAX_FRAME_LINE_LENGTH = 300
_DATE_TAIL = 20  # 日 and blanks: rules out most lines quickly


class Piece(NamedTuple):
    """``text[start:end]``: a line, or the part of a line that begins with a heading.

    ``rank``: that of its heading, 0 without one; ``part``: of the frame (落款 …), empty in the body.
    """

    start: int
    end: int
    rank: int
    part: str = ""


Line = tuple[int, int]


def _lines(text: str) -> Iterator[Line]:
    """Offsets of the lines, each with its line end and the blank lines after it."""
    start = 0
    for match in re.finditer(r"\n\s*", text):
        yield start, match.end()
        start = match.end()
    if start < len(text):
        yield start, len(text)


def _value(numerals: str) -> int:
    """The value of a well-formed numeral of an article or chapter: 十二 -> 12."""
    if numerals.isascii():
        return int(numerals)
    total = digit = 0
    for character in numerals:
        if (unit := {"十": 10, "百": 100, "千": 1000}.get(character)) is not None:
            total += (digit or 1) * unit
            digit = 0
        else:
            digit = "零一二三四五六七八九".index(character)
    return total + digit


class _Frames:
    """The frames of a text.

    ``parts``: the part of the frame, by line number; ``addressed``: the end offset of a 主送 that begins a
    line of text, by line number; ``beginnings``: lines that begin another text after a signature.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.lines = list(_lines(text))
        self.parts: dict[int, str] = {}
        self.addressed: dict[int, int] = {}
        self.beginnings: set[int] = set()
        begin = 0
        for number in range(len(self.lines)):
            first = self._signature(number, begin)
            if first is None:
                if self._matches(_COPIES, number):
                    self.parts[number] = "抄送"
                continue
            self._frame(begin, first)
            self.parts |= dict.fromkeys(range(first, number + 1), "落款")
            begin = number + 1
            while begin < len(self.lines) and self._matches(_NOTE, begin):
                self.parts[begin] = "抄送"
                begin += 1
            self.beginnings.add(begin)
        self._frame(begin, len(self.lines))

    def _matches(self, pattern: re.Pattern[str], number: int) -> bool:
        start, end = self.lines[number]
        return end - start <= _MAX_FRAME_LINE_LENGTH and bool(pattern.match(self.text, start, end))

    def _matches_fully(self, pattern: re.Pattern[str], number: int) -> bool:
        start, end = self.lines[number]
        whole = end - start <= _MAX_FRAME_LINE_LENGTH and pattern.fullmatch(self.text, start, end)
        return bool(whole)

    def _signature(self, number: int, begin: int) -> int | None:
        """The first line of the signature that ends at this line; None if none does."""
        start, end = self.lines[number]
        if end - start > _MAX_FRAME_LINE_LENGTH or number == begin:
            return None
        if self.text.find("日", max(start, end - _DATE_TAIL), end) < 0:
            return None
        if self._matches_fully(_SIGNED_LINE, number):
            return number
        if not self._matches_fully(_DATE_LINE, number):
            return None
        first = number
        while first - 1 > begin and self._matches_fully(_ORGAN_LINE, first - 1):
            first -= 1
        # A date without an organ is a signature only at the end; under a title it belongs to the title.
        rest = range(number + 1, len(self.lines))
        above = self.text[max(0, start - _DATE_TAIL) : start].rstrip()
        at_end = len(rest) <= _CLOSING_LINES and above.endswith("。")
        return first if first < number or at_end else None

    def _frame(self, begin: int, end: int) -> None:
        """Find title, addressee and closing of the text between two signatures."""
        body = begin
        while body < end and body - begin < _TITLE_LINES and self._is_title(body):
            body += 1
        if body < end and any(self._matches(_TITLE, number) for number in range(begin, body)):
            self.parts |= dict.fromkeys(range(begin, body), "标题")
        else:
            body = begin
        if body < end:
            start, stop = self.lines[body]
            if self._matches(_ADDRESSEE, body) and not self._matches(_AT_LINE_START, body):
                self.parts[body] = "主送"
                body += 1
            elif match := _ADDRESSEE_BEFORE.match(self.text, start, stop):
                self.addressed[body] = match.end()
        self._closing(body + 1, end)

    def _is_title(self, number: int) -> bool:
        if self._matches(_AT_LINE_START, number) or self._matches(_ANNEX, number):
            return False
        if self._matches_fully(_TITLE_NOTE, number):
            return True
        start, end = self.lines[number]
        line = self.text[start : min(end, start + 2 * _MAX_TITLE_LENGTH)].strip()
        return len(line) <= _MAX_TITLE_LENGTH and not _UNFINISHED.search(line)

    def _closing(self, begin: int, end: int) -> None:
        """Find the closing (特此通知 …): the last lines before signature and annexes, under no heading."""
        for number in range(end - 1, max(begin, end - _ANNEX_LINES) - 1, -1):
            if self._matches(_ANNEX, number):
                end = number
        first = end
        for number in range(end - 1, max(begin, end - _CLOSING_LINES) - 1, -1):
            if number in self.parts or self._matches(_AT_LINE_START, number):
                break
            start, stop = self.lines[number]
            if _CLOSING.match(self.text, start, stop):
                first = number
        self.parts |= dict.fromkeys(range(first, end), "结尾")


class _HeadingScanner:
    """Finds headings line by line; keeps the number of the last article and chapter."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.article = self.chapter = 0

    def headings(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """(offset, rank) of each heading in a line; first the line's start, with rank 0 if it has none."""
        match = _AT_LINE_START.match(self.text, start, end)
        rank = self._rank(match) if match else 0
        if not rank and (chapter := _NEXT_CHAPTER.match(self.text, start, end)):
            number = int(chapter["number"])
            if number in (1, self.chapter + 1):
                self.chapter, rank = number, 8
        yield start, rank
        if match and rank == 6 and (lost := _LOST_BREAK.match(self.text, match.end(), end)):
            yield lost.end(), 7
        for inside in _INSIDE_LINE.finditer(self.text, start, end):
            offset = inside.start() + 1
            if inside["next"]:
                if _value(inside["next"]) == self.article + 1:
                    self.article += 1
                    yield offset, 5
            elif (rank := self._rank(inside)) <= HIGH or not self.text[offset - 1].isspace():
                yield offset, rank

    def _rank(self, match: re.Match[str]) -> int:
        assert match.lastgroup is not None  # every alternative is a named group  # noqa: S101
        rank = int(match.lastgroup[1:])
        if rank == 5:
            number = re.search(rf"{_NUMERAL}+|[0-9]+", match["r5"])
            self.article = _value(number[0]) if number else 0
        return rank


def pieces(text: str) -> Iterator[Piece]:
    """The pieces of a normalised text, in order; they cover it completely."""
    frames, scanner = _Frames(text), _HeadingScanner(text)
    tables = [*table_rows.find(text), (len(text), len(text))]
    table = 0
    last = len(frames.lines) - 1
    for number, (start, end) in enumerate(frames.lines):
        if number in frames.beginnings:
            scanner = _HeadingScanner(text)
        while tables[table][1] < start:
            table += 1
        if tables[table][0] <= start:  # a row, whose cells may begin like headings
            yield Piece(start, end, 0)
            continue
        if part := frames.parts.get(number, ""):
            yield Piece(start, end, 0, part)
            continue
        begin = frames.addressed.get(number, start)
        if begin > start:
            yield Piece(start, begin, 0, "主送")
        signed = _SIGNED_END.search(text, max(begin, end - 150), end) if number == last else None
        stop = signed.start() if signed else end
        previous, rank = begin, 0
        for offset, next_rank in scanner.headings(begin, stop):
            if offset > previous:
                yield Piece(previous, offset, rank)
            if offset >= previous:
                previous, rank = offset, next_rank
        yield Piece(previous, stop, rank)
        if signed:
            yield Piece(stop, end, 0, "落款")


def begins_annex(text: str, start: int, end: int) -> bool:
    """Whether the line ``text[start:end]`` is the heading of an annex or of the list of annexes."""
    return bool(_ANNEX.match(text, start, end))


def begins_heading(line: str) -> bool:
    """Whether a normalised line begins with the mark of a heading: 一、, 第一条, 1."""
    return bool(_AT_LINE_START.match(line))


def is_addressee(line: str) -> bool:
    """Whether a normalised line is a 主送, or begins with one."""
    return bool(_ADDRESSEE.match(line) or _ADDRESSEE_BEFORE.match(line))
