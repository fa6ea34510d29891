"""The 标题 of a 公文 among its first lines. Entry points: :func:`find_title`; of single lines
:func:`may_be_title`, :func:`ends_like_title`.

Above the title stands the 版头: 份号, 密级, 紧急程度, 发文机关标志 (青禾县人民政府文件), 发文字号, 签发人. A
title may take several lines, the office alone in the first. 附件1 and 目录 are no titles. Pure.
"""

import re
from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from analyzers.document_form import KINDS, begins_annex, begins_heading, is_addressee
from analyzers.normalize import normalize

_MAX_LINES: Final = 60  # non-blank lines above the title; a table of contents has as many
_ALL_LINES: Final = 200  # lines that are looked at, blank ones and those of the title included
_MAX_TITLE_LINES: Final = 8
_MAX_LINE: Final = 100  # characters; the longest of 43,439 real titles has 103
_MAX_LONG_LINE: Final = 300  # of a line that ends like a title
_HAN: Final = "㐀-䶿一-鿿"

# Everything here is searched in normalised text.
_MARKS: Final = (
    r"(?:no\.?|份号:?)?\s?[0-9]{5,7}"
    r"|(?:绝密|机密|秘密|内部)(?:\s?[★☆*].{0,12})?|\(?(?:内部资料|内部文件)[^\n]{0,12}"
    r"|特提|特急|加急|平急|急件|紧急"
)
_NUMBER: Final = (
    rf"[{_HAN}a-z]{{1,30}}\s?[\[(]\s?(?:19|20)[0-9]{{2}}年?\s?[\])]\s?第?\s?[0-9]{{1,5}}\s?号"
)
_LETTERHEAD: Final = re.compile(
    rf"(?:(?:{_MARKS}|密级[:\s][^\n]{{0,12}}|{_NUMBER}|第\s?[0-9]{{1,5}}\s?[号期]"
    rf"|\(\s?第?\s?[0-9]{{1,5}}\s?[号期]?\s?\)|签\s?发\s?人\s?:[{_HAN}\s]{{0,20}})\s*+)++"
    rf"|(?![^\n]*关于)[{_HAN}、()\s]{{2,60}}文\s?件"
    rf"|[^\n]{{0,20}}(?:编印?|主办|印发?)\s+[^\n]{{0,20}}日|[-=_*—★\s]+"
)
_NUMBER_LINE: Final = re.compile(rf"{_NUMBER}(?:\s|$)|第\s?[0-9]{{1,5}}\s?期")
_NAMES_ITSELF: Final = re.compile(r"(?:标\s?题|题\s?目|文件名称)\s?:\s*(?=\S)")
_LABEL: Final = re.compile(
    r"(?:索\s?引\s?号|主题分类|信息分类|分\s?类|发文机关|发布机构|制定机关|公文种类|成文日期|发文日期|发布日期|发布时间|日\s?期|来\s?源"
    r"|信息来源|文\s?号|发文字号|作\s?者|有效性|效力状态|主题词|公开方式|生效日期|废止日期|编\s?号|密\s?级|责任编辑)\s?:"
)
_ANNEX_MARK: Final = re.compile(r"附\s?[件表录]\s?[0-9一二三四五六七八九十]{0,3}\s?[:.、\s]?\s*")
_CONTENTS: Final = re.compile(r"目\s*[录次]")
_CONTENTS_LINE: Final = re.compile(r"[^\n]*(?:\t|\s{2}|[.·…]{2,})\s*[0-9]{1,4}")
_DATE: Final = re.compile(
    r"\(?[0-9零一二三四五六七八九]{4}\s?[年.\-/]\s?[0-9十一二三四五六七八九]{1,3}"
    r"\s?(?:月|[月.\-/]\s?[0-9十一二三四五六七八九]{1,3}\s?日?)?\)?|\([^()\n]*\)|[0-9:.\-/\s]+"
)
_UNFINISHED: Final = re.compile(r"[。;:!?,、]$")
_SENTENCE: Final = re.compile(r"[。;!?]")
_KIND: Final = rf"(?:{KINDS})(?:\([^()]*\))?"
_ENDS_WITH_KIND: Final = re.compile(rf"{_KIND}$")
_COMPLETE: Final = re.compile(rf"(?:^(?!.*关于).*|的[^的]{{0,8}}){_KIND}$")
_CONTINUES: Final = re.compile(rf"[的和与及暨》」)、]|[^\n]{{0,8}}的[^的]{{0,6}}{_KIND}$")
# （征求意见稿）, （2021—2025年）: a line of its own that belongs to the title.
_VERSION: Final = re.compile(
    r"\((?:试行|暂行|(?:第.次)?修[订正改][^()]{0,6}|草案[^()]{0,8}|征求意见稿|送审稿|审议稿|讨论稿|初稿|代拟稿|(?:19|20)[0-9]{2}年?"
    r"(?:版|修[订正](?:版)?|-+\s?(?:19|20)[0-9]{2}年?)?)\)"
)
_OFFICE: Final = re.compile(
    rf"[{_HAN}()\s]{{2,60}}(?:府|室|厅|局|委|会|部|院|办|处|中心|组|署|司|行|社|公司|集团|所|校|大学|联)"
)
_PERSON: Final = re.compile(
    rf"(?:[{_HAN}]{{0,12}}(?:长|记|席|任|理|员)\s*)?[{_HAN}·]\s?[{_HAN}·]{{1,3}}"
)
_SPACED: Final = re.compile(rf"[{_HAN}](?:\s+[{_HAN}])+")


class Title(NamedTuple):
    """A title, and the lines ``first`` to ``end`` (exclusive) that consist of it."""

    text: str
    first: int
    end: int


def find_title(lines: Sequence[str], *, centred: Collection[int] = ()) -> Title | None:
    """The title among the lines of a text; None if it has none, because it begins with a sentence.

    ``centred``: the numbers of lines that are; a title without a 文种 continues in those below its first.
    """
    normal = [normalize(line[: _MAX_LONG_LINE + 1]).strip() for line in lines[:_ALL_LINES]]
    first, contents = 0, False
    seen = 0
    while first < len(normal) and seen < _MAX_LINES:
        line = normal[first]
        seen += bool(line)
        if name := _NAMES_ITSELF.match(line):
            return Title(lines[first].strip()[name.end() :].strip(), first, first + 1)
        if line and not _is_above(line, normal[first + 1 :], contents=contents):
            break
        contents = contents or bool(_CONTENTS.fullmatch(line))
        first += 1
    if first >= len(normal) or not normal[first]:
        return None
    block = _block(normal, first)
    end = _end(normal, block, set(centred))
    if end is None:
        return None
    mark = (
        _ANNEX_MARK.match(normal[first])
        if begins_annex(normal[first], 0, len(normal[first]))
        else None
    )
    text = joined(lines[first:end])
    return Title(text[mark.end() :] if mark else text, first, end)


def may_be_title(line: str) -> bool:
    """Whether a line may be a title: no 版头, label, heading, 附件1, 目录, addressee or sentence."""
    normal = normalize(line).strip()
    return (
        bool(normal)
        and not _is_above(normal, (), contents=False)
        and _is_like_line(normal, alone=False)
    )


def ends_like_title(line: str) -> bool:
    """Whether a line ends as titles do: with a 文种, …的通知."""
    return bool(_ENDS_WITH_KIND.search(normalize(line).strip()))


def joined(lines: Sequence[str]) -> str:
    """The lines of a title in one; letters of two lines are set apart, Han characters are not."""
    text = ""
    for line in filter(None, (" ".join(line.split()) for line in lines)):
        bare = line.replace(" ", "") if _SPACED.fullmatch(line) else line
        apart = text and text[-1].isascii() and bare[0].isascii()
        text += f" {bare}" if apart else bare
    return text


def _is_above(line: str, below: Sequence[str], *, contents: bool) -> bool:
    """Whether a line stands above the title; ``contents``: below the heading 目录."""
    if len(line) > _MAX_LINE:
        return False
    if _LETTERHEAD.fullmatch(line) or _LABEL.match(line) or _CONTENTS.fullmatch(line):
        return True
    if contents and (_CONTENTS_LINE.fullmatch(line) or begins_heading(line)):
        return True
    if (mark := _ANNEX_MARK.match(line)) and mark.end() == len(line):
        return True
    if not _OFFICE.fullmatch(line) and not line.endswith(("简报", "信息", "专报", "动态", "快报")):
        return False
    following = next(filter(None, below), "")
    return bool(_NUMBER_LINE.match(following))


def _block(normal: Sequence[str], first: int) -> list[int]:
    """The numbers of the lines that may be the title; only an office may have a blank line below it."""
    block: list[int] = []
    for number in range(first, len(normal)):
        line = normal[number]
        if not line:
            if all(map(_OFFICE.fullmatch, (normal[one] for one in block))):
                continue
            break
        if len(block) == _MAX_TITLE_LINES or not _is_like_line(line, alone=not block):
            break
        block.append(number)
    return block


def _is_like_line(line: str, *, alone: bool) -> bool:
    long = len(line) > _MAX_LINE
    if _UNFINISHED.search(line) or "\t" in line or begins_heading(line) or is_addressee(line):
        return False
    if long and not (
        len(line) <= _MAX_LONG_LINE and _ENDS_WITH_KIND.search(line) and not _SENTENCE.search(line)
    ):
        return False
    if _DATE.fullmatch(line) or _NUMBER_LINE.match(line) or _LABEL.match(line):
        return False
    return alone or not begins_annex(line, 0, len(line))


def _end(normal: Sequence[str], block: Sequence[int], centred: set[int]) -> int | None:
    """The number of the line after the title."""
    if not block:
        return None
    text, last = "", None
    for number, following in pairwise([*block, None]):
        text += normal[number or 0]
        if not _ENDS_WITH_KIND.search(text):
            continue
        last = number
        if following is None or (
            _COMPLETE.search(text) and not _CONTINUES.match(normal[following])
        ):
            break
        if "关于" in text and not _CONTINUES.search(normal[following]):
            break
    if last is None:
        last = block[0]
        for number in block[1:]:
            text = "".join(normal[block[0] : number])
            together = {last, number} <= centred and not _PERSON.fullmatch(normal[number])
            if number != last + 1 or not (together or text.count("《") > text.count("》")):
                break
            last = number
    end = last + 1
    while end < len(normal) and _VERSION.fullmatch(normal[end]):
        end += 1
    return end
