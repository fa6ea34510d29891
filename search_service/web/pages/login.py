"""Logging in and out. Entry points: :data:`login` (a blueprint), :func:`refused`, :func:`login_link`.

What a page says of a failed log-in is the same whatever was wrong.
"""

from contextlib import suppress
from http import HTTPStatus
from urllib.parse import quote

from flask import Blueprint, Response, abort, g, make_response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from search_service import logs
from search_service.errors import GongwenError, Unauthorized
from search_service.roles import Role
from search_service.state.accounts import account_name
from search_service.state.attempts import WINDOW
from search_service.state.sessions import LIFETIME
from search_service.web.forms import delete_cookie, is_own_form, local_path, set_cookie
from search_service.web.problems import problem
from search_service.web.request import (
    PREVIEW,
    SESSION,
    caller,
    render_page,
    service,
    site,
    visitor,
)
from search_service.web.tokens import ROLES

login = Blueprint("login", __name__)
# Of roles, as pages name them.
NAMES = {
    Role.PUBLIC: "游客",
    Role.MEMBER: "会员",
    Role.STAFF: "工作人员",
    Role.EDITOR: "编辑",
    Role.INDEXER: "索引员",
    Role.ADMIN: "管理员",
}
_log = logs.Log(__name__)


def _has_accounts() -> bool:
    return service().store.accounts.exist()


def page_path() -> str | None:
    """The path of this page with its query, to come back to; None for a form that was sent."""
    return request.full_path.rstrip("?") if request.method == "GET" else None


def login_link() -> str:
    """The address at which a guest can log in and come back; empty if there is none."""
    if "login_link" not in g:
        g.login_link = ""
        with suppress(GongwenError):  # a page that says what fails is shown all the same
            settings = site().settings
            if settings.login_url or site().demo or _has_accounts():
                g.login_link = url_for("login.form", next=page_path())
    found: str = g.login_link
    return found


@login.get("/login")
def form() -> AnyResponse:
    """Show the form, or lead to the portal's."""
    target = local_path(request.args.get("next"))
    if not _has_accounts() and not site().demo:
        if not site().settings.login_url:
            abort(HTTPStatus.NOT_FOUND)
        return redirect(_portal(target), HTTPStatus.SEE_OTHER)
    return _page(target)


def _portal(target: str) -> str:
    """The address of the portal's log-in page."""
    return site().settings.login_url.replace("{next}", quote(target, safe=""))


def _page(target: str, fault: str = "", status: int = HTTPStatus.OK, name: str = "") -> Response:
    page = render_page(
        "login.html",
        target=target,
        fault=fault,
        typed_name=name,
        has_accounts=_has_accounts(),
        portal=_portal(target) if site().settings.login_url else "",
    )
    return make_response(page, status)


@login.post("/login")
def log_in() -> AnyResponse:
    """Log in with an account."""
    target = local_path(request.form.get("next"))
    name, password = request.form.get("name", ""), request.form.get("password", "")
    if not is_own_form():
        return _page(target, "form", HTTPStatus.BAD_REQUEST, name)
    attempts, address = service().store.attempts, caller()
    if not attempts.admit(account_name(name), address):
        _log.warning("log-in-throttled")
        response = _page(target, "throttled", HTTPStatus.TOO_MANY_REQUESTS, name)
        response.headers["Retry-After"] = str(WINDOW)
        return response
    account = service().store.accounts.verified(name, password)
    if account is None:
        _log.info("log-in-refused")
        return _page(target, "wrong", HTTPStatus.UNAUTHORIZED, name)
    attempts.forget(account, address)
    _log.info("logged-in")
    return _start(service().store.sessions.start(account=account), target)


@login.route("/login/token", methods=["GET", "POST"])
def by_token() -> AnyResponse:
    """Log in by a token of the portal, which works once."""
    target = local_path(request.values.get("next"))
    reader = site().tokens
    claims = reader.read(request.values.get("token", "")) if reader else None
    sessions = service().store.sessions
    if claims is None or not claims.id or not sessions.spend(claims.id, claims.expires):
        _log.info("log-in-refused")
        return _page(target, "token", HTTPStatus.UNAUTHORIZED)
    return _start(sessions.start_as(claims.role), target)


def _start(token: str, target: str) -> AnyResponse:
    """Lead to the page with a new session, and end the one before."""
    if before := request.cookies.get(SESSION):
        service().store.sessions.end(before)
    response = make_response(redirect(target, HTTPStatus.SEE_OTHER))
    set_cookie(response, SESSION, token, seconds=LIFETIME)
    delete_cookie(response, PREVIEW)
    return response


@login.post("/logout")
def log_out() -> AnyResponse:
    """End the session."""
    if not is_own_form():
        return _page(url_for("pages.home"), "form", HTTPStatus.BAD_REQUEST)
    if token := request.cookies.get(SESSION):
        service().store.sessions.end(token)
    response = make_response(redirect(url_for("pages.home"), HTTPStatus.SEE_OTHER))
    delete_cookie(response, SESSION)
    delete_cookie(response, PREVIEW)
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


@login.post("/preview")
def preview() -> AnyResponse:
    """Show the pages as a lower role would see them, or as oneself again."""
    target = local_path(request.form.get("next"))
    if not is_own_form():
        return _page(target, "form", HTTPStatus.BAD_REQUEST)
    wanted = request.form.get("role", "")
    response = make_response(redirect(target, HTTPStatus.SEE_OTHER))
    if wanted in [role.value for role in visitor().role.previews]:
        set_cookie(response, PREVIEW, wanted)
    else:
        delete_cookie(response, PREVIEW)
    return response


@login.post("/demo/role")
def change_role() -> AnyResponse:
    """In the demonstration alone: become a guest, a member or one of the staff."""
    if not site().demo:
        abort(HTTPStatus.NOT_FOUND)
    target, wanted = local_path(request.form.get("next")), request.form.get("role", "")
    if not is_own_form():
        return _page(target, "form", HTTPStatus.BAD_REQUEST)
    if wanted in ROLES:
        return _start(service().store.sessions.start_as(ROLES[wanted]), target)
    response = make_response(redirect(target, HTTPStatus.SEE_OTHER))
    delete_cookie(response, SESSION)
    return response


def refused(error: Unauthorized) -> Response:
    """The answer to a key, token or session that is not valid: the same for all of them."""
    logs.add(code=error.code)
    prefix = site().settings.path_prefix
    if request.path.startswith(f"{prefix}/api/"):
        response = problem(error.status, error.code, error.message)
        response.headers["WWW-Authenticate"] = "Bearer"
        return response
    response = _page(local_path(page_path()), "expired", error.status)
    delete_cookie(response, SESSION)
    return response


def role_name() -> str:
    """The role of the visitor, as pages name it; empty for a guest."""
    role = visitor().role
    return "" if role is Role.PUBLIC else NAMES[role]
