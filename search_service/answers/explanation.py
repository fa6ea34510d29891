"""Why an article is in an answer, and where. Entry point: :func:`explain`.

The score of an article is a sum times a product: what each list of hits gives it, times what it is.
The keyword score is taken apart by asking the engine for each part of the query alone: BM25 adds up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from search_service.answers.snippets import ScannedText
from search_service.engines import Reader
from search_service.model import Identifiers, StoredArticle
from search_service.query.matching import rank_parts
from search_service.query.parsing import Query
from search_service.ranking.factors import Factors
from search_service.ranking.order import Ranks


@dataclass(frozen=True)
class Part:
    """What a part of the query adds to the keyword score: a word, or what :func:`.rank_parts` names."""

    name: str
    score: float


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """Why a hit is there. Ranks are from 1, and None in a list that it does not stand in.

    ``exact``: its id, code, 文号 or title is the query. ``words``, ``synonyms``: what of the query stands
    in it; ``literal``: each part of the query does, as typed. ``keyword_parts`` add up to
    ``keyword_score``; ``semantic_passage`` is the id of the nearest passage. ``fused`` times the factors
    is the score that orders the window.
    """

    exact: bool
    words: tuple[str, ...]
    literal: bool
    synonyms: tuple[str, ...]
    keyword_rank: int | None
    keyword_score: float | None
    keyword_parts: tuple[Part, ...]
    semantic_rank: int | None
    semantic_score: float | None
    semantic_passage: str | None
    fused: float
    factors: Factors


def explain(
    reader: Reader,
    query: Query,
    ranks: Ranks,
    stored: Sequence[StoredArticle],
    *,
    exact: Sequence[str],
    nearest: Mapping[str, str],
) -> dict[str, Explanation]:
    """The reasons of these articles, by id. ``nearest``: the nearest passage of each.

    Asks the engine once for each part of the query: for people who look, not for every search.
    """
    ranked = [one.view.id for one in stored if one.view.id in ranks.keyword]
    added = _keyword_parts(reader, query, ranked)
    return {
        one.view.id: _explanation(
            one,
            query,
            ranks,
            added.get(one.view.id, ()),
            exact=one.view.id in exact,
            nearest=nearest.get(one.view.id),
        )
        for one in stored
    }


def _explanation(
    stored: StoredArticle,
    query: Query,
    ranks: Ranks,
    added: Sequence[Part],
    *,
    exact: bool,
    nearest: str | None,
) -> Explanation:
    key = stored.view.id
    keyword_rank, keyword_score = ranks.keyword.get(key, (None, None))
    semantic_rank, semantic_score = ranks.semantic.get(key, (None, None))
    whole = ScannedText(f"{stored.view.title}\n{stored.view.text}")
    return Explanation(
        exact=exact,
        words=tuple(filter(whole.contains_word, query.words)),
        literal=bool(query.literals) and all(map(whole.contains_literal, query.literals)),
        synonyms=tuple(filter(whole.contains_literal, query.synonyms)),
        keyword_rank=keyword_rank,
        keyword_score=keyword_score,
        keyword_parts=tuple(added),
        semantic_rank=semantic_rank,
        semantic_score=semantic_score,
        semantic_passage=nearest,
        fused=ranks.fused.get(key, 0.0),
        factors=ranks.factors.get(key, Factors()),
    )


def _keyword_parts(reader: Reader, query: Query, ids: Sequence[str]) -> dict[str, list[Part]]:
    """What each part of the query adds to the keyword score of each article; parts of 0 are left out."""
    if not ids:
        return {}
    added: dict[str, list[Part]] = {key: [] for key in ids}
    for name, rank in rank_parts(query).items():
        for hit in reader.keyword(Identifiers(tuple(ids)), rank, limit=len(ids)):
            if hit.score > 0:
                added[hit.id].append(Part(name, hit.score))
    return added
