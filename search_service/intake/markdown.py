"""Markdown inside a line -> text. Entry point: :func:`without_inline_syntax`.

Emphasis, links, code and escapes are markup, and would break the runs of characters that search finds. What
begins lines (headings, items, tables) is left as it is: its numbers are text.
"""

import re
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

# HTML is left to the cleaning rules, which know what is none.
_PARSER: Final = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
# CommonMark sees no emphasis in **来源：**县府: marks beside punctuation need a blank on the other side.
_CHINESE: Final = r"[，。、；：！？“”‘’（）《》〈〉【】〔〕…—]"
_EMPHASIS: Final = re.compile(
    rf"(\*\*)(?=\S)(?:{_CHINESE}[^*\n]{{0,300}}|[^*\n]{{1,300}}{_CHINESE})(?<=\S)\1"
)
_BREAKS: Final = frozenset(("softbreak", "hardbreak"))
_MAX_CHARACTERS: Final = 1_000_000
_MAX_PARAGRAPH: Final = (
    20_000  # characters; the parser's time grows with the square of their brackets
)


def without_inline_syntax(text: str) -> str:
    """The text with the content of each paragraph, heading and cell as a reader sees it."""
    if len(text) > _MAX_CHARACTERS or max(map(len, text.split("\n\n"))) > _MAX_PARAGRAPH:
        return text
    text = text.replace("\r\n", "\n").replace("\r", "\n")  # as the parser counts lines
    lines = text.split("\n")
    for token in _PARSER.parse(text):
        if token.type == "inline" and token.map:
            written, seen = token.content.split("\n"), _seen(token.children or []).split("\n")
            if written == seen or len(written) != len(seen):
                continue
            for number, (before, after) in enumerate(
                zip(written, seen, strict=True), start=token.map[0]
            ):
                lines[number] = lines[number].replace(before, after, 1) if before else lines[number]
    return "\n".join(lines)


def _seen(tokens: list[Token]) -> str:
    text = "".join(
        "\n" if one.type in _BREAKS else one.content
        for one in tokens
        if one.content or one.type in _BREAKS
    )
    return _EMPHASIS.sub(lambda match: match[0].strip("*"), text)
