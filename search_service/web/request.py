"""The context of the current request. Entry points: :func:`service`, :func:`audience`, :func:`may`,
:func:`account`.

Only this module decides the audience of a request, once, before anything else happens: by a key or token,
by a session, by the header of a trusted proxy. What is sent and not valid is an error, never a guest.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field

from flask import current_app, g, jsonify, render_template, request

from analyzers.messages import say
from search_service import logs
from search_service.drafting.wording import Wording
from search_service.errors import Unauthorized
from search_service.metrics import stage
from search_service.model import Audience
from search_service.roles import Right, Role
from search_service.service import SearchService
from search_service.settings import Settings
from search_service.state import keys
from search_service.web.tokens import ROLES, Tokens

SERVICE = "gongwen"
SITE = "gongwen.site"
# The cookie of a session, and that of a preview: it can only take away, so it needs no signature.
SESSION, PREVIEW = "gongwen_session", "gongwen_preview"
KEY_HEADER = "X-API-Key"
# Files, which cost nothing, and what monitors ask.
FILES_AND_HEALTH = frozenset(
    {"static", "robots", "operations.livez", "operations.healthz", "themes.theme_sheet"}
    | {"embed.search", "embed.related"}
)
# What is the same for everybody: those, and how to log in.
_FOR_ALL = (
    FILES_AND_HEALTH
    | {"themes.choose_theme"}
    | {"login.form", "login.log_in", "login.by_token", "login.log_out"}
)
# Bits of an IPv6 address that a provider gives to one customer.
_IPV6_PREFIX = 64
# Flask's functions, timed.
render_page = stage("render")(render_template)
render_json = stage("render")(jsonify)


@dataclass(frozen=True, kw_only=True)
class Example:
    """A search suggested on the home page.

    ``found``: the number of results, by audience; ``like_count``: that of ``LIKE '%text%'``.
    """

    text: str
    note: str
    like_count: Sequence[int]
    found: Sequence[int]


@dataclass(frozen=True, kw_only=True)
class Site:
    """Settings and examples for the pages; ``tokens``: of the portal; ``demo``: anybody may be anybody.

    ``wording``: the operator's words, for the check of drafts.
    """

    settings: Settings
    examples: Sequence[Example] = ()
    tokens: Tokens | None = None
    demo: bool = False
    wording: Wording = field(default_factory=lambda: Wording({}))


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """Who makes this request.

    ``shown``: the role as which they see the pages, lower in a preview. ``in_session``: they have logged in
    here, and can log out.
    """

    role: Role
    shown: Role
    in_session: bool = False


_GUEST = Visitor(role=Role.PUBLIC, shown=Role.PUBLIC)


def service() -> SearchService:
    """The search service of this application."""
    found: SearchService = current_app.extensions[SERVICE]
    return found


def site() -> Site:
    """The settings and examples of this application."""
    found: Site = current_app.extensions[SITE]
    return found


def visitor() -> Visitor:
    """Who makes this request; a guest until :func:`identify` has said otherwise."""
    found: Visitor = g.get("visitor", _GUEST)
    return found


def audience() -> Audience:
    """The audience of this request."""
    return visitor().shown.audience


def account() -> str:
    """The account that has logged in here; empty for everybody else, and in a preview."""
    if "account" not in g:
        who, session = visitor(), request.cookies.get(SESSION)
        is_own = session and sent_key() is None and who.shown is who.role
        g.account = service().store.sessions.account(session) if session and is_own else ""
    found: str = g.account
    return found


def may(right: Right) -> bool:
    """Whether whoever makes this request has a right."""
    return right in visitor().shown.rights


def depends_on_visitor() -> bool:
    """Whether the answer may depend on who asks."""
    return request.endpoint not in _FOR_ALL


def identify() -> None:
    """Decide who makes this request; what is sent and not valid is refused by :func:`admit`, once counted."""
    if depends_on_visitor():
        role = _role()
        g.is_refused = role is None
        if role is not None:
            wanted = request.cookies.get(PREVIEW)
            shown = next((one for one in role.previews if one.value == wanted), role)
            g.visitor = Visitor(role=role, shown=shown, in_session=SESSION in request.cookies)
    logs.add(audience=audience().label)


def admit() -> None:
    """Raise ``Unauthorized`` if what was sent is not valid."""
    if is_refused():
        raise Unauthorized(
            say(
                "密钥、令牌或登录无效；不带它即为游客，或换一个有效的",
                "the key, token or session is not valid; send none to be a guest, or a valid one",
            )
        )


def is_refused() -> bool:
    """Whether this request has sent a key, token or session that is not valid."""
    refused: bool = g.get("is_refused", False)
    return refused


def _role() -> Role | None:
    """The role of this request; None if what it sends is not valid."""
    token = sent_key()
    if token is not None:
        if token.startswith(keys.PREFIX):
            return service().store.keys.role(token, request.headers.get("Origin"))
        reader = site().tokens
        claims = reader.read(token) if reader else None
        return claims.role if claims else None
    if session := request.cookies.get(SESSION):
        return service().store.sessions.role(session)
    name = site().settings.role_header
    named = request.headers.get(name) if name else None
    if named and site().settings.trusts(request.remote_addr):
        return ROLES.get(named)
    return Role.PUBLIC


def sent_key() -> str | None:
    """The key or token that was sent. Other kinds of ``Authorization`` are for a proxy in front."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    return request.headers.get(KEY_HEADER)


def caller() -> str:
    """What counts as one caller: the client's address; of IPv6 the network, which one customer has."""
    address = request.remote_addr or ""
    forwarded = request.headers.get("X-Forwarded-For", "").split(",")
    trusts = site().settings.trusts
    while forwarded and forwarded[-1].strip() and trusts(address):
        address = forwarded.pop().strip()
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 6:
        return str(ipaddress.ip_network((parsed, _IPV6_PREFIX), strict=False))
    return address
