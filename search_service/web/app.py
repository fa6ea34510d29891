"""The Flask application: the JSON API and the pages. Entry point: :func:`create_app`.

Routes, parameters and presentation; the search itself is in the rest of ``search_service``.
"""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from flask import Flask, Response, request, url_for
from flask.json.provider import DefaultJSONProvider
from werkzeug.routing import PathConverter

from search_service import logs
from search_service.drafting.wording import read_wording
from search_service.errors import Unauthorized
from search_service.roles import Role
from search_service.service import SearchService
from search_service.settings import Settings
from search_service.web import problems
from search_service.web.access_log import AccessLog
from search_service.web.api.drafts import drafts
from search_service.web.api.push import push
from search_service.web.api.search import api
from search_service.web.compression import add_compression
from search_service.web.conditional import add_conditional_answers
from search_service.web.embedding import add_cors, embed
from search_service.web.forms import FIELD, add_form_cookie, form_token
from search_service.web.operations import HEALTH, READINESS, Readiness, operations
from search_service.web.pages.advanced import advanced
from search_service.web.pages.collection import clipped, collection
from search_service.web.pages.feeds import feeds
from search_service.web.pages.lists import lists
from search_service.web.pages.login import NAMES, login, login_link, page_path, refused, role_name
from search_service.web.pages.models import models
from search_service.web.pages.portal import portal
from search_service.web.pages.reader import pages, robots
from search_service.web.pages.reference import reference
from search_service.web.pages.saved_drafts import (
    saved_draft,
    saved_drafts,
    saved_line,
    saved_version,
)
from search_service.web.pages.theme import THEMES, themes
from search_service.web.pages.workbench import workbench
from search_service.web.proxy import SchemeOfProxy
from search_service.web.rate_limits import add_rate_limit
from search_service.web.request import (
    KEY_HEADER,
    SERVICE,
    SITE,
    Example,
    Site,
    account,
    admit,
    depends_on_visitor,
    identify,
    site,
    visitor,
)
from search_service.web.tokens import open_tokens

__all__ = ["Example", "create_app"]

# Styles, scripts and the icon are our own files; nothing is inline or from other hosts. No
# upgrade-insecure-requests: many of these networks have plain http only.
_POLICY = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
_log = logs.Log(__name__)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    # The URL contains the query, which must not be sent to the portal's host.
    "Referrer-Policy": "same-origin",
}
# A hidden article must disappear within seconds, from caches too, so every use is revalidated. Not
# no-store: that would lose what somebody typed when they go back a page.
_CACHE = "no-cache"
# Of members and whoever logs in.
_CACHE_OF_ONE = "private, no-cache"
# Of a static file at an address with the digest of its content: another content has another address.
_CACHE_FOREVER = "public, max-age=31536000, immutable"


class _ArticleId(PathConverter):
    """An id of a source, which may contain slashes, even at the beginning."""

    regex = ".+?"
    part_isolating = False  # Werkzeug's default for converters with a pattern is True


class _Json(DefaultJSONProvider):
    """JSON with keys in insertion order and unescaped Chinese."""

    ensure_ascii = False
    sort_keys = False


class _Flask(Flask):
    json_provider_class = _Json


def create_app(
    service: SearchService,
    settings: Settings,
    *,
    examples: Sequence[Example] = (),
    demo: bool = False,
) -> Flask:
    """Create the application for an open service.

    All URLs are under ``settings.path_prefix``, except ``/robots.txt``. ``demo``: with ``/demo/portal``, and
    anybody may become anybody. Raises ``ConfigurationError`` for a key of tokens or a list of
    words that cannot be used.
    """
    prefix = settings.path_prefix
    app = _Flask(__name__, static_url_path=f"{prefix}/static")
    app.extensions[SERVICE] = service
    app.extensions[READINESS] = Readiness(service)
    app.extensions[SITE] = Site(
        settings=settings,
        examples=tuple(examples),
        tokens=open_tokens(settings),
        demo=demo,
        wording=read_wording(settings.wording),
    )
    if not settings.secure_cookies and not demo:
        _log.warning("insecure-cookies")
    app.config["MAX_CONTENT_LENGTH"] = problems.MAX_BODY
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.url_map.merge_slashes = False
    app.url_map.converters["article"] = _ArticleId
    app.register_blueprint(pages, url_prefix=prefix or None)
    app.register_blueprint(workbench, url_prefix=prefix or None)
    app.register_blueprint(models, url_prefix=prefix or None)
    app.register_blueprint(advanced, url_prefix=prefix or None)
    app.register_blueprint(collection, url_prefix=prefix or None)
    app.register_blueprint(saved_drafts, url_prefix=prefix or None)
    app.register_blueprint(lists, url_prefix=prefix or None)
    app.register_blueprint(feeds, url_prefix=prefix or None)
    app.register_blueprint(themes, url_prefix=prefix or None)
    app.register_blueprint(reference, url_prefix=prefix or None)
    app.register_blueprint(embed, url_prefix=prefix or None)
    if demo:
        app.register_blueprint(portal, url_prefix=prefix or None)
    app.register_blueprint(login, url_prefix=prefix or None)
    app.add_url_rule("/robots.txt", view_func=robots)
    app.register_blueprint(api, url_prefix=f"{prefix}/api/v1")
    app.register_blueprint(push, url_prefix=f"{prefix}/api/v1")
    app.register_blueprint(drafts, url_prefix=f"{prefix}/api/v1")
    app.register_blueprint(operations, url_prefix=f"{prefix}/api/v1")
    problems.register(app, api_prefix=f"{prefix}/api")
    app.register_error_handler(Unauthorized, refused)
    digests = {
        file.name: hashlib.blake2b(file.read_bytes(), digest_size=6).hexdigest()
        for file in (Path(__file__).parent / "static").iterdir()
    }
    _add_template_values(app, settings, digests)
    _add_headers(app, settings, digests)
    add_cors(app, settings)
    add_compression(app)
    add_conditional_answers(app)  # before compression: the last one registered is the first to run
    health = [f"{prefix}/api/v1/{name}" for name in HEALTH]
    app.wsgi_app = SchemeOfProxy(app, settings)  # type: ignore[method-assign]  # as below
    app.wsgi_app = AccessLog(app, health)  # type: ignore[method-assign]  # Flask's way to wrap it
    app.before_request(identify)  # after the log has noted the route
    add_rate_limit(app, settings)  # of a key only once it is known to be valid
    app.before_request(admit)  # wrong ones are counted, too: nobody tries as many as they like
    return app


def _add_template_values(app: Flask, settings: Settings, digests: Mapping[str, str]) -> None:
    def asset(name: str) -> str:
        return url_for("static", filename=name, v=digests[name])

    app.jinja_env.globals["asset"] = asset
    app.jinja_env.globals.update(
        account_name=account,
        clipped=clipped,
        form_field=FIELD,
        form_token=form_token,
        login_link=login_link,
        page_path=page_path,
        role_name=role_name,
        role_names=NAMES,
        saved_draft=saved_draft,
        saved_line=saved_line,
        saved_version=saved_version,
        site_is_demo=lambda: site().demo,
        visitor=visitor,
    )
    app.jinja_env.globals["site_name"] = settings.site_name
    app.jinja_env.globals["footer"] = settings.footer
    app.jinja_env.globals["themes"] = THEMES


def _add_headers(app: Flask, settings: Settings, digests: Mapping[str, str]) -> None:
    policy = " ".join([_POLICY, *sorted(settings.origins)])
    # What may have said who asks: a shared cache must never give a member's answer to a guest.
    varies = ["Cookie", "Authorization", KEY_HEADER, *filter(None, [settings.role_header])]

    @app.after_request
    def finish(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", policy)
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Cache-Control", _CACHE)
        if request.endpoint == "static" and response.status_code < 400:
            digest = digests.get((request.view_args or {}).get("filename", ""))
            if digest and request.args.get("v") == digest:
                response.headers["Cache-Control"] = _CACHE_FOREVER
        add_form_cookie(response)
        if depends_on_visitor():
            response.vary.update(varies)
        if visitor().role is not Role.PUBLIC or "Set-Cookie" in response.headers:
            response.headers["Cache-Control"] = _CACHE_OF_ONE
        return response
