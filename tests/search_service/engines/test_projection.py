"""Of many passages those that are near in fewer dimensions are compared exactly, and only those."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from search_service.engines.embedded import block as block_module
from search_service.engines.embedded import projection
from search_service.engines.embedded.block import Block
from search_service.engines.embedded.projection import Projection
from search_service.engines.embedded.rows import PassageVectors
from search_service.engines.embedded.vectors import Neighbour, PassageTable
from search_service.engines.quantisation import cosines, quantised

ARTICLES, DIMENSIONS = 3_000, 96
# As a model's vectors: a common mean, and directions of falling variance.
SPREAD = 0.95 ** np.arange(DIMENSIONS)


def vectors(number: int, seed: int) -> npt.NDArray[np.float32]:
    """Random vectors."""
    drawn = np.random.default_rng(seed).normal(size=(number, DIMENSIONS))
    return np.asarray(0.3 + drawn * SPREAD, dtype=np.float32)


def passages() -> Iterator[PassageVectors]:
    """One to nine passages of each article; every seventh article's first one has no vector."""
    counts = np.random.default_rng(7).integers(1, 10, size=ARTICLES).tolist()
    for row, count in enumerate(counts, start=1):
        codes = quantised(vectors(count, row))
        if row % 7 == 0:
            codes[0] = 0
        ids = tuple(f"{row}-{ordinal}" for ordinal in range(count))
        roles = tuple("主体" if ordinal % 2 else "结尾" for ordinal in range(count))
        yield PassageVectors(row=row, revision=1, ids=ids, roles=roles, codes=codes)


@pytest.fixture(scope="module")
def projected() -> Iterator[Block]:
    """Some 15,000 passages, treated as many: about 600 are compared exactly."""
    articles = list(passages())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(block_module, "PROJECTED_FROM", 1_000)
        patch.setattr(projection, "COMPARED", 600)
        total = sum(len(one.ids) for one in articles)
        yield Block.of(articles, passages=total, dimensions=DIMENSIONS)


def search(block: Block, query: npt.NDArray[np.float32], **options: object) -> list[Neighbour]:
    """The nearest passages of ten articles, best first."""
    empty = Block.empty(DIMENSIONS)
    allowed = options.pop("allowed", np.ones(ARTICLES + 1, dtype=bool))
    given = {"articles": 10, "per_article": 1, "min_score": -1.0, "roles": ()} | options
    found = PassageTable(block, empty, ()).nearest(query, allowed, **given)  # type: ignore[arg-type]
    return sorted(found, key=lambda one: (-one.score, one.passage_id))


def test_the_nearest_are_those_of_all_vectors(projected: Block) -> None:
    """Of the ten nearest articles none is missed, and ids, ordinals and scores are exact."""
    assert projected.projection is not None
    everything = replace(projected, projection=None)
    for query in vectors(60, 100_001):
        found = search(projected, query)
        assert found == search(everything, query)
        assert all(one.passage_id == f"{one.row}-{one.ordinal}" for one in found)


def test_what_is_not_allowed_or_has_another_role_is_not_compared(projected: Block) -> None:
    """However near it is; and articles that are allowed are found though all others are nearer."""
    everything = replace(projected, projection=None)
    allowed = np.zeros(ARTICLES + 1, dtype=bool)
    allowed[1 : ARTICLES // 2] = True
    for query in vectors(30, 100_002):
        for options in (
            {"allowed": allowed},
            {"roles": ("结尾",)},
            {"allowed": allowed, "roles": ("主体",)},
        ):
            assert search(projected, query, **options) == search(everything, query, **options)
    query = vectors(1, 100_003)[0]
    nearer = [one.row for one in search(everything, query, articles=ARTICLES // 2)]
    farther = np.ones(ARTICLES + 1, dtype=bool)
    farther[nearer] = False
    found = search(projected, query, allowed=farther)
    assert found == search(everything, query, allowed=farther)
    assert len(found) == 10
    few = np.zeros(ARTICLES + 1, dtype=bool)
    few[[5, 9]] = True
    assert {one.row for one in search(projected, vectors(1, 100_003)[0], allowed=few)} == {5, 9}


def test_a_changed_article_is_not_found_in_its_old_form(projected: Block) -> None:
    """Passages that an overlay replaces are left out of the many, too."""
    query = vectors(1, 100_003)[0]
    best = search(projected, query)[0]
    changed = PassageVectors(
        row=best.row, revision=2, ids=("new",), roles=("主体",), codes=quantised(-query[np.newaxis])
    )
    overlay = Block.of([changed], passages=1, dimensions=DIMENSIONS)
    table = PassageTable(projected, overlay, [best.row])
    allowed = np.ones(ARTICLES + 1, dtype=bool)
    found = table.nearest(query, allowed, articles=10, per_article=1, min_score=-1.0, roles=())
    assert best.row not in {one.row for one in found}


def test_the_projection_keeps_what_is_near(projected: Block) -> None:
    """The products in fewer dimensions order passages much as their cosines do."""
    made = projected.projection
    assert isinstance(made, Projection)
    assert made.codes.shape == (len(projected.codes), 64)
    query = quantised(vectors(1, 100_003)[0])
    with_vector = np.flatnonzero(np.isfinite(projected.lengths))
    exact = cosines(projected.codes[with_vector], query)
    rough = made.codes[with_vector].astype(np.int64) @ made.query(query).astype(np.int64)
    assert np.corrcoef(exact, rough)[0, 1] > 0.9
