"""Which parts of an article an audience may read. Entry points: :func:`view_of`, :func:`source_view`,
:func:`is_divided`.

This is decided here and nowhere else.
"""

import re
from dataclasses import fields, replace

from analyzers import metadata, names
from search_service.metadata import Metadata
from search_service.model import Article, Audience, View

_METADATA = tuple(one.name for one in fields(Metadata))


def view_of(article: Article, audience: Audience) -> View | None:
    """The view of the audience, with the metadata found in its text; None if it may not see the article."""
    view = source_view(article, audience)
    return None if view is None else _with_metadata(view)


def source_view(article: Article, audience: Audience) -> View | None:
    """The view of the audience, with the metadata of the source only; None if it may not see the article.

    Guests read the preview exactly as the source publishes it; members and staff the whole body.
    """
    text = source_text(article, audience)
    if text is None:
        return None
    values = {name: getattr(article, name) for name in _METADATA}
    # Whether the body differs does not count: that would reveal something of the paid text.
    gapped = audience is Audience.PUBLIC and article.preview is not None
    if gapped:
        values["attachments"] = ()  # they may hold the whole text
    return View(
        id=article.id,
        title=article.title,
        text=text,
        gapped=gapped,
        **values,
    )


def source_text(article: Article, audience: Audience) -> str | None:
    """The text of the article as the audience may read it; None if it may not see the article."""
    if audience < article.audience:
        return None
    preview = article.preview if audience is Audience.PUBLIC else None
    return article.body if preview is None else preview


def is_divided(article: Article) -> bool:
    """Whether guests read another text of the article than members; not if they read nothing of it."""
    return article.audience is Audience.PUBLIC and article.preview not in (None, article.body)


_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# Kinds of found metadata -> fields of a view.
_FILLED = {
    "document_number": "document_number",
    "kind": "kind",
    "written": "date",
    "effective": "effective_date",
}


def _with_metadata(view: View) -> View:
    """The view with the metadata found in its title and text; values from the source are not replaced.

    The view of guests gets only what the preview says: the signature is often in the paid part.
    """
    found = metadata.find(view.title, view.text)
    values: dict[str, object] = {
        # 自发布之日起施行 names no day.
        _FILLED[one.field]: one.value
        for one in found
        if one.field in _FILLED and (one.field != "effective" or _DAY.fullmatch(one.value))
    }
    for one in found:
        if one.field == "issuer":
            values["issuers"] = names.organs(one.value)
    filled = {name: value for name, value in values.items() if not getattr(view, name)}
    return replace(view, found=found, derived=tuple(filled), **filled)  # type: ignore[arg-type]  # by name
