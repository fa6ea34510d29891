"""What a portal embeds: two scripts, and which origins may use them.

Entry points: :data:`embed` (a blueprint), :func:`add_cors`. A script is one file without dependencies, put
together here from ``embed/`` and the combobox of our pages. It asks the API from the portal's origin, without
cookies: only the origins that the operator lists may read the answers.
"""

import re
from collections.abc import Callable
from pathlib import Path

from flask import Blueprint, Flask, Response, request

from search_service.settings import Settings

embed = Blueprint("embed", __name__)
_HERE = Path(__file__).parent
# The portal's page names the address, so it has no digest; an older script for ten minutes does no harm.
_CACHE = "public, max-age=600"
# Comments and indentation; no text of these files has a line that begins so.
_NOT_CODE = re.compile(r"^\s*(?://.*\n)?", re.MULTILINE)
_FILES = {
    "search": ("static/suggest.js", "embed/search.js"),
    "related": ("embed/related.js",),
}


def _assembled(name: str) -> str:
    """The script as it is served, in a function of its own: it defines no global."""
    code = "".join((_HERE / file).read_text(encoding="utf-8") for file in _FILES[name])
    body = _NOT_CODE.sub("", code.replace('"use strict";\n', ""))
    return f'(() => {{\n"use strict";\n{body}}})();\n'


def _serve(name: str) -> Callable[[], Response]:
    content = _assembled(name)

    def script() -> Response:
        # With its charset: a page in GBK would read it as GBK.
        response = Response(content, content_type="text/javascript; charset=utf-8")
        response.headers["Cache-Control"] = _CACHE
        return response

    return script


for _name in _FILES:
    embed.add_url_rule(f"/embed/{_name}.js", _name, _serve(_name))


def add_cors(app: Flask, settings: Settings) -> None:
    """Let pages of the origins that embed us read answers of the API: by GET, without cookies or keys."""
    origins = settings.origins
    if not origins:
        return

    @app.after_request
    def permit(response: Response) -> Response:
        if request.path.startswith(f"{settings.path_prefix}/api/"):
            response.vary.add("Origin")
            if request.headers.get("Origin") in origins and request.method in {"GET", "HEAD"}:
                response.headers["Access-Control-Allow-Origin"] = request.headers["Origin"]
        return response
