"""``/demo/portal``: a page of a portal as they were built twenty years ago, with both things to embed.

Only in the demonstration. In GB 18030, with tables, styles for every element and scripts that put names into
the window: what the box and the related articles must bear. Entry point: :data:`portal`.
"""

from flask import Blueprint, Response, render_template, request

from search_service.answers import browse, lists
from search_service.web.request import audience, service

portal = Blueprint("portal", __name__)
_CHARSET = "gb18030"
_NEWEST = 10


@portal.get("/demo/portal")
def page() -> Response:
    """Show the article with the id of the address, or the newest one, as a portal would."""
    latest = lists.newest(service(), audience(), size=_NEWEST).articles
    key = request.args.get("id") or (latest[0].view.id if latest else "")
    stored = browse.article(service(), key, audience())
    html = render_template("portal.html", article=stored.view, latest=[one.view for one in latest])
    return Response(
        html.encode(_CHARSET, errors="xmlcharrefreplace"),
        content_type=f"text/html; charset={_CHARSET}",
    )
