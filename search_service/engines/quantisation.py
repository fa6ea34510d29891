"""Vectors as every engine stores them: one signed byte per dimension. Pure.

Entry points: :func:`quantised`, :func:`restored`, :func:`cosines`. The largest component of a vector becomes
127 or −127, the others keep their ratio to it, rounded to whole numbers. So a model's values are never
clipped, and the bytes depend on nothing but the vector. Its length is not kept: similarity is the cosine of
the bytes. Their products are whole numbers, so the order of summation cannot change a score, and all engines
agree on it to the last bit.
"""

import numkong
import numpy as np
import numpy.typing as npt

from search_service.model import Vector

Codes = npt.NDArray[np.int8]
_LARGEST = 127


def quantised(vectors: Vector) -> Codes:
    """Vectors, shape (…, dimensions), as bytes of the same shape; a row of zeros stays one.

    What :func:`restored` returns is quantised to the same bytes again.
    """
    values = np.asarray(vectors, dtype=np.float64)
    largest = np.abs(values).max(axis=-1, keepdims=True, initial=0.0)
    ratios = np.divide(values, largest, out=np.zeros_like(values), where=largest > 0)
    codes: Codes = np.rint(ratios * _LARGEST).astype(np.int8)
    return codes


def restored(codes: Codes) -> Vector:
    """Bytes, shape (rows, dimensions), as L2-normalised vectors in float32; zeros stay zeros."""
    scale = lengths(codes)[:, np.newaxis]
    values = np.divide(codes, scale, out=np.zeros(codes.shape), where=scale > 0)
    return values.astype(np.float32)


def lengths(codes: Codes) -> npt.NDArray[np.float64]:
    """The Euclidean length of each row of shape (rows, dimensions)."""
    squares = np.einsum("ij,ij->i", codes, codes, dtype=np.int64)
    return np.asarray(np.sqrt(squares), dtype=np.float64)


def products(rows: Codes, query: Codes) -> npt.NDArray[np.int32]:
    """The exact dot product of each row, shape (rows, dimensions), with the query, shape (dimensions,)."""
    return np.asarray(numkong.dots_packed(rows, numkong.dots_pack(query[np.newaxis]))).ravel()


def cosines(rows: Codes, query: Codes) -> npt.NDArray[np.float64]:
    """The cosine of each row, none of them zeros, with the query."""
    return products(rows, query) / (lengths(query[np.newaxis]) * lengths(rows))
