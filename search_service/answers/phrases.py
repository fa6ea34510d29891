"""Since when and how often a phrase is used. Entry point: :func:`history`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from analyzers.messages import say
from analyzers.normalize import normalize
from analyzers.terms import phrase as bigrams_of
from search_service.engines.reads import Search
from search_service.errors import BadInput
from search_service.model import Audience, Sort, StoredArticle, View
from search_service.query.clauses import text_clause
from search_service.service import SearchService, reads_shared

SHORTEST, LONGEST = 2, 50  # characters of a phrase
# Articles that are named at either end.
_SHOWN = 5
_FACET = "year"
_ENDS = "。!?;\n"
_SENTENCE_END = re.compile(f"[{_ENDS}]")
_LONGEST_SENTENCE = 120  # characters on either side of the phrase


class Use(NamedTuple):
    """An article with a phrase, and the sentence where it first stands; the title, if it is only there."""

    view: View
    sentence: str


@dataclass(frozen=True, kw_only=True)
class PhraseHistory:
    """The use of a phrase: ``years``: year -> articles, in order, without those that have none.

    ``first`` and ``latest``: the earliest and the latest articles, undated ones left out. ``blocked``: the
    phrase has a blocked word.
    """

    phrase: str
    total: int = 0
    undated: int = 0
    years: Mapping[str, int]
    first: tuple[Use, ...] = ()
    latest: tuple[Use, ...] = ()
    blocked: bool = False


@reads_shared
def history(service: SearchService, phrase: str, audience: Audience) -> PhraseHistory:
    """The years in which articles contain a phrase literally, and the first and latest of them; one read.

    Raises ``BadInput`` for a phrase of fewer than two or more than 50 characters.
    """
    said = " ".join(phrase.split())
    if not SHORTEST <= len(said) <= LONGEST:
        reason = say(
            f"提法有 {len(said)} 个字，应为 {SHORTEST} 至 {LONGEST} 个",
            f"the phrase has {len(said)} characters; {SHORTEST} to {LONGEST} are allowed",
        )
        raise BadInput(reason, field_errors={"phrase": reason})
    if service.store.blocked.block(said):
        return PhraseHistory(phrase=said, years={}, blocked=True)
    match = text_clause(said, bigrams_of(normalize(said)), title_only=False)
    oldest = Search(match, sort=Sort.OLDEST, limit=_SHOWN, facets=(_FACET,))
    newest = Search(match, sort=Sort.DATE, limit=_SHOWN)
    reader = service.reader(audience, shared=True)
    found = reader.read(oldest, newest)
    ids = [hit.id for one in (oldest, newest) for hit in found[one].hits]
    stored = reader.fetch(list(dict.fromkeys(ids))) if ids else {}
    totals = found[oldest].totals
    counted = dict(totals.facets.get(_FACET, {}))
    undated = counted.pop("", 0)

    def uses(search: Search) -> tuple[Use, ...]:
        articles = [stored[hit.id] for hit in found[search].hits if hit.id in stored]
        return tuple(Use(one.view, _sentence(one, said)) for one in articles if one.view.date)

    return PhraseHistory(
        phrase=said,
        total=totals.total,
        undated=undated,
        years=dict(sorted(counted.items())),
        first=uses(oldest),
        latest=uses(newest),
    )


def _sentence(stored: StoredArticle, phrase: str) -> str:
    """The first sentence with the phrase, cut on both sides if it is long."""
    text = stored.view.text
    normalised = normalize(text)
    start = normalised.find(normalize(phrase))
    if start < 0:
        return stored.view.title
    begin = max(normalised.rfind(one, 0, start) + 1 for one in _ENDS)
    begin = max(begin, start - _LONGEST_SENTENCE)
    stop = _SENTENCE_END.search(normalised, start + len(phrase))
    end = min(stop.end() if stop else len(text), start + len(phrase) + _LONGEST_SENTENCE)
    return text[begin:end].strip()
