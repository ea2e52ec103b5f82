"""Checks of what is about to be stored."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nuonuo_memory.errors import InvalidInputError, VectorError


def checked_metadata(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata as JSON holds it.

    Raises:
        InvalidInputError: A key is no string, or a value no JSON value; NUL characters, NaN and
            infinity are none.
    """
    value = _json(metadata, "metadata")
    if not isinstance(value, dict):
        raise InvalidInputError(f"expected metadata as a mapping, got {metadata!r}")
    return value


def _json(value: object, place: str) -> Any:  # noqa: ANN401  JSON is of any type
    match value:
        case None | bool() | int():
            return value
        case float():
            if not math.isfinite(value):
                raise InvalidInputError(f"expected finite numbers in {place}, got {value!r}")
            return value
        case str():
            if "\0" in value:
                raise InvalidInputError(f"expected text without NUL in {place}, got {value!r}")
            return value
        case Mapping():
            return {_name(key, place): _json(item, f"{place}.{key}") for key, item in value.items()}
        case list() | tuple():
            return [_json(item, f"{place}[{i}]") for i, item in enumerate(value)]
    raise InvalidInputError(
        f"expected JSON values (text, numbers, true, false, null, lists, objects) in {place}, "
        f"got {type(value).__name__}; convert it first"
    )


def _name(key: object, place: str) -> str:
    if not isinstance(key, str) or "\0" in key:
        raise InvalidInputError(f"expected the keys of {place} to be text without NUL, got {key!r}")
    return key


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
