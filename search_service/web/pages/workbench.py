"""Pages for whoever drafts: passages for a topic or a draft. Entry points: :data:`workbench` (a blueprint),
:func:`page`.

A topic has an address, to be shared, reloaded and gone back to. A draft has none: it travels in the form,
with the ids of the passages that were put into it. It is stored only where its owner saves it
(:mod:`.saved_drafts`).
"""

from dataclasses import replace

from flask import Blueprint, redirect, request, url_for
from markupsafe import Markup
from werkzeug.exceptions import Forbidden, RequestEntityTooLarge
from werkzeug.wrappers import Response

from analyzers.outline import PLACES
from search_service import relevance
from search_service.answers import browse, drafts, precedents
from search_service.answers.presentation import (
    draft_to_dict,
    highlight,
    precedents_to_dict,
    reuse_to_dict,
)
from search_service.answers.reuse import reuse
from search_service.drafting.checking import check
from search_service.drafting.findings import Kind
from search_service.drafting.manuscript import manuscript_of
from search_service.drafting.presentation import finding_to_dict
from search_service.drafting.quotations import recognised
from search_service.drafting.uploads import TYPES
from search_service.intake.fields import MAX_LINE_LENGTH
from search_service.roles import Right
from search_service.web.draft_files import MEDIA, draft_file
from search_service.web.links import article_url
from search_service.web.pages.collection import collect_from_form
from search_service.web.pages.draft_form import (
    may_upload,
    sent_draft,
    texts,
    uploaded,
)
from search_service.web.pages.sheet import Sheet, written
from search_service.web.parameter_validation import once_or_several, validate_leniently
from search_service.web.parameters import PrecedentParameters
from search_service.web.request import audience, may, render_page, service, site

workbench = Blueprint("workbench", __name__)
# Kinds offered in the form: those of most documents.
KINDS = 12
# Characters shown around the words of a finding, and of a finding and what follows.
_AROUND = 15
_MOST_SHOWN = 80
_KINDS_OF_FINDINGS = {
    Kind.REPEALED: "引用失效",
    Kind.DOCUMENT_NUMBER: "文号",
    Kind.NUMBERING: "序号",
    Kind.PLACEHOLDER: "没有填",
    Kind.COPIED: "雷同",
    Kind.MISSING_SECTION: "缺一部分",
    Kind.WORDING: "用词",
}


workbench.before_request(may_upload)


@workbench.route("/precedents", methods=["GET", "POST"])
def passages() -> str | Response:
    """Show the form and the passages for the text: of a topic at an address, of a draft below the form."""
    sent = sent_draft()
    given, _ = once_or_several(PrecedentParameters, sent.fields)
    file, unread = uploaded()
    sheet = written(replace(sent, text=file or sent.text))
    text = sheet.text
    fault = collect_from_form(sent.fields) if request.method == "POST" else ""
    parameters, _ = validate_leniently(PrecedentParameters, {**given, "text": "—"})
    usable = bool(text.strip()) and len(text) <= relevance.MAX_DRAFT
    is_topic = precedents.is_topic(text)
    checks = request.method == "POST" and "check" in sent.fields
    if checks and not may(Right.EXPORT):
        raise Forbidden
    stays = checks or file or "draft" in sent.fields  # a saved one keeps its form
    if usable and is_topic and request.method == "POST" and not stays:
        query = parameters.model_dump(mode="json", exclude_defaults=True) | {"text": text.strip()}
        return redirect(url_for(".passages", _anchor="results", **query), 303)
    found = sections = findings = None
    blocked = False
    if usable and checks:
        findings = _findings(text)
    elif usable and is_topic:
        topic = precedents.precedents(
            service(), text, audience(), wanted=parameters.wanted, limit=parameters.size
        )
        found, blocked = precedents_to_dict(topic, link=article_url), topic.blocked
    elif usable:
        draft = drafts.for_draft(
            service(), text, audience(), wanted=parameters.wanted, limit=parameters.size
        )
        found = draft_to_dict(draft, link=article_url)
        sections = found["sections"]
    return page(
        sheet,
        parameters,
        fault=fault,
        unread=unread,
        found=found,
        sections=sections,
        findings=findings,
        blocked=blocked,
    )


def page(
    sheet: Sheet,
    parameters: PrecedentParameters | None = None,
    *,
    template: str = "precedents.html",
    **values: object,
) -> str:
    """The form with a draft, and what was found for it: ``values``, each of which may be missing.

    ``template``: one that extends that of the page.
    """
    text = sheet.text
    parameters = parameters or PrecedentParameters(text="—")
    kinds = browse.values(service(), audience())["kind"]
    nothing = {"found": None, "sections": None, "findings": None, "fault": "", "blocked": False}
    return render_page(
        template,
        text=text,
        quoted=sheet.quoted,
        borrowed=sheet.shown,
        may_export=may(Right.EXPORT),
        parameters=parameters,
        kinds=list(dict.fromkeys((*parameters.kind, *list(kinds)[:KINDS]))),
        places=PLACES,
        limit=relevance.MAX_DRAFT,
        types=TYPES,
        too_long=len(text) > relevance.MAX_DRAFT,
        narrowed=parameters.wanted != precedents.ANYTHING,
        kinds_of_findings=_KINDS_OF_FINDINGS,
        **nothing | values,
    )


def _findings(text: str) -> list[dict[str, object]]:
    """What a check finds, each with its words marked in what is around them."""
    title, _, body = text.strip().partition("\n")
    draft = manuscript_of(title.strip(), body)
    lines = [draft.title, *(one.text for one in draft.paragraphs)]
    return [
        finding_to_dict(one, link=article_url)
        | {"context": _context(lines[one.paragraph or 0], one.start, one.end)}
        for one in check(service(), draft, audience(), site().wording)
    ]


def _context(line: str, start: int, end: int) -> Markup:
    """The words marked in what is around them; of long ones the beginning."""
    first, last = max(0, start - _AROUND), min(end + _AROUND, start + _MOST_SHOWN)
    before, after = "…" if first else "", "…" if last < len(line) else ""
    moved = len(before) - first
    return highlight(before + line[first:last] + after, [(start + moved, min(end, last) + moved)])


@workbench.post("/precedents/borrowed")
def borrowed_lines() -> str:
    """Show what of a draft was put into it: a part of the page, for its script."""
    sheet = written(sent_draft())
    if len(sheet.text) > relevance.MAX_DRAFT:
        raise RequestEntityTooLarge
    return render_page("borrowed.html", borrowed=sheet.shown)


@workbench.get("/articles/<article:article_id>/reuse")
def article_reuse(article_id: str) -> str:
    """Show where else the paragraphs of an article are."""
    if not may(Right.EXPORT):
        raise Forbidden
    found = reuse(service(), article_id, audience())
    values = reuse_to_dict(found, link=article_url) | {"text": found.stored.view.text}
    return render_page("reuse.html", found=values)


@workbench.post("/precedents/file")
def download() -> Response:
    """Return the draft as a file: its first line is the title, and what was put in has its source."""
    if not may(Right.EXPORT):
        raise Forbidden
    sent = sent_draft()
    text = sent.text.strip()
    if len(text) > relevance.MAX_DRAFT:
        raise RequestEntityTooLarge
    title, _, body = text.partition("\n")
    file, sources = request.form.get("file", ""), request.form.get("sources", "")
    return draft_file(
        title.strip()[:MAX_LINE_LENGTH] or "草稿",
        recognised(body, texts(sent.quoted)),
        sources=sources,
        file=file if file in MEDIA else "docx",
    )
