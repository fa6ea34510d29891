"""Plain text and Markdown as one article each. Entry points: :func:`text_record`,
:func:`markdown_record`, :func:`title_and_body`.

They return the values of a record, which :mod:`search_service.intake.record` interprets.
"""

import re
from typing import Final

from analyzers.messages import say
from indexer.sources.encoding import decode
from indexer.sources.limits import check_fields
from search_service.errors import BadRecord
from search_service.intake.names import duplicate_message, known_field, protects

_MAX_TITLE: Final = 100  # characters; the longest of 43,439 real titles has 103
_FRONT_MATTER: Final = re.compile(
    r"\A---[ \t]*\r?\n(.*?)^---[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE
)
# Malformed front matter: not closed, closed by ..., below a blank line, in TOML.
_OPENED: Final = re.compile(r"\s*(?:---|\+\+\+)")
_OPENED_LINES: Final = 100
_KEY_VALUE: Final = re.compile(r"([^\s:：#][^:：]*+)[:：](?:\s+|(?<=：)|$)(.*)")
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
    """Read Markdown: front matter (``key: value`` lines between ``---``), first heading, body."""
    text = decode(data)
    values: dict[str, object] = {}
    if match := _FRONT_MATTER.match(text):
        values = _front_matter(match[1])
        text = text[match.end() :]
    elif _OPENED.match(text):
        _check_opened(text)
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


def _check_opened(text: str) -> None:
    """Raise ``BadRecord`` if malformed front matter has a field that protects text from guests."""
    for line in text.split("\n", _OPENED_LINES)[:_OPENED_LINES]:
        name = re.split("[:：=]", line, maxsplit=1)[0]
        if name != line and protects(name):
            raise BadRecord(
                say(
                    f"文件头不完整，{name.strip()} 不起作用，文章会公开；"
                    "文件头从第一行的 --- 起，到单独一行 --- 止",
                    f"malformed front matter, so {name.strip()} would protect nothing;"
                    " it must begin with --- in the first line and end with a line of only ---",
                )
            )


def _front_matter(block: str) -> dict[str, object]:
    values: dict[str, object] = {}
    check_fields(block.count("\n"))
    for number, line in enumerate(block.splitlines(), start=2):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _KEY_VALUE.fullmatch(line.rstrip())
        if match is None or match[2] in ("|", ">", "|-", ">-"):
            raise BadRecord(
                say(
                    f"第 {number} 行：文件头每行应是「名称: 值」，得到 {line.strip()[:20]}",
                    f"line {number}: front matter must be key: value, not {line.strip()[:20]}",
                )
            )
        value = match[2].strip()
        quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
        value = value[1:-1] if quoted else value
        name = match[1].rstrip()
        if known_field(name) and values.setdefault(name, value) != value:
            raise BadRecord(duplicate_message(name))
        values[name] = value
    return values
