"""A row -> the values of a record, and who may read it. Entry points: :func:`values_of`,
:func:`is_public`.
"""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final
from urllib.parse import urljoin

from analyzers.messages import say
from indexer.sources.database.mapping import Articles, Row, failing, value_of
from indexer.sources.database.pages import MAX_TEXT, length_of, table_of
from indexer.sources.database.texts import preview_of, text_in_file, without_paid_parts
from search_service.errors import BadRecord

_BEIJING: Final = timezone(timedelta(hours=8))  # Unix times are days of China
_UNIX: Final = re.compile("[0-9]{9,11}")
_DATES: Final = ("date", "effective_date")


def values_of(articles: Articles, row: Row, site: str) -> dict[str, object]:
    """The values of a record; raises ``BadRecord`` if its text is missing, or too long."""
    if fault := next((one for one in row.values() if isinstance(one, BadRecord)), None):
        raise fault
    body_name = str(articles.fields["body"])
    if row.get(body_name) is None:
        raise BadRecord(_why_missing(articles, row, body_name))
    body = str(row[body_name])
    if articles.files:
        body = text_in_file(body, articles.files)
    body, free = without_paid_parts(body, articles.paid_parts)
    values: dict[str, object] = {"id": value_of(articles.id, row), "body": body}
    for name, value in {**articles.fields, **articles.extra}.items():
        if name != "body":
            values[name] = value_of(value, row)
    for name in _DATES:
        if name in values:
            values[name] = _date(values[name])
    if site and (url := values.get("url")):
        values["url"] = urljoin(site, str(url))
    values["audience"] = "public"
    if is_public(articles, row):
        if free != body:
            values["preview"] = free
    elif articles.otherwise == "preview":
        values["preview"] = _preview(articles, row, free)
    else:
        values["audience"] = articles.otherwise
    return values


def _why_missing(articles: Articles, row: Row, body: str) -> str:
    if (length := length_of(row, body)) > MAX_TEXT:
        return say(
            f"正文有 {length >> 20} MB，最多 {MAX_TEXT >> 20} MB",
            f"the text has {length >> 20} MB, the limit is {MAX_TEXT >> 20} MB",
        )
    prefix, dot, _ = body.partition(".")
    if not dot or f"{prefix}.{articles.join[prefix].key}" in row:
        return say(f"{body} 是空的", f"{body} is empty")
    join = articles.join[prefix]
    table = table_of(join, row)
    return say(
        f"{table} 里没有 {join.key}={row.get(join.by)} 这一行，没有正文",
        f"{table} has no row {join.key}={row.get(join.by)}, so there is no text",
    )


def is_public(articles: Articles, row: Row) -> bool:
    """Whether everybody may read the whole article."""
    if isinstance(articles.public, str):
        return articles.public == "all"
    return not failing(articles.public, row)


def _date(value: object) -> object:
    """A Unix time as a day in China; 0 is none; anything else as it is."""
    written = str(value).strip()
    if _UNIX.fullmatch(written):
        return datetime.fromtimestamp(int(written), UTC).astimezone(_BEIJING).date().isoformat()
    return None if written == "0" else value


def _preview(articles: Articles, row: Row, free: str) -> str:
    if isinstance(articles.preview, str):
        return ""
    if column := articles.preview.column:
        _, shown = without_paid_parts(str(row.get(column) or ""), articles.paid_parts)
        return shown
    return preview_of(free, articles.preview)
