"""LangGraph's filters: as much as possible as the memory's `where`, the rest in Python.

Their meaning is the memory's: a test is false where the field is missing or of another kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nuonuo_memory.errors import FilterError

OPERATORS = ("$eq", "$ne", "$gt", "$gte", "$lt", "$lte")


def pushed_down(
    wanted: Mapping[str, Any],
) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    """Split a filter into a `where` on the memory's metadata and what Python must check.

    Raises:
        FilterError: An operator is not known.
    """
    where: dict[str, Any] = {}
    rest: dict[str, Any] = {}
    for key, test in wanted.items():
        if _is_operators(test):
            for operator in test:
                if operator not in OPERATORS:
                    raise FilterError(
                        f"expected one of {', '.join(OPERATORS)} for {key!r}, got {operator!r}"
                    )
        operands = test.values() if _is_operators(test) else [test]
        plain = "." not in key and all(_is_scalar(operand) for operand in operands)
        if plain:
            where[f"value.{key}"] = test
        else:
            rest[key] = test
    return where or None, rest


def holds(value: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether an item's value passes what could not be pushed down."""
    return all(key in value and _test(value[key], test) for key, test in wanted.items())


def _test(value: object, test: object) -> bool:
    if isinstance(test, Mapping) and _is_operators(test):
        return all(_compare(value, str(operator), operand) for operator, operand in test.items())
    if isinstance(test, Mapping):
        return isinstance(value, Mapping) and holds(value, test)
    return _same(value, test)


def _compare(value: Any, operator: str, operand: Any) -> bool:  # noqa: ANN401 - JSON values
    if operator == "$eq":
        return _same(value, operand)
    if _kind(value) is not _kind(operand):
        return False
    if operator == "$ne":
        return not _same(value, operand)
    if _kind(value) not in (str, float):
        return False
    ordered = {
        "$gt": value > operand,
        "$gte": value >= operand,
        "$lt": value < operand,
        "$lte": value <= operand,
    }
    return bool(ordered[operator])


def _same(value: object, other: object) -> bool:
    if isinstance(value, list | tuple) and isinstance(other, list | tuple):
        return len(value) == len(other) and all(map(_same, value, other))
    return _kind(value) is _kind(other) and value == other


def _kind(value: object) -> type:
    """JSON's kind of a value; a boolean is no number."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float
    return type(value)


def _is_scalar(operand: object) -> bool:
    return operand is None or isinstance(operand, str | int | float | bool)


def _is_operators(test: object) -> bool:
    return (
        isinstance(test, Mapping)
        and bool(test)
        and any(str(operator).startswith("$") for operator in test)
    )
