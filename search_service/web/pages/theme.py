"""Light and dark pages. Entry points: the routes :func:`theme_sheet` and :func:`choose_theme`.

A choice is kept in a cookie and works without JavaScript. Only the small sheet ``theme.css`` depends on the
cookie, never a page: a choice makes no page another one.
"""

from pathlib import Path
from urllib.parse import urlsplit

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

themes = Blueprint("themes", __name__)
COOKIE = "theme"
# Value -> label; the first follows the system and needs no cookie.
THEMES = {"auto": "跟随系统", "light": "浅色", "dark": "深色"}
_DARK = (Path(__file__).parents[1] / "static" / "dark.css").read_text(encoding="utf-8")
_YEAR = 365 * 24 * 3600


@themes.get("/theme.css")
def theme_sheet() -> Response:
    """Return the dark colours, if they were chosen or the system has them, and a mark beside the choice."""
    chosen = request.cookies.get(COOKIE, "")
    if chosen not in THEMES:
        chosen = "auto"
    sheets = {
        "auto": f"@media screen and (prefers-color-scheme: dark) {{\n{_DARK}}}\n",
        "light": "",
        "dark": f"@media screen {{\n{_DARK}}}\n",
    }
    mark = f'.theme [value={chosen}]::before {{ content: "✓ "; }}\n'
    response = Response(sheets[chosen] + mark, mimetype="text/css")
    response.vary.add("Cookie")
    return response


@themes.post("/theme")
def choose_theme() -> AnyResponse:
    """Keep the choice in a cookie and go back to the page it was made on."""
    chosen = request.form.get("theme", "")
    came_from = urlsplit(request.referrer or "")
    back = url_for("pages.home")
    if came_from.netloc == request.host:
        # One slash: a path that begins with two would name another host.
        path = "/" + came_from.path.lstrip("/")
        back = f"{path}?{came_from.query}" if came_from.query else path
    response = redirect(back, 303)
    everywhere = url_for("pages.home")
    if chosen in THEMES and chosen != "auto":
        response.set_cookie(COOKIE, chosen, max_age=_YEAR, path=everywhere, samesite="Lax")
    else:
        response.delete_cookie(COOKIE, path=everywhere, samesite="Lax")
    return response
