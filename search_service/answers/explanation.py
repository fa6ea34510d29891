"""Explanations of hits and their scores. Entry point: :func:`explain`.

The score is the fused score of the lists times the multipliers from metadata. The keyword score is split by
running a search for each part of the query: BM25 is a sum over terms.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from search_service.answers.snippets import ScannedText
from search_service.engines.reads import Reader, Search
from search_service.model import Identifiers, StoredArticle
from search_service.query.parsed import Query
from search_service.query.scoring import rank_parts
from search_service.ranking.factors import Factors
from search_service.ranking.order import Ranks


@dataclass(frozen=True)
class Part:
    """The contribution of a word, or of another part of :func:`.rank_parts`, to the keyword score."""

    name: str
    score: float


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """Why an article is a hit. Ranks start at 1; rank and score are None for a list without the article.

    ``exact``: its id, code, 文号 or title equals the query. ``words``, ``synonyms``: those of the query that
    it contains. ``literal``: it contains every part of the query as typed. ``keyword_parts`` sum to
    ``keyword_score``. ``semantic_passage``: id of the nearest passage. ``fused`` times the factors is the
    score.
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
    """The explanations of ``stored`` articles, by id.

    ``exact``: ids of exact matches. ``nearest``: article id -> id of its nearest passage. Costs one engine
    search for each part of the query, so it is done on request only.
    """
    ranked = [one.view.id for one in stored if one.view.id in ranks.keyword]
    contributions = _keyword_parts(reader, query, ranked)
    return {
        one.view.id: _explanation(
            one,
            query,
            ranks,
            contributions.get(one.view.id, ()),
            exact=one.view.id in exact,
            nearest=nearest.get(one.view.id),
        )
        for one in stored
    }


def _explanation(
    stored: StoredArticle,
    query: Query,
    ranks: Ranks,
    keyword_parts: Sequence[Part],
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
        keyword_parts=tuple(keyword_parts),
        semantic_rank=semantic_rank,
        semantic_score=semantic_score,
        semantic_passage=nearest,
        fused=ranks.fused.get(key, 0.0),
        factors=ranks.factors.get(key, Factors()),
    )


def _keyword_parts(reader: Reader, query: Query, ids: Sequence[str]) -> dict[str, list[Part]]:
    """The contributions to the keyword score, by article id, without those of 0."""
    if not ids:
        return {}
    contributions: dict[str, list[Part]] = {key: [] for key in ids}
    parts = {
        name: Search(Identifiers(tuple(ids)), rank, limit=len(ids))
        for name, rank in rank_parts(query).items()
    }
    answers = reader.read(*parts.values())
    for name, part in parts.items():
        for hit in answers[part].hits:
            if hit.score > 0:
                contributions[hit.id].append(Part(name, hit.score))
    return contributions
