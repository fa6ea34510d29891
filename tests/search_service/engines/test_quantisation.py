"""Vectors as bytes: exact products, and bytes that depend on nothing but the vector."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from search_service.engines.quantisation import Codes, cosines, products, quantised, restored
from tests.support.sample_records import cosine, stored_vector

codes = arrays(
    np.int8,
    array_shapes(min_dims=2, max_dims=2, max_side=70),
    elements=st.integers(-127, 127),
)


@given(codes)
def test_what_is_restored_is_stored_as_the_same_bytes(values: Codes) -> None:
    """Also rows of zeros, and rows whose largest component was not 127."""
    stored = quantised(values.astype(np.float32))
    vectors = restored(stored)
    np.testing.assert_array_equal(quantised(vectors), stored)
    for row, vector in zip(stored, vectors, strict=True):
        assert np.linalg.norm(vector) == pytest.approx(1.0 if row.any() else 0.0, abs=1e-6)
        assert np.abs(row).max() == (127 if row.any() else 0)


@given(codes)
def test_products_are_exact(values: Codes) -> None:
    """For any number of rows and dimensions, by whatever instructions."""
    expected = values.astype(np.int64) @ values[0].astype(np.int64)
    np.testing.assert_array_equal(products(values, values[0]), expected)


@pytest.mark.parametrize("dimensions", [1, 63, 256, 257, 1024, 4096])
def test_the_largest_products_do_not_overflow(dimensions: int) -> None:
    """All components at the limit, of the same sign and of opposite ones."""
    rows = np.full((300, dimensions), 127, dtype=np.int8)
    rows[1::2] = -127
    expected = [dimensions * 127 * 127, -dimensions * 127 * 127] * 150
    assert products(rows, rows[0]).tolist() == expected


def test_scores_are_those_of_the_contract() -> None:
    """To the last bit, whatever the length of the vectors; an outlier is not cut off."""
    source = np.random.default_rng(9)
    vectors = source.standard_normal((50, 256)).astype(np.float32)
    vectors[0, 0] = 40.0
    stored = quantised(vectors)
    assert stored.tolist() == [stored_vector(vector) for vector in vectors]
    np.testing.assert_array_equal(quantised(vectors * np.float32(0.25)), stored)
    scores = cosines(stored, stored[7])
    assert scores.tolist() == [cosine(vector, vectors[7]) for vector in vectors]
    lengths = np.linalg.norm(vectors, axis=1)
    np.testing.assert_allclose(scores, vectors @ vectors[7] / (lengths * lengths[7]), atol=0.01)
