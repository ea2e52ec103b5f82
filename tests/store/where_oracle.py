"""What a `where` filter means, in plain Python: the oracle that the SQL is compared with."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final, Protocol

from nuonuo_memory.store.where import RESERVED, Check, Group, Scalar, kind, parse

_TOLERANCE: Final = 1e-15
_MISSING: Final = object()


class Filterable(Protocol):
    """What a filter can be asked about."""

    @property
    def metadata(self) -> Mapping[str, Any]:
        """JSON values by name."""

    @property
    def role(self) -> str | None:
        """Who said it."""

    @property
    def session(self) -> str | None:
        """The conversation."""

    @property
    def turn(self) -> int | None:
        """Its place in the session."""


def matches(record: Filterable, where: Mapping[str, Any]) -> bool:
    """Whether a record fits the filter.

    Raises:
        FilterError: The filter cannot be understood.
    """
    return _holds(record, parse(where))


def _holds(record: Filterable, condition: Check | Group) -> bool:
    if isinstance(condition, Check):
        return _test(_lookup(record, condition.key), condition.operator, condition.operand)
    if condition.operator == "$not":
        return not _holds(record, condition.parts[0])
    combine = any if condition.operator == "$or" else all
    return combine(_holds(record, part) for part in condition.parts)


def _lookup(record: Filterable, key: str) -> object:
    if key in RESERVED:
        value = getattr(record, key)
        return _MISSING if value is None else value
    if key in record.metadata:
        return record.metadata[key]
    value = record.metadata
    for label in key.split("."):
        if not isinstance(value, Mapping) or label not in value:
            return _MISSING
        value = value[label]
    return value


def _test(value: object, operator: str, operand: Any) -> bool:
    if operator == "$exists":
        return bool((value is not _MISSING) == operand)
    if value is _MISSING:
        return False
    match operator:
        case "$in":
            return any(_compare(value, "$eq", item) for item in operand)
        case "$nin":
            return all(_compare(value, "$ne", item) for item in operand)
        case "$contains":
            return _contains(value, operand)
        case "$icontains":
            return isinstance(value, str) and operand.casefold() in value.casefold()
    return _compare(value, operator, operand)


def _contains(value: object, operand: Scalar) -> bool:
    if isinstance(value, str):
        return isinstance(operand, str) and operand in value
    if isinstance(value, list | tuple):
        return any(_compare(item, "$eq", operand) for item in value)
    return False


def _compare(value: Any, operator: str, operand: Any) -> bool:
    if operand is None:
        return (value is None) == (operator == "$eq")
    if kind(value) != kind(operand):
        return False
    if kind(operand) == "number":
        value = number(value)
        whole = isinstance(value, int) and isinstance(operand, int)
        slack = 0 if whole else abs(operand) * _TOLERANCE
        low, high = operand - slack, operand + slack
    else:
        low = high = operand
    match operator:
        case "$eq":
            return bool(low <= value <= high)
        case "$ne":
            return not low <= value <= high
        case "$gt":
            return bool(value > high)
        case "$gte":
            return bool(value >= low)
        case "$lt":
            return bool(value < low)
    return bool(value <= high)


def number(value: Any) -> Any:
    """Integers beyond int64 as floats, as SQLite reads them."""
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        try:
            return float(value)
        except OverflowError:
            return math.inf if value > 0 else -math.inf
    return value
