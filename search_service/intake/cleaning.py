"""Cleaning rules for texts as portals publish them. Entry points: :func:`clean`,
:func:`clean_head`, :class:`Cleaning`.

Text in, text out. Every rule is applied to bodies and previews alike, so that a preview still consists of
verbatim parts of its body.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from html import unescape
from html.entities import html5
from typing import Final

from analyzers.folding import HAN
from analyzers.messages import say
from analyzers.table_rows import EMPTY
from search_service.errors import ConfigurationError
from search_service.intake.markup import without_markup
from search_service.intake.table_text import markdown_tables
from search_service.intake.wrapped_lines import join_wrapped_lines


class Rule(StrEnum):
    """The rules, by their names in settings and reports."""

    MARKDOWN_TABLES = "markdown-tables"
    PAGE_MARKS = "page-marks"
    MARKUP = "markup"
    ENTITIES = "entities"
    WRAPPED_LINES = "wrapped-lines"
    INDENTATION = "indentation"
    LOGIN_NOTICE = "login-notice"
    REPEATED_TITLE = "repeated-title"


@dataclass(frozen=True)
class Cleaning:
    """Which rules are on; all of them by default."""

    rules: frozenset[Rule] = frozenset(Rule)

    @classmethod
    def parse(cls, names: str) -> "Cleaning":
        """Parse ``all``, ``none`` or the comma-separated names of the rules to apply.

        Raises :class:`ConfigurationError` that lists the unknown rules and the valid ones.
        """
        if names.strip() in ("all", "none"):
            return cls(frozenset(Rule if names.strip() == "all" else ()))
        chosen = {name for part in names.split(",") if (name := part.strip().lower())}
        if unknown := sorted(chosen - set(Rule)):
            bad, valid = ", ".join(unknown), ", ".join(Rule)
            raise ConfigurationError(
                say(
                    f"没有名为 {bad} 的清洗规则；可用：all、none，或 {valid}",
                    f"unknown cleaning rule {bad}; available: all, none, or {valid}",
                )
            )
        return cls(frozenset(map(Rule, chosen)))


ALL_RULES: Final = Cleaning()
# A contrived text of n characters needs n/2 rounds: <b<b<b>>>. Texts of portals need three at most.
_MAX_ROUNDS: Final = 16


@dataclass(frozen=True)
class Cleaned:
    """A cleaned text, and the rules that changed it."""

    text: str
    fired: frozenset[Rule]


def clean(text: str, *, cleaning: Cleaning = ALL_RULES, title: str = "") -> Cleaned:
    """Clean a body or preview; the repeated-title rule looks for ``title`` at its start.

    Applies the rules until nothing changes, because one may produce input for another (``&lt;br&gt;``).
    So it is idempotent, except for a text that is escaped more than 16 times. Never raises, and never makes
    a text longer.
    """

    def without_title(dirty: str) -> str:
        return _without_title(dirty, title)

    rules: dict[Rule, Callable[[str], str]] = {
        Rule.MARKDOWN_TABLES: markdown_tables,
        Rule.PAGE_MARKS: _without_page_marks,
        Rule.MARKUP: without_markup,
        Rule.ENTITIES: _without_entities,
        Rule.WRAPPED_LINES: join_wrapped_lines,
        Rule.INDENTATION: _without_indentation,
        Rule.LOGIN_NOTICE: _without_login_notice,
        Rule.REPEATED_TITLE: without_title,
    }
    fired: set[Rule] = set()
    settled: set[Rule] = set()  # those that have left the text as it is now
    for _ in range(_MAX_ROUNDS):
        before = text
        for rule, apply in rules.items():
            if rule not in cleaning.rules or rule in settled:
                continue
            if (cleaner := apply(text)) != text:
                text = cleaner
                fired.add(rule)
                settled.clear()
            else:
                settled.add(rule)
        if text == before:
            break
    return Cleaned(text, frozenset(fired))


def clean_line(text: str, *, cleaning: Cleaning = ALL_RULES) -> Cleaned:
    """Clean a title or another short field of markup, entities and blanks; the result is one line."""
    on = cleaning.rules & {Rule.MARKUP, Rule.ENTITIES, Rule.INDENTATION}
    cleaned = clean(text, cleaning=Cleaning(on))
    return Cleaned(" ".join(cleaned.text.split()), cleaned.fired)


_TRUNCATED_TAG: Final = re.compile(
    r"(?:<[/!?a-zA-Z]?[^<>\u4e00-\u9fff]{0,2000}|&#?[a-zA-Z0-9]{0,32})\Z"
)


def clean_head(text: str, length: int, *, cleaning: Cleaning = ALL_RULES, title: str = "") -> str:
    """Clean the first ``length`` characters of a raw text.

    The result does not depend on the rest of the text and is never longer than ``length``. A truncated tag
    or entity at the end is removed, and so are blanks.
    """
    head = _TRUNCATED_TAG.sub("", text[:length])
    return clean(head, cleaning=cleaning, title=title).text.rstrip()


# --- page marks ----------------------------------------------------------------------------------

PAGE_MARKS: Final = re.compile(
    r"""
    \#p\#(?P<subtitle>[^#\n]{0,80})\#e\#      # DedeCMS; a real subtitle is kept
    | \[/?!--(?:empirenews\.)?page--\]         # EmpireCMS
    | \[/?(?:next\s?page|page)\]               # PHPCMS and many small ones
    | \[next\s?page(?P<title>[^\[\]\n]{1,80})\] # the same with the next page's title
    | <!--\s*(?:next\s?page|page\s?break|more)\s*-->  # WordPress, TinyMCE
    | _(?:ueditor|baidu)_page_break_tag_
    """,
    re.VERBOSE | re.IGNORECASE,
)


def _without_page_marks(text: str) -> str:
    if not any(one in text for one in ("[", "<!--", "#", "_")):  # to search for each is faster
        return text

    def line_break(match: re.Match[str]) -> str:
        subtitle = (match["subtitle"] or match["title"] or "").strip("=:： \t　")
        return "\n" if subtitle in ("", "副标题", "分页标题", "标题") else f"\n{subtitle}\n"

    return PAGE_MARKS.sub(line_break, text)


# --- entities ------------------------------------------------------------------------------------

# Several amp; in front: texts escaped more than once. Without ; only nbsp, which is no word.
_ENTITY: Final = re.compile(
    r"&(?:amp;)*(?:(#[0-9]{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,31});|(nbsp)(?![a-z0-9;]))",
    re.IGNORECASE,
)


def _without_entities(text: str) -> str:
    if "&" not in text:
        return text

    def character(match: re.Match[str]) -> str:
        name = f"{match[1] or match[2]};"
        valid = name.startswith("#") or name in html5
        return unescape(f"&{name}") if valid else match[0]

    return _ENTITY.sub(character, text)


# --- blanks --------------------------------------------------------------------------------------

_BLANKS: Final = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0)]) | {  # control characters
    ord("\t"): "\t",
    **dict.fromkeys(map(ord, "\n\r\v\f\x85\u2028\u2029"), "\n"),
    **dict.fromkeys(map(ord, "\u00ad\u061c\u180e\u200b\u200e\u200f\ufeff"), None),  # invisible
    **dict.fromkeys([*range(0x202A, 0x202F), *range(0x2060, 0x2070)], None),
    **dict.fromkeys(range(0xD800, 0xE000), None),  # lone surrogates: no encoding can store them
    0xA0: " ",
}
# Most texts have none of these; to look for them is faster than to look up every character.
_BLANK: Final = re.compile(
    "[" + "".join(re.escape(chr(one)) for one in _BLANKS if _BLANKS[one] != chr(one)) + "]"
)
# Joiners and variants of characters mean something in other scripts and in pictures, but not beside Han ones.
_VARIANTS: Final = "[\ufe00-\ufe0f\U000e0100-\U000e01ef]"
_JOINER: Final = re.compile(f"[\u200c\u200d](?:(?<=[{HAN}].)|(?=[{HAN}]))|{_VARIANTS}(?<=[{HAN}].)")
_MAY_JOIN: Final = re.compile(f"[\u200c\u200d{_VARIANTS[1:]}")
# Two full-width blanks begin a paragraph, even if the line break before them was lost.
_LOST_BREAK: Final = re.compile(r"(?<=[。；：！？”）])\u3000{2,}(?=\S)")


def _without_indentation(text: str) -> str:
    text = text.replace("\r\n", "\n")
    if _BLANK.search(text):
        text = text.translate(_BLANKS)
    if _MAY_JOIN.search(text):
        text = _JOINER.sub("", text)
    if "\u3000" in text:
        text = _LOST_BREAK.sub("\n", text)
    text = "\n".join(map(_stripped if "\t" in text else str.strip, text.split("\n")))
    if "\n\n\n" in text:
        text = re.sub(r"\n{3,}", "\n\n", text)
    return text.strip("\n")


_EMPTY_BEFORE: Final = re.compile(rf" *((?:{EMPTY}\t)+) *")
_EMPTY_AFTER: Final = re.compile(rf" *((?:\t{EMPTY})+) *")


def _stripped(line: str) -> str:
    """A line without blanks at its ends, but with the empty cells of a row of a table."""
    core = line.strip()
    if not core or "\t" not in line:
        return core
    start = line.index(core)
    before = _EMPTY_BEFORE.fullmatch(line, 0, start)
    after = _EMPTY_AFTER.fullmatch(line, start + len(core))
    return f"{before[1] if before else ''}{core}{after[1] if after else ''}"


# --- log-in notices ------------------------------------------------------------------------------

_LOG_IN: Final = (
    r"(?:请您?先?|您?需要?先?|立即|马上|点击|免费)?(?:登[录陆]|注册)(?:[或/、和](?:注册|登[录陆]))?"
)
_ACCOUNT: Final = r"(?:本站|网站|会员|[账帐][号户]|成为会员)?"
_IF: Final = r"(?:(?:如果?|若)?您?(?:需要?|想要?|要))?"
_READ: Final = r"(?:继续)?(?:阅读|查看|浏览|获取|下载|看)(?:本文|文章)?"
_WHOLE: Final = r"(?:全文|全部(?:内容)?|(?:完整|剩余|其余|余下|更多|隐藏|所有)的?内容|更多)"
_MEMBERS: Final = r"(?:会员|VIP|付费)"
_FREE: Final = r"以上(?:内容)?[为是]免费(?:阅读|试读|浏览|预览|试看)的?(?:内容|部分|章节)?"
_MARKS: Final = r"[\s,，.。;；:：!！?？、~～…|>》()（）\[\]【】-]"
# The portal's own notice is removed anywhere; a text that only resembles one must fill a line.
_NOTICE: Final = re.compile(
    rf"[（(\[【]?{_FREE}{_MARKS}{{0,9}}{_IF}{_READ}{_WHOLE}{_MARKS}{{0,9}}"
    rf"{_LOG_IN}{_ACCOUNT}(?:后(?:再|可|即可|方可)?{_READ}{_WHOLE}?)?[!！。.~～]*[）)\]】]?"
)
_NOTICE_CLAUSE: Final = re.compile(
    rf"对不起|很?抱歉|温馨提示|提示|您好|(?:尊敬|亲爱)的(?:用户|读者|访客)|{_FREE}"
    rf"|您?[还尚]?(?:没有|未){_LOG_IN}|[还尚]?没有[账帐]号|{_IF}{_READ}{_WHOLE}"
    rf"|[本此该](?:文章?|篇|内容|文档|资料)(?:内容|全文)?(?:[为是]|属于|仅限|仅供|仅对|仅|只对)?"
    rf"{_MEMBERS}(?:用户)?(?:专享|专属|可见|可读|阅读|查看|开放)?的?(?:内容|文章)?"
    rf"|{_LOG_IN}{_ACCOUNT}(?:[后即]?(?:可以?|才[能可]|方可|再)?{_READ}{_WHOLE}?)?"
    rf"|(?:成为|开通|升级){_MEMBERS}(?:用户)?(?:[后即]?可?{_READ}{_WHOLE}?)?",
    re.IGNORECASE,
)
_OF_A_PAYWALL: Final = re.compile(rf"{_WHOLE}|{_MEMBERS}|免费", re.IGNORECASE)
_MAX_NOTICE_LENGTH: Final = 80  # characters; the longest seen on portals has about 45


def _mentions_log_in(text: str) -> bool:
    return "登录" in text or "登陆" in text or "注册" in text


def _is_notice(line: str) -> bool:
    """Whether every clause of the line is part of a notice; not so 请登录省政务服务网查看全文."""
    if len(line) > _MAX_NOTICE_LENGTH or not _mentions_log_in(line):
        return False
    clauses = [clause for clause in re.split(f"{_MARKS}+", line) if clause]
    return bool(_OF_A_PAYWALL.search(line)) and all(map(_NOTICE_CLAUSE.fullmatch, clauses))


def _without_login_notice(text: str) -> str:
    if not _mentions_log_in(text):
        return text
    lines = _NOTICE.sub("", text).split("\n")
    rest = "\n".join(line for line in lines if not _is_notice(line))
    return text if rest == text else rest.rstrip()


# --- repeated titles -----------------------------------------------------------------------------

_TITLE_LINES: Final = (
    8  # the most lines, blank ones included, over which a centred title may be spread
)
_INK: Final = re.compile(r"\S")


def _bare(text: str) -> str:
    """Letters and digits only, in one width, to compare titles."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text)))


def _without_title(text: str, title: str) -> str:
    """Remove the title's lines from the start, repeatedly, but never the whole text."""
    bare, start = _bare(title), 0
    while bare and (end := _title_end(text, start, title, bare)) and _INK.search(text, end):
        start = end
    return text[start:]


def _title_end(text: str, start: int, title: str, bare: str) -> int:
    """The offset of the line after a title that begins at ``start``; 0 if there is none."""
    head = ""
    for _ in range(_TITLE_LINES):
        end = text.find("\n", start)
        if end < 0:
            break
        line = text[start:end]
        head += _bare(line) if len(line) <= 2 * len(title) + 20 else line
        start = end + 1
        without_code = re.sub(r"^[A-Z][0-9]{1,6}", "", head)
        if bare in (head, without_code):
            return start
        if len(without_code) > len(bare):
            break
    return 0
