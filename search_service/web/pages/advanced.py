"""The form of a search by fields. Entry point: :data:`advanced` (a blueprint).

It makes an ordinary query and leads to its results: there the query is in the box, to be read, changed and
shared. Nothing but the results knows of the form.
"""

from collections.abc import Collection, Mapping

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from analyzers import names
from analyzers.normalize import normalize
from search_service import relevance
from search_service.answers import browse
from search_service.query.composing import WantedQuery, compose
from search_service.query.typed_dates import read_date
from search_service.web.parameters import MAX_FILTER
from search_service.web.request import audience, render_page, service

advanced = Blueprint("advanced", __name__)
_FIELDS = (
    "words", "phrase", "any", "none", "number", "issuer", "author", "kind", "category", "from", "to",
)  # fmt: skip


@advanced.get("/advanced")
def form() -> Response | str:
    """Show the form; a filled one leads to the results of its query, one that cannot be used says why."""
    given = {name: request.args.get(name, "").strip()[:MAX_FILTER] for name in _FIELDS}
    title_only = request.args.get("in") == "title"
    values = browse.values(service(), audience())
    faults: dict[str, str] = {}
    if any(name in request.args for name in _FIELDS):
        dates = {name: read_date(given[name]) for name in ("from", "to")}
        for name, date in dates.items():
            if given[name] and not date:
                faults[name] = "没有看懂；请写成 2023、2023-05 或 2023-05-01"
        if all(dates.values()) and dates["to"] < dates["from"][: len(dates["to"])]:
            faults["to"] = "早于开始的日期"
        query = compose(_wanted(given, values, title_only=title_only))
        if not query and not faults:
            faults["words"] = "请至少填一项"
        elif len(query) > relevance.MAX_QUERY:
            faults["words"] = f"合起来有 {len(query)} 个字，最多 {relevance.MAX_QUERY} 个"
        if not faults:
            return redirect(url_for("pages.search", q=query), 303)
    return render_page(
        "advanced.html", given=given, title_only=title_only, values=values, faults=faults
    )


def _wanted(
    given: Mapping[str, str], values: Mapping[str, Collection[str]], *, title_only: bool
) -> WantedQuery:
    """What the fields ask for. A name that is none of an article's is searched as a word."""
    issuers = _named("issuer", given["issuer"], values["issuer"])
    authors = _named("author", given["author"], values["author"])
    unknown = [
        given[name]
        for name, found in (("issuer", issuers), ("author", authors))
        if given[name] and not found
    ]
    return WantedQuery(
        words=given["words"],
        phrase=given["phrase"],
        any_of=given["any"],
        none_of=given["none"],
        title_only=title_only,
        number=given["number"],
        issuers=issuers,
        authors=authors,
        anywhere=" ".join(unknown),
        kind=given["kind"],
        category=given["category"],
        after=read_date(given["from"]),
        before=read_date(given["to"]),
    )


def _named(field: str, typed: str, values: Collection[str]) -> list[str]:
    """The values that a name means: itself, or those of which it is a shorter form."""
    if not typed or typed in values:
        return [typed] if typed else []
    (key, *_) = names.query_keys(normalize(typed)) or (("",),)
    return [value for value in values if names.index_keys(field, value).issuperset(key)]
