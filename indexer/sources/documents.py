"""Plain text and Markdown as one article each. Entry points: :func:`text_record`,
:func:`markdown_record`, :func:`title_and_body`.

They return the values of a record, which :mod:`search_service.intake.record` interprets.
"""

import re
from typing import Final

from analyzers.messages import say
from indexer.sources.encoding import decode
from search_service.errors import BadRecord

_MAX_TITLE: Final = 100  # characters; the longest of 43,439 real titles has 103
# The first statement of a database dump, after comments and settings.
_SQL: Final = re.compile(
    r"(?:\s++|--[^\n]*\n|#[^\n]*\n|/\*.*?\*/;?|(?:SET|USE|BEGIN|START|LOCK|PRAGMA)\b[^;\n]*;)*+"
    r"(?:INSERT\s+INTO|REPLACE\s+INTO|CREATE\s+(?:TABLE|DATABASE)|DROP\s+TABLE)\s+[`\"\w\[.]",
    re.IGNORECASE | re.DOTALL,
)
_HEADING: Final = re.compile(r"\A\s*#\s+([^\n]+)(?:\n[^\S\n]*+(?=\n))*+")


def text_record(data: bytes, *, name: str) -> dict[str, object]:
    """Read plain text: its first line is the title, or ``name`` if that line is too long."""
    text = decode(data)
    if _SQL.match(text):
        raise BadRecord(
            say(
                "是数据库的 SQL 转储，不是文章；请导出为 .jsonl 或 .csv，每条一篇",
                "is a database dump, not an article; export it as .jsonl or .csv, one article per record",
            )
        )
    title, body = title_and_body(text, name=name)
    return {"title": title, "body": body}


def markdown_record(data: bytes, *, name: str) -> dict[str, object]:
    """Read Markdown: front matter, first heading, body."""
    # Here, as for Word documents: other commands, and the server, start sooner.
    from indexer.sources.front_matter import split_front_matter

    values, text = split_front_matter(decode(data))
    heading = _HEADING.match(text)
    if title := values.get("title") or values.get("标题"):
        # A heading that repeats the title is not part of the text: free_length must not count it.
        if heading and _letters(heading[1]) == _letters(str(title)):
            text = text[heading.end() :]
        return {**values, "body": text.lstrip("\r\n")}
    if heading:
        line = heading[1].strip()
        title = line.rstrip("#").rstrip() or line
        return {**values, "title": title, "body": text[heading.end() :].lstrip("\r\n")}
    title, body = title_and_body(text, name=name)
    return {**values, "title": title, "body": body}


def _letters(text: str) -> str:
    return re.sub(r"\W", "", text)


def title_and_body(text: str, *, name: str) -> tuple[str, str]:
    """Split a text after its first non-blank line; a single line is the body."""
    first, _, rest = text.lstrip().partition("\n")
    title = first.strip().lstrip("#").strip()
    if title and rest.strip() and len(title) <= _MAX_TITLE:
        return title, rest
    return name, text
