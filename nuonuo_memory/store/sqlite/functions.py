"""Functions that SQL calls, because SQLite has nothing of the kind."""

from __future__ import annotations

import json
import sqlite3
from bisect import bisect_left
from functools import lru_cache
from typing import Final

TOLERANCE: Final = 1e-15
"""Two numbers of which one is fractional are equal when they differ by less than this share."""


def register(connection: sqlite3.Connection) -> None:
    """Make the functions known to a connection."""
    connection.create_function("casefold", 1, _casefold, deterministic=True)
    connection.create_function("is_near", 2, _is_near, deterministic=True)


def _casefold(value: object) -> str | None:
    """SQLite's own `lower` knows the letters of ASCII alone."""
    return value.casefold() if isinstance(value, str) else None


def _is_near(value: object, listed: str) -> bool:
    """Whether a number equals one of a JSON list of numbers, within the tolerance.

    The list is text, because thousands of numbers are too many parameters and too deep an
    expression, and read by Python, because SQLite may lose the last bit of a decimal fraction.
    """
    if not isinstance(value, int | float):
        return False
    numbers = _ascending(listed)
    place = bisect_left(numbers, value)
    return any(_equal(value, one) for one in numbers[max(place - 1, 0) : place + 1])


def _equal(value: float, one: float) -> bool:
    slack = abs(one) * TOLERANCE
    return one - slack <= value <= one + slack


@lru_cache(maxsize=8)
def _ascending(listed: str) -> list[float]:
    return sorted(json.loads(listed))
