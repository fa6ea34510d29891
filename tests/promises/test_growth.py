"""Twice the text takes twice the time, at every stage and for any text."""

import gc
import math
import statistics
import time
from collections.abc import Callable, Iterator

import pytest

from analyzers import metadata, outline, references, relations
from analyzers.normalize import normalize
from analyzers.terms import Analyzer, bigrams, exact_key
from indexer.build.records import passages_of
from indexer.sources.html_files import html_record
from search_service.answers.snippets import marks, snippet
from search_service.errors import BadRecord
from search_service.intake.cleaning import clean, clean_line
from search_service.intake.documents import markdown_record
from search_service.intake.markup import text_of_html
from search_service.model import StoredArticle, View
from search_service.query import syntax
from search_service.web.pages.reading import paragraphs

pytestmark = pytest.mark.slow

_MOST = 2.6
_ENOUGH = 0.02  # seconds: less is mostly noise
_SHORTEST, _LONGEST = 1 << 14, 1 << 17  # characters
_TRIES = 4
_PAIRS = 5
_LONG_ENOUGH = 2.0  # seconds: of so long a time caches and other processes explain little
# Deeper nesting than any query can have.
_LONGEST_QUERY = 1 << 14

# The repeated unit, with the text before and after it.
_UNITS: list[tuple[str, str, str]] = [
    *(
        ("", unit, "")
        for unit in (
            *(
                "<!--",
                "-->",
                "&#38;",
                "&amp;",
                "&amp",
                "&",
                "&lt;",
                "&lt;!--",
                "&lt;br&gt;",
                "&nbsp",
            ),
            *(
                "<p>",
                "<b",
                "<b ",
                '<b a="',
                "<",
                "</",
                ">",
                "<br>",
                "<td>",
                "<table><tr><td>",
                "<div>",
            ),
            *(
                "<form>",
                "<nav></nav>甲",
                "<article>",
                "<h1>",
                "<script>",
                "<pre>",
                "<a:b>",
                "<?a",
                "<![",
            ),
            *(
                "附：",
                "附：1.",
                "附件1\n",
                "（一）",
                "(",
                ")",
                "()",
                "第一条",
                "第",
                "1.",
                "1.1",
                "1、",
                "①",
            ),
            *(
                "《",
                "》",
                "《》",
                "《甲乙》同时废止",
                "根据《",
                "〔2024〕",
                "〔",
                "[[",
                "]]",
                "[",
                "{",
            ),
            *(
                "2024年",
                "2024年1月1日\n",
                "1月1日 ",
                "一",
                "亿",
                "十",
                "百分之",
                "1",
                "1,",
                "1,000",
                "a1",
            ),
            *(
                "x",
                "×",
                "某",
                "xx市",
                "——",
                "-",
                "- ",
                "...",
                "……",
                "\n",
                "\r\n",
                " ",
                "\u3000",
                "\t",
                " \n",
            ),
            *(
                "。",
                "。\u3000\u3000",
                "，",
                "；",
                '"',
                "“",
                "「",
                "'",
                ":",
                "：",
                "标题:",
                "OR ",
                "| ",
                "|",
            ),
            *(
                "抄送：\n",
                "各位：",
                "各市：\n",
                "文号：(",
                "**",
                "#",
                "# ",
                "=",
                "\u0301",
                "e\u0301",
                "\u200d",
            ),
            *(
                "a",
                "甲",
                "甲\n",
                "\n甲",
                "甲 ",
                "局\n",
                "局 ",
                "日\n",
                "主任 ",
                "市人民政府",
                "关于",
                "的通知",
            ),
            *(
                "请登录",
                "以上为免费阅读内容，",
                "[!--page--]",
                "#p#",
                "起施行",
                "本办法自2024年1月1日起施行",
            ),
            *("有效期5年", "令第1号", "公告", "\x00", "\ue000", "𠀀", "𝟏", "İ"),
        )
    ),
    ("&", "#38;", ""),
    ("", "&#59", ";"),
    ("<", "a", ""),
    ("<a:", "a-", "。"),
    ("<q1 ", "a=", ">"),
    ("<b a='", '"', ""),
    ("<p>甲", " ", "乙"),
    ("<br>甲", " ", "\t乙"),
    ("附：", "1.甲\n", ""),
    ("文号：甲", "(", "号"),
    ("# 甲", " ", "乙"),
    ("甲", " ", "乙："),
    ("《", "《甲", "》"),
    ("甲。", "\u3000", ""),
    ("2024年1月1日", " ", "起施行"),
]
_NESTED = [("<b", ">"), ("[!--page", "--]"), ("<", "b>"), ("(", ")"), ("《", "》"), ("“", "”")]
_ANALYZER = Analyzer()
_WORDS = ("通知", "num:12个")
_NOTICE = "关于工作的通知"


def _texts() -> Iterator[tuple[str, Callable[[int], str]]]:
    """The name of a unit, and a function: length in characters -> text."""
    for before, unit, behind in _UNITS:
        yield (
            repr((before, unit, behind)),
            lambda size, b=before, u=unit, e=behind: b + u * (size // len(u)) + e,  # type: ignore[misc]
        )
    for left, right in _NESTED:
        yield (
            repr((left, "…", right)),
            lambda size, a=left, e=right: (  # type: ignore[misc]
                a * (size // len(a + e)) + e * (size // len(a + e))
            ),
        )


def _stored(text: str) -> StoredArticle:
    view = View(id="a", title="", text=text)
    return StoredArticle(view=view, passages=tuple(one for one, _ in passages_of(view, limit=400)))


# For each stage its preparation, and the function that is measured.
_STAGES: dict[str, tuple[Callable[[str], object], Callable[..., object]]] = {
    "cleaning": (str, lambda text: clean(text, title=_NOTICE)),
    "lines": (str, clean_line),
    "markup": (str, text_of_html),
    "page": (str.encode, lambda data: html_record(data, name="")),
    "body of a page": (
        lambda text: f"<html><body><div id='zoom'>{text}</div></body></html>".encode(),
        lambda data: html_record(data, name=""),
    ),
    "markdown": (str.encode, lambda data: markdown_record(data, name="")),
    "front matter": (
        lambda text: f"---\n{text}\n---\n".encode(),
        lambda data: markdown_record(data, name=""),
    ),
    "normalising": (str, normalize),
    "outline": (str, outline.split),
    "metadata": (str, lambda text: metadata.find(_NOTICE, text)),
    "relations": (normalize, lambda text: list(relations.find(text))),
    "references": (normalize, references.find),
    "words": (normalize, _ANALYZER.index_words),
    "query words": (normalize, _ANALYZER.query_words),
    "bigrams": (normalize, bigrams),
    "exact key": (str, exact_key),
    "marks": (
        str,
        lambda text: snippet(
            text, marks(text, (normalize(text[:8]), "甲 乙"), ("通知", "num:12个"))
        ),
    ),
    "paragraphs": (_stored, lambda stored: list(paragraphs(stored))),
}


def _seconds(stage: str, text: str) -> float:
    """CPU seconds of a stage; 0 for a text that is refused with a reason."""
    prepare, measured = _STAGES[stage]
    prepared = prepare(text)
    begun = time.process_time()
    try:
        measured(prepared)
    except BadRecord:
        return 0.0
    return time.process_time() - begun


def _growth(stage: str, text_of: Callable[[int], str], longest: int = _LONGEST) -> float:
    """How many times as long twice the text takes; what seems too long is measured over a wider base."""
    size = _SHORTEST
    once = _seconds(stage, text_of(size))
    while once < _ENOUGH and size < longest:
        size *= 2
        once = _seconds(stage, text_of(size))
    if once < _ENOUGH:
        return 1.0  # of so long a text
    twice = _seconds(stage, text_of(2 * size))
    for _ in range(_TRIES):
        if twice <= _MOST * once:
            return twice / once
        once = min(once, _seconds(stage, text_of(size)))
        twice = min(twice, _seconds(stage, text_of(2 * size)))
    return _growth_on_a_wide_base(stage, text_of, size)


def _growth_on_a_wide_base(stage: str, text_of: Callable[[int], str], size: int) -> float:
    """The same slope between texts that are up to sixteen times as long as one another.

    A processor's caches, and other processes that take them and its speed, change a time by a factor of
    two or three. Of sixteen that is little; what grows as the square takes 256 times as long. The times
    of a pair are taken one after the other; the median of the pairs counts.
    """
    slope = math.inf
    for doublings in (1, 2, 3, 4):
        if _seconds(stage, text_of(size << doublings)) == 0:
            break  # refused for its length
        pairs = [
            (_seconds(stage, text_of(size)), _seconds(stage, text_of(size << doublings)))
            for _ in range(_PAIRS)
        ]
        ratio = statistics.median(longer / max(shorter, 1e-9) for shorter, longer in pairs)
        slope = ratio ** (1 / doublings)
        if slope <= _MOST or pairs[0][1] > _LONG_ENOUGH:
            break
    return slope


@pytest.fixture
def _no_garbage() -> Iterator[None]:
    """Without the garbage collector, which would be measured with the code that it interrupts."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("_no_garbage")
@pytest.mark.parametrize("stage", _STAGES)
def test_twice_the_text_takes_twice_the_time(stage: str) -> None:
    """At most 2.6 times, for each of some 150 units that are repeated or nested."""
    grown = {name: _growth(stage, text_of) for name, text_of in _texts()}
    assert {name: times for name, times in grown.items() if times > _MOST} == {}


def test_queries_are_parsed_in_little_time() -> None:
    """Queries are short; the parser is fast even for queries eighty times as long."""
    slow = {}
    for name, text_of in _texts():
        text = text_of(_LONGEST_QUERY)
        begun = time.process_time()
        syntax.parse_syntax(text)
        if (seconds := time.process_time() - begun) > 10:
            slow[name] = seconds
    assert slow == {}
