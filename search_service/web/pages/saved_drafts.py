"""The drafts that somebody with an account saves, to go on with. Entry points: :data:`saved_drafts` (a
blueprint), :func:`saved_draft`, :func:`saved_version`.

Nothing of a draft is logged, counted or suggested.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from http import HTTPStatus

from flask import Blueprint, g, redirect, request, url_for
from werkzeug.exceptions import Forbidden
from werkzeug.wrappers import Response

from analyzers.messages import say
from search_service.errors import BadInput, NotFound
from search_service.state.drafts import MOST_VERSIONS, SavedDraft, Version
from search_service.web.forms import is_own_form
from search_service.web.pages import workbench
from search_service.web.pages.accounts import lead_to_log_in, require_own_form
from search_service.web.pages.draft_form import Place, SentDraft, sent_draft
from search_service.web.pages.sheet import sheet_of
from search_service.web.problems import problem
from search_service.web.request import account, render_json, render_page, service

saved_drafts = Blueprint("saved_drafts", __name__)
_ID = re.compile(r"[0-9a-f]{16}")
_NUMBER = re.compile(r"[0-9]{1,9}")
_CHINA = timezone(timedelta(hours=8))
_ELSEWHERE = "这份稿件在别处改过，这里的已另存为一个版本；别处改的在各个版本里。"


@dataclass(frozen=True)
class SavedAs:
    """As what the draft of a form was saved: the version that it was made of, and the last one it knows."""

    draft: str
    base: int
    latest: int


def saved_draft() -> SavedAs | None:
    """As what the draft of this page was saved; None if it was not."""
    if "saved_draft" not in g:
        g.saved_draft = _sent_with_form() if account() else None
    found: SavedAs | None = g.saved_draft
    return found


def saved_version(text: str) -> Version | None:
    """The version that the draft of this page was made of, if it has this text: nothing is to be saved."""
    saved = saved_draft()
    try:
        opened = saved and service().store.drafts.open(account(), saved.draft, saved.base)
    except NotFound:
        return None
    return opened.version if opened and opened.text == text else None


def saved_line(number: int, saved: str) -> str:
    """Which version was saved when, for a page."""
    return f"已保存，{_moment(saved)}，第 {number} 版。"


def _sent_with_form() -> SavedAs | None:
    draft = request.form.get("draft", "")
    base = _number(request.form.get("base")) or 0
    latest = _number(request.form.get("latest")) or base
    return SavedAs(draft, base, latest) if _ID.fullmatch(draft) else None


@saved_drafts.get("/drafts")
def listing() -> str | Response:
    """Show all drafts of the account."""
    if not account():
        return lead_to_log_in()
    return render_page("drafts.html", drafts=service().store.drafts.of(account()), moment=_moment)


@saved_drafts.post("/drafts/save")
def save() -> Response | tuple[str, int]:
    """Save the draft of a form, and lead to its page; a script that asks for JSON gets the version."""
    if not account():
        raise Forbidden
    sent, before = sent_draft(), saved_draft()
    if not is_own_form():
        message = say(
            "页面放得太久，或重新登录过，这次没有保存；请再按一次“保存”",
            "this form is of another log-in, so nothing was saved; save again",
        )
        return _not_saved(sent, HTTPStatus.BAD_REQUEST, "invalid-form", message)
    try:
        saved = service().store.drafts.save(
            account(),
            sent.text,
            [(one.article, one.passage) for one in sent.quoted],
            draft=before.draft if before else sent.fields.get("draft", ""),
            seen=(before.base, before.latest) if before else (),
            automatic="automatic" in sent.fields,
        )
    except NotFound as error:
        g.saved_draft = None
        again = say("；再按一次“保存”，存为新的一份", "; save again to make a new draft")
        return _not_saved(sent, error.status, error.code, error.message + again)
    except BadInput as error:
        return _not_saved(sent, error.status, error.code, error.message)
    if _wants_json():
        return render_json(_to_dict(saved))
    elsewhere = "1" if saved.elsewhere else None
    address = url_for(".show", draft_id=saved.draft, elsewhere=elsewhere)
    return redirect(address, HTTPStatus.SEE_OTHER)


def _not_saved(sent: SentDraft, status: int, code: str, message: str) -> Response | tuple[str, int]:
    """Why nothing was saved; on a page, with the draft, so that nobody loses what they wrote."""
    if _wants_json():
        return problem(status, code, message)
    return workbench.page(sheet_of(sent.text, sent.quoted), fault=message), status


@saved_drafts.get("/drafts/<draft_id>")
def show(draft_id: str) -> str | Response:
    """Show a draft in the form, its last version or ``version``, and the others below."""
    if not account():
        return lead_to_log_in()
    number = _number(request.args.get("version"))
    opened = service().store.drafts.open(account(), draft_id, number)
    g.saved_draft = SavedAs(draft_id, opened.version.number, opened.last.number)
    return workbench.page(
        sheet_of(opened.text, [Place(article, passage) for article, passage in opened.quoted]),
        template="saved_draft.html",
        opened=opened,
        elsewhere=_ELSEWHERE if "elsewhere" in request.args else "",
        moment=_moment,
        most=MOST_VERSIONS,
    )


@saved_drafts.post("/drafts/<draft_id>")
def remove(draft_id: str) -> Response:
    """Delete a draft, or one of its versions."""
    require_own_form()
    number = _number(request.form.get("version"))
    service().store.drafts.remove(account(), draft_id, number)
    if number is None:
        return redirect(url_for(".listing"), HTTPStatus.SEE_OTHER)
    return redirect(url_for(".show", draft_id=draft_id, _anchor="versions"), HTTPStatus.SEE_OTHER)


def _to_dict(saved: SavedDraft) -> dict[str, object]:
    return {
        "draft": saved.draft,
        "version": saved.version,
        "elsewhere": saved.elsewhere,
        "message": _ELSEWHERE if saved.elsewhere else saved_line(saved.version, saved.saved),
        "address": url_for(".show", draft_id=saved.draft, _anchor="versions"),
    }


def _wants_json() -> bool:
    return (
        request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json"
    )


def _number(value: str | None) -> int | None:
    return int(value) if value and _NUMBER.fullmatch(value) else None


def _moment(saved: str) -> str:
    """A time of the state, as clocks in China show it."""
    return f"{datetime.fromisoformat(saved).astimezone(_CHINA):%Y-%m-%d %H:%M}"
