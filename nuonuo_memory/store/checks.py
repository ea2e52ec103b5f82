"""Checks of what is about to be stored."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nuonuo_memory.errors import VectorError


def vector_bytes(vectors: NDArray[np.floating[Any]], *, rows: int, dimension: int) -> list[bytes]:
    """Each row as little-endian float16, the form in which the store and the engine know it.

    Args:
        vectors: [rows, dimension], of any floating type.
        rows: How many are expected.
        dimension: Of the store's encoder.

    Raises:
        VectorError: The shape is another, or a value is not finite as float16.
    """
    array = np.asarray(vectors)
    if array.shape != (rows, dimension) or array.dtype.kind != "f":
        raise VectorError(
            f"expected vectors of shape {(rows, dimension)} and a floating type, "
            f"got {array.shape} of {array.dtype}"
        )
    with np.errstate(over="ignore"):
        half = np.ascontiguousarray(array, dtype="<f2")
    if not np.isfinite(half).all():
        raise VectorError("expected finite vectors within float16's range, got NaN or infinity")
    size = half.itemsize * dimension
    data = half.tobytes()
    return [data[i * size : (i + 1) * size] for i in range(rows)]
