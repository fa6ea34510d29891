"""Pages of what a draft may follow: outlines, headings, phrases. Entry point: :data:`models` (a blueprint).

The draft travels in their form as in that of the passages (:mod:`.workbench`); what is adopted becomes its
last lines.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

from flask import Blueprint, redirect, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from analyzers.normalize import normalize
from search_service import relevance
from search_service.answers import browse, phrases
from search_service.answers.presentation import highlight, history_to_dict
from search_service.drafting import headings, outlines
from search_service.drafting.outlines import Heading
from search_service.drafting.presentation import headings_to_dict, outlines_to_dict
from search_service.errors import BadInput, NotFound
from search_service.web.links import article_url
from search_service.web.pages.draft_form import SentDraft, decoded, sent_draft
from search_service.web.parameter_validation import once_or_several, validate_leniently
from search_service.web.parameters import HeadingParameters, NoParameters, OutlineParameters
from search_service.web.request import audience, render_page, service

models = Blueprint("models", __name__)
_TITLE = "（题目）"  # the first line of a draft that begins with a heading
_MOST_YEARS = 100
_Parameters = TypeVar("_Parameters", bound=NoParameters)


@models.route("/outlines", methods=["GET", "POST"])
def outline_page() -> str | Response:
    """Show how others divided documents of a kind on a topic."""
    sent = sent_draft()
    # Without a topic of its own the title of the draft, or what was typed as one.
    title = sent.text.partition("\n")[0].strip()[: relevance.MAX_QUERY]
    parameters = _parameters(OutlineParameters, sent, q=title)
    if (address := _address(sent, parameters)) is not None:
        return address
    found = None
    if parameters.q or parameters.kind:
        page = outlines.outlines(
            service(), parameters.q, audience(), filters=parameters.filters, limit=parameters.size
        )
        found = outlines_to_dict(page, link=article_url)
    text = _adopted(sent, parameters.q or _TITLE)
    return _page("outlines.html", sent, text, parameters=parameters, found=found)


@models.route("/headings", methods=["GET", "POST"])
def heading_page() -> str | Response:
    """Show headings that contain a query."""
    sent = sent_draft()
    parameters = _parameters(HeadingParameters, sent)
    if (address := _address(sent, parameters)) is not None:
        return address
    found = None
    if parameters.q or parameters.length or parameters.pattern:
        page = headings.headings(
            service(),
            parameters.q,
            audience(),
            filters=parameters.filters,
            length=parameters.length,
            pattern=parameters.pattern,
            limit=parameters.size,
        )
        found = headings_to_dict(page, link=article_url)
    return _page(
        "headings.html",
        sent,
        _adopted(sent, _TITLE),
        parameters=parameters,
        found=found,
        patterns=list(headings.Pattern),
    )


@models.route("/phrases", methods=["GET", "POST"])
def phrase_page() -> str | Response:
    """Show the years in which a phrase is used, and its first and latest uses."""
    sent = sent_draft()
    parameters = _parameters(HeadingParameters, sent)
    if (address := _address(sent, parameters)) is not None:
        return address
    found: Mapping[str, Any] | None = None
    fault = ""
    if parameters.q:
        try:
            history = phrases.history(service(), parameters.q, audience())
        except BadInput as exc:
            fault = exc.message
        else:
            found = history_to_dict(history, link=article_url)
    return _page(
        "phrases.html",
        sent,
        sent.text,
        parameters=parameters,
        found=found,
        fault=fault,
        columns=_columns(found["years"]) if found else [],
        marked=_marked,
    )


def _parameters(model: type[_Parameters], sent: SentDraft, **defaults: str) -> _Parameters:
    given, _ = once_or_several(model, sent.fields)
    parameters, _ = validate_leniently(model, {**defaults, **given})
    return parameters


def _address(sent: SentDraft, parameters: NoParameters) -> Response | None:
    """Where the same is shown at an address, to be shared; None if there is a draft, which has none."""
    if request.method != "POST" or sent.text.strip() or {"outline", "heading"} & sent.fields.keys():
        return None
    query = parameters.model_dump(mode="json", exclude_defaults=True)
    return redirect(url_for(request.endpoint or "", _anchor="results", **query), 303)


def _adopted(sent: SentDraft, title: str) -> str:
    """The draft with what was adopted; unchanged if that is none."""
    text = sent.text if sent.text.strip() else title
    if request.method == "POST" and (article_id := sent.fields.get("outline")):
        try:
            stored = browse.article(service(), article_id, audience())
        except NotFound:
            return sent.text
        return outlines.with_headings(text, outlines.headings_of(stored.view.text))
    match decoded(sent.fields.get("heading", "")) if request.method == "POST" else None:
        case [1 | 2 | 3 as level, str(heading)] if heading.strip():
            line = " ".join(heading.split())[: outlines.LONGEST]
            return outlines.with_headings(text, [outlines.numbered(text, Heading(level, line))])
    return sent.text


def _page(template: str, sent: SentDraft, text: str, **values: object) -> str:
    return render_page(
        template,
        text=text,
        adopted=text != sent.text,
        quoted=sent.quoted,
        kinds=list(browse.values(service(), audience())["kind"]),
        limit=relevance.MAX_DRAFT,
        too_long=len(text) > relevance.MAX_DRAFT,
        **values,
    )


def _columns(years: Mapping[str, int]) -> list[tuple[str, int, int]]:
    """The years from the first to the last, each with its articles, and their share of the most in %."""
    most = max(years.values(), default=1)
    first, last = (int(min(years)), int(max(years))) if years else (0, -1)
    all_years = [f"{year:04d}" for year in range(first, last + 1)]
    # Without those between, if there are so many: a date of a dynasty among modern ones.
    shown = all_years if len(all_years) <= _MOST_YEARS else list(years)
    return [(year, years.get(year, 0), round(100 * years.get(year, 0) / most)) for year in shown]


def _marked(sentence: str, phrase: str) -> Markup:
    """The sentence with the phrase marked where it first is."""
    start = normalize(sentence).find(normalize(phrase))
    return highlight(sentence, [(start, start + len(phrase))] if start >= 0 else [])
