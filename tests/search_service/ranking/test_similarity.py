"""The two thresholds of semantic retrieval."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from search_service import relevance
from search_service.engines import NO_FILTERS, Reader, open_engine
from search_service.model import Audience, Filters, Hit, Vector
from search_service.ranking.similarity import SemanticHits, SimilarArticles, SimilarPassages
from tests.support.sample_records import MANIFEST, load, read, record, unit

# Cosine similarity to the query. Background 0.1 and top score 0.9 put the cut-off at 0.42.
NEAR = {"top": 0.9, "near": 0.5, "tail": 0.4, "far": 0.2}
QUERY = unit(1)


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """Articles of one passage each; kind and role of the top one differ from the others."""
    folder: Path = tmp_path_factory.mktemp("near")
    engine = open_engine(f"embedded:{folder}")
    manifest = replace(MANIFEST, background=0.1, floor=0.3)
    name = engine.create(Audience.PUBLIC, manifest).name
    engine.activate({Audience.PUBLIC: name})
    made = [
        record(
            key,
            key,
            f"{key}。",
            vectors=[unit(near, (1 - near**2) ** 0.5)],
            kind="通知" if key == "top" else "办法",
            roles=["导语" if key == "top" else "主体"],
        )
        for key, near in NEAR.items()
    ]
    load(engine, *made)
    yield read(engine)
    engine.close()


def passages(reader: Reader, filters: Filters = NO_FILTERS, roles: Sequence[str] = ()) -> list[str]:
    """Return the articles of the nearest passages."""
    similar = SimilarPassages(reader.manifest, QUERY, filters=filters, roles=roles)
    return [hit.article_id for hit in similar.hits(reader.read(*similar.requests))]


def articles(reader: Reader, query: Vector = QUERY, filters: Filters = NO_FILTERS) -> SemanticHits:
    """Return the nearest articles."""
    similar = SimilarArticles(reader.manifest, query, filters=filters)
    return similar.hits(reader.read(*similar.requests))


def test_hits_below_the_cutoff_are_dropped(reader: Reader) -> None:
    """Hits above the floor are dropped too if they are far below the top hit."""
    assert passages(reader) == ["top", "near"]
    assert articles(reader).ids == ("top", "near")


def test_filters_and_roles_do_not_affect_the_thresholds(reader: Reader) -> None:
    """The cut-off depends on the top hit even if a filter removes it."""
    assert passages(reader, Filters(kind=("办法",))) == passages(reader, roles=["主体"]) == ["near"]
    assert articles(reader, filters=Filters(kind=("办法",))).ids == ("near",)


@pytest.mark.parametrize(("near", "found"), [(0.31, True), (0.29, False)])
def test_without_a_hit_above_the_floor_there_are_no_hits(
    reader: Reader, near: float, *, found: bool
) -> None:
    """The top hit must reach the floor."""
    # In the direction of the top article, and partly in one of no article.
    query = unit(near * 0.9, near * (1 - 0.9**2) ** 0.5, (1 - near**2) ** 0.5)
    similar = SimilarPassages(reader.manifest, query)
    assert bool(similar.hits(reader.read(*similar.requests))) is found
    hits = articles(reader, query)
    assert hits.top_score == pytest.approx(near, abs=0.005)
    assert bool(hits.if_above(reader.manifest.floor).hits) is found


def test_semantic_hits_are_narrowed_and_judged_as_a_whole() -> None:
    """A hit at the floor is above it; without hits there is nothing to ask."""
    hits = SemanticHits((Hit("a", 0.9), Hit("b", 0.5)), QUERY, top_score=0.9)
    assert hits.if_above(0.9) is hits
    assert hits.if_above(0.91) == SemanticHits()
    assert hits.restricted_to(["b", "z"]).ids == ("b",)
    assert hits.restricted_to(["b"]).top_score == 0.9

    asked = hits.nearest_passages(["b", "z"])
    assert asked is not None
    assert (asked.filters, asked.articles, asked.per_article) == (Filters(ids=("b",)), 1, 1)
    assert hits.nearest_passages(["z"]) is None
    assert SemanticHits((Hit("a", 0.9),)).nearest_passages(["a"]) is None


def test_an_article_at_the_cutoff_stays(reader: Reader) -> None:
    """The cut-off is a share of the way from the background to the top hit."""
    hits = articles(reader)
    share = relevance.SEMANTIC_CUTOFF
    cutoff = 0.1 + share * (hits.top_score - 0.1)
    assert {hit.id for hit in hits.hits} == {key for key, near in NEAR.items() if near >= cutoff}
