"""Pages for whoever drafts: passages for a topic or a draft. Entry point: :data:`workbench` (a blueprint).

A topic has an address, to be shared, reloaded and gone back to. A draft has none: it travels in the form and
is kept nowhere.
"""

from flask import Blueprint, redirect, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from analyzers.outline import PLACES
from search_service import relevance
from search_service.answers import browse, drafts, precedents
from search_service.answers.presentation import draft_to_dict, precedents_to_dict
from search_service.web.links import article_url
from search_service.web.parameter_validation import once_or_several, validate_leniently
from search_service.web.parameters import PrecedentParameters
from search_service.web.request import audience, render_page, service

workbench = Blueprint("workbench", __name__)
# Kinds offered in the form: those of most documents.
_KINDS = 12


@workbench.route("/precedents", methods=["GET", "POST"])
def passages() -> str | Response:
    """Show the form and the passages for the text: of a topic at an address, of a draft below the form."""
    typed = request.form if request.method == "POST" else request.args
    # A field left empty is no filter: of a link it would mean the articles without a value.
    filled = MultiDict((name, value) for name, value in typed.items(multi=True) if value)
    given, _ = once_or_several(PrecedentParameters, filled)
    text = filled.get("text", "").replace("\r\n", "\n")
    parameters, _ = validate_leniently(PrecedentParameters, {**given, "text": "—"})
    usable = bool(text.strip()) and len(text) <= relevance.MAX_DRAFT
    is_topic = precedents.is_topic(text)
    if usable and is_topic and request.method == "POST":
        query = parameters.model_dump(mode="json", exclude_defaults=True) | {"text": text.strip()}
        return redirect(url_for(".passages", _anchor="results", **query), 303)
    found = sections = None
    blocked = False
    if usable and is_topic:
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
    kinds = browse.values(service(), audience())["kind"]
    return render_page(
        "precedents.html",
        text=text,
        parameters=parameters,
        kinds=list(dict.fromkeys((*parameters.kind, *list(kinds)[:_KINDS]))),
        places=PLACES,
        limit=relevance.MAX_DRAFT,
        too_long=len(text) > relevance.MAX_DRAFT,
        narrowed=parameters.wanted != precedents.ANYTHING,
        found=found,
        sections=sections,
        blocked=blocked,
    )
