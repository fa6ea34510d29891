"""What an audience may read of an article. Entry points: :func:`view_of`, :func:`given_to`.

Decided here and nowhere else.
"""

from dataclasses import fields, replace

from analyzers import metadata
from search_service.model import (
    Article,
    Audience,
    Metadata,
    View,
)


def view_of(article: Article, audience: Audience) -> View | None:
    """What the audience may read of the article, with what its text says; None: it may not know of it."""
    view = given_to(article, audience)
    return None if view is None else _with_metadata(view)


def given_to(article: Article, audience: Audience) -> View | None:
    """What the source gives the audience of the article; None: it may not know of it.

    Guests read the preview exactly as the source publishes it; members and staff the whole body.
    """
    if audience < article.audience:
        return None
    preview = article.preview if audience is Audience.PUBLIC else None
    return View(
        id=article.id,
        title=article.title,
        text=article.body if preview is None else preview,
        # Not whether the body differs: that would tell guests something of the paid text.
        gapped=preview is not None,
        **{one.name: getattr(article, one.name) for one in fields(Metadata)},
    )


# The fields of a view by the name of what fills them.
_FILLED = {
    "issuer": "issuer",
    "document_number": "document_number",
    "kind": "kind",
    "written": "date",
}


def _with_metadata(view: View) -> View:
    """The view with what its own title and text say; what the source gave stays as it is.

    Guests' views have what the preview says: the signature often stands in the paid part.
    """
    found = metadata.find(view.title, view.text)
    said = {_FILLED[one.field]: one.value for one in found if one.field in _FILLED}
    filled = {name: value for name, value in said.items() if not getattr(view, name)}
    return replace(view, found=found, derived=tuple(filled), **filled)  # type: ignore[arg-type]  # all texts
