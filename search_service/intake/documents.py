"""Plain text and Markdown as one article each. Entry points: :func:`text_record`,
:func:`markdown_record`; for other kinds of files :func:`title_and_body`, :func:`without_title`,
:func:`number_of_pages`.

They return the values of a record, which :mod:`search_service.intake.record` interprets.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from analyzers.document_title import Title, find_title
from analyzers.messages import say
from analyzers.normalize import normalize
from search_service.errors import BadRecord
from search_service.intake.encoding import decode
from search_service.intake.labels import labels_at
from search_service.intake.names import known_field

# The first statement of a database dump, after comments and settings.
_SQL: Final = re.compile(
    r"(?:\s++|--[^\n]*\n|#[^\n]*\n|/\*.*?\*/;?|(?:SET|USE|BEGIN|START|LOCK|PRAGMA)\b[^;\n]*;)*+"
    r"(?:INSERT\s+INTO|REPLACE\s+INTO|CREATE\s+(?:TABLE|DATABASE)|DROP\s+TABLE)\s+[`\"\w\[.]",
    re.IGNORECASE | re.DOTALL,
)
# What a page's head or foot may say that the text does not: a 文号.
_NUMBER: Final = re.compile(r"[^\n]{1,30}[\[(](?:19|20)[0-9]{2}[\])]\s?[0-9]{1,5}\s?号\s*")
_HEADING: Final = re.compile(r"\A\s*#\s+([^\n]+)(?:\n[^\S\n]*+(?=\n))*+")


def text_record(data: bytes, *, name: str) -> dict[str, object]:
    """Read plain text with the labels at its head; ``name`` is the title if its first lines show none."""
    text = decode(data)
    if _SQL.match(text):
        raise BadRecord(
            say(
                "是数据库的 SQL 转储，不是文章；请导出为 .jsonl 或 .csv，每条一篇",
                "is a database dump, not an article; export it as .jsonl or .csv, one article per record",
            )
        )
    return _labelled(text, name=name)


def markdown_record(data: bytes, *, name: str) -> dict[str, object]:
    """Read Markdown: front matter, first heading, body."""
    # Here, as for Word documents: other commands, and the server, start sooner.
    from search_service.intake.front_matter import split_front_matter
    from search_service.intake.markdown import without_inline_syntax

    values, text = split_front_matter(decode(data))
    text = without_inline_syntax(text)
    heading = _HEADING.match(text)
    if title := values.get("title") or values.get("标题"):
        # A heading that repeats the title is not part of the text: free_length must not count it.
        if heading and _letters(heading[1]) == _letters(str(title)):
            text = text[heading.end() :]
        return {**values, "body": text.lstrip("\r\n")}
    if heading:
        line = heading[1].strip()
        title = line.rstrip("#").rstrip() or line
        body = text[heading.end() :].lstrip("\r\n")
        if not values and (found := labels_at(lines := body.split("\n"))):
            given, body = found.values, "\n".join([found.rest, *lines[found.end :]]).lstrip("\r\n")
            values = {name: value for name, value in given.items() if known_field(name) != "title"}
        return {**values, "title": title, "body": body}
    return {**values, **title_and_body(text, name=name)} if values else _labelled(text, name=name)


def _labelled(text: str, *, name: str) -> dict[str, object]:
    """The fields of the labels at the head of a text, above or below its title, and its other lines."""
    lines = text.split("\n")
    if found := labels_at(lines):
        rest = "\n".join([found.rest, *lines[found.end :]]).lstrip("\r\n")
        if any(value for field, value in found.values.items() if known_field(field) == "title"):
            return {**found.values, "body": rest}
        return {**found.values, **title_and_body(rest, name=name)}
    title = find_title(lines)
    if title is not None and (found := labels_at(lines, title.end)):
        given = {
            field: value for field, value in found.values.items() if known_field(field) != "title"
        }
        lines[title.end : found.end] = [found.rest]
        return {**given, **without_title(lines, title, name=name)}
    return without_title(lines, title, name=name)


def _letters(text: str) -> str:
    return re.sub(r"\W", "", text)


def title_and_body(text: str, *, name: str) -> dict[str, object]:
    """The title that the first lines show, and the other lines; ``name`` if they show none."""
    lines = text.split("\n")
    return without_title(lines, find_title(lines), name=name)


def without_title(lines: Sequence[str], title: Title | None, *, name: str) -> dict[str, object]:
    """The fields ``title`` and ``body``; a title without any text below or above it is the body."""
    if title is not None and title.text:
        body = "\n".join([*lines[: title.first], *lines[title.end :]])
        if body.strip():
            return {"title": title.text, "body": body}
    return {"title": name, "body": "\n".join(lines)}


def number_of_pages(lines: Iterable[str], body: str) -> str:
    """The 文号 among the lines in heads and feet of pages, if the text does not have it; else empty."""
    for line in lines:
        number = line.strip()
        if _NUMBER.fullmatch(normalize(number)) and number not in body:
            return number
    return ""
