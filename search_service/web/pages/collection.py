"""What somebody with an account has collected, to look at, order and export.

Entry points: :data:`collection` (a blueprint), :func:`clipped`, :func:`collect_from_form`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from flask import Blueprint, g, json, redirect, request, url_for
from werkzeug.exceptions import Forbidden
from werkzeug.wrappers import Response

from analyzers.messages import say
from search_service.answers.citations import citations
from search_service.answers.precedents import passage_of
from search_service.drafting.references import Quoted
from search_service.errors import BadInput, NotFound
from search_service.model import StoredArticle
from search_service.roles import Right
from search_service.state.clippings import MAX_NOTE, MAX_SECTION, Clipping
from search_service.web.draft_files import MEDIA, draft_file
from search_service.web.forms import is_own_form, local_path
from search_service.web.pages.accounts import lead_to_log_in, require_own_form
from search_service.web.request import account, audience, may, render_page, service

collection = Blueprint("collection", __name__)


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A clipping as its page shows it.

    ``text``: of the passage, empty of a whole article, and where the passage is no longer in the article.
    ``article``: None where it cannot be read now, whatever the reason.
    """

    clipping: Clipping
    article: StoredArticle | None
    text: str = ""
    path: tuple[str, ...] = ()

    @property
    def is_superseded(self) -> bool:
        """Whether the article was changed, so that it has no such passage."""
        return self.article is not None and bool(self.clipping.passage_id) and not self.text

    @property
    def citation(self) -> str:
        """The article as a footnote names it."""
        return citations(self.article.view)[1].text if self.article else ""

    @property
    def url(self) -> str:
        """Where the passage, or the article, can be read."""
        anchor = f"p-{self.clipping.passage_id}" if self.text else None
        return url_for("pages.article", article_id=self.clipping.article_id, _anchor=anchor)


def clipped() -> frozenset[tuple[str, str]]:
    """The ids of articles and passages that whoever makes this request has collected."""
    if "clipped" not in g:
        mine = service().store.clippings.of(account()) if account() else ()
        g.clipped = frozenset((one.article_id, one.passage_id) for one in mine)
    found: frozenset[tuple[str, str]] = g.clipped
    return found


@collection.get("/collection")
def show() -> str | Response:
    """Show everything that was collected, by section."""
    return _page() if account() else lead_to_log_in()


def _page(fault: str = "") -> str:
    return render_page(
        "collection.html",
        fault=fault,
        sections=_by_section(),
        may_export=may(Right.EXPORT),
        max_note=MAX_NOTE,
        max_section=MAX_SECTION,
    )


@collection.post("/collection")
def add() -> Response | tuple[str, int]:
    """Collect an article or a passage, and lead back."""
    require_own_form()
    try:
        _collect(*_named(request.form.get("clip", "")))
    except BadInput as full:
        return _page(full.message), HTTPStatus.UNPROCESSABLE_ENTITY
    return redirect(local_path(request.form.get("next")), HTTPStatus.SEE_OTHER)


def collect_from_form(form: Mapping[str, str]) -> str:
    """Collect what a button of another form named; the reason if it could not be, else an empty text."""
    if "clip" not in form or not account() or not is_own_form():
        return ""
    try:
        _collect(*_named(form["clip"]))
    except (BadInput, NotFound) as error:
        return error.message
    return ""


def _collect(article_id: str, passage_id: str) -> None:
    """Raises ``NotFound`` for what may not be read, ``BadInput`` where there is no room."""
    stored = service().reader(audience()).fetch([article_id]).get(article_id)
    if stored is None or (passage_id and passage_of(stored, passage_id) is None):
        raise NotFound(say("没有这篇文章或这一段", "there is no such article or passage"))
    service().store.clippings.add(account(), article_id, passage_id)
    g.pop("clipped", None)


@collection.post("/collection/<int:clipping_id>")
def change(clipping_id: int) -> Response:
    """Move, describe or remove a clipping."""
    require_own_form()
    clippings, form = service().store.clippings, request.form
    match form.get("do", ""):
        case "up":
            clippings.move(account(), clipping_id, -1)
        case "down":
            clippings.move(account(), clipping_id, 1)
        case "remove":
            clippings.remove(account(), clipping_id)
        case _:
            section, note = form.get("section", ""), form.get("note", "")
            clippings.change(account(), clipping_id, section=section, note=note)
    return redirect(url_for(".show", _anchor=f"clip-{clipping_id}"), HTTPStatus.SEE_OTHER)


@collection.get("/collection/file")
def download() -> Response:
    """Return what was collected as a file, by section, with its sources."""
    if not account():
        return lead_to_log_in()
    if not may(Right.EXPORT):
        raise Forbidden
    file = request.args.get("file", "")
    return draft_file(
        say("收藏夹", "Collection"),
        list(_quoted()),
        sources="list",
        file=file if file in MEDIA else "docx",
    )


def _quoted() -> Iterator[Quoted]:
    """The lines of the file: a section, its texts with their sources, the notes."""
    for section, ones in _by_section().items():
        if section:
            yield Quoted(section)
        for one in ones:
            if one.article is None:
                continue
            lines = [line for line in one.text.splitlines() if line.strip()]
            lines = lines or [citations(one.article.view)[0].text]
            yield from map(Quoted, lines[:-1])
            yield Quoted(lines[-1], one.clipping.article_id, one.clipping.passage_id)
            if one.clipping.note:
                yield Quoted(say(f"（注：{one.clipping.note}）", f"(Note: {one.clipping.note})"))


def _by_section() -> dict[str, list[Shown]]:
    sections: dict[str, list[Shown]] = {}
    for one in _shown():
        sections.setdefault(one.clipping.section, []).append(one)
    return sections


def _shown() -> list[Shown]:
    """The clippings with what may be read of them now; one read for all."""
    mine = service().store.clippings.of(account())
    ids = list(dict.fromkeys(one.article_id for one in mine))
    stored = service().reader(audience()).fetch(ids) if ids else {}
    shown = []
    for one in mine:
        article = stored.get(one.article_id)
        passage = passage_of(article, one.passage_id) if article else None
        if article is None or passage is None:
            shown.append(Shown(clipping=one, article=article))
        else:
            text = article.text_of(passage)
            shown.append(Shown(clipping=one, article=article, text=text, path=passage.path))
    return shown


def _named(value: str) -> tuple[str, str]:
    """The ids of an article and of a passage, from a field of a form."""
    try:
        match json.loads(value):
            case [str(article_id), str(passage_id)]:
                return article_id, passage_id
    except (ValueError, RecursionError):
        pass
    return "", ""
