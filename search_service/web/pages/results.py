"""Results as their page shows them: in groups, with one paragraph of each passage.

Entry point: :func:`groups`. Pure: what is found and in which order is decided before.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from search_service.answers.citations import citations
from search_service.answers.page import Page, Result
from search_service.answers.presentation import (
    Link,
    Values,
    highlight,
    own_address,
    relation_to_dict,
    result_to_dict,
)
from search_service.answers.snippets import Span
from search_service.answers.succession import Relation
from search_service.query.request import Mode

_LINE = re.compile(r"[^\n]+")
_SENTENCE_END = "。！？；…”"


@dataclass(frozen=True)
class Group:
    """Results of one kind: those that match in full, or those that are similar in meaning.

    ``name``: its heading, empty if there is only one kind; ``total``: of all pages.
    """

    name: str
    total: int
    hits: Sequence[Values]


def groups(
    page: Page, mode: Mode, ended_by: Mapping[str, Relation], *, link: Link = own_address
) -> list[Group]:
    """The results of a page: 原文相符 first, 意思相近 below; in semantic mode nobody knows which is which.

    ``ended_by``: what replaced or repealed some of them, by their ids.
    """
    full: list[Values] = []
    near: list[Values] = []
    for result in page.results:
        is_near = mode is not Mode.SEMANTIC and not result.in_full
        (near if is_near else full).append(_hit(result, ended_by, link))
    if mode is Mode.SEMANTIC:
        return [Group("", page.total, full)] if full else []
    named = [
        Group("原文相符", page.full, full),
        Group("意思相近", page.total - page.full, near),
    ]
    return [group for group in named if group.hits]


def _hit(result: Result, ended_by: Mapping[str, Relation], link: Link) -> Values:
    view = result.stored.view
    ended = ended_by.get(view.id)
    return result_to_dict(result, link=link) | {
        "citation": citations(view)[1].text,
        "ended_by": relation_to_dict(ended, link=link) if ended else None,
        "snippets": [
            paragraph(shown.snippet.text, shown.snippet.marks, shown.path)
            for shown in result.passages
        ],
    }


def paragraph(text: str, marks: Sequence[Span], path: Sequence[str]) -> Values:
    """The paragraph of a snippet with the most marks, or the longest: a snippet may run over several.

    ``heading``: the heading above it, unless it begins with that itself.
    """
    lines = [line.span() for line in _LINE.finditer(text)] or [(0, len(text))]
    lines = [span for span in lines if text[slice(*span)].strip() not in path] or lines

    def marked(span: Span) -> list[Span]:
        return [(a - span[0], b - span[0]) for a, b in marks if span[0] <= a and b <= span[1]]

    best = max(lines, key=lambda span: (len(marked(span)), span[1] - span[0]))
    shown = text[slice(*best)].rstrip()
    # A heading that the outline has cut is the beginning of a paragraph.
    above = [
        title for title in path if not (title.endswith("…") or shown.lstrip().startswith(title))
    ]
    is_cut = best[1] == len(text) and shown[-1:] not in _SENTENCE_END
    return {
        "heading": above[-1].rstrip("：:") if above else "",
        "highlight": highlight(shown, [one for one in marked(best) if one[1] <= len(shown)])
        + ("…" if is_cut else ""),
    }
