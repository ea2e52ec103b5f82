"""A `where` filter, read once into a tree that a store turns into its own language.

where     := {key: test, ...}              every test holds; {} holds for all
           | {"$and": [where, ...]} | {"$or": [where, ...]} | {"$not": where}
test      := scalar                        the same as {"$eq": scalar}
           | {operator: operand, ...}      every operator holds
operator  := $eq $ne $gt $gte $lt $lte     operand: scalar
           | $in $nin                      operand: list of scalars
           | $exists                       operand: true or false
           | $contains                     operand: scalar
           | $icontains                    operand: text
scalar    := text | number | true | false | null
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from nuonuo_memory.errors import FilterError, shown
from nuonuo_memory.json_values import clean

Scalar: TypeAlias = str | int | float | bool | None

RESERVED: Final = ("role", "session", "turn")
"""Keys that address the memory's own fields instead of its metadata."""

MAX_DEPTH: Final = 20
MAX_TESTS: Final = 200
"""Limits that keep a filter within SQLite's own (an expression tree 1,000 deep)."""

_INT64 = range(-(2**63), 2**63)
_MAX_FLOAT = sys.float_info.max
_ORDERED = ("$gt", "$gte", "$lt", "$lte")
_SCALAR = ("$eq", "$ne", *_ORDERED, "$contains", "$icontains")
OPERATORS: Final = (*_SCALAR, "$in", "$nin", "$exists")


@dataclass(frozen=True, slots=True)
class Check:
    """One operator on one key; `operand` is a scalar, a tuple of scalars or a bool."""

    key: str
    operator: str
    operand: Any


@dataclass(frozen=True, slots=True)
class Group:
    """Several conditions under `$and`, `$or` or (over one) `$not`."""

    operator: str
    parts: tuple[Condition, ...]


Condition: TypeAlias = Check | Group


def parse(where: Mapping[str, Any]) -> Group:
    """The filter as a tree.

    Raises:
        FilterError: An operator or an operand is not known, or the filter is too large.
    """
    parser = _Parser()
    return parser.where(where, 0)


class _Parser:
    def __init__(self) -> None:
        self._tests = 0

    def where(self, where: object, depth: int) -> Group:
        if depth > MAX_DEPTH:
            raise FilterError(f"expected a filter at most {MAX_DEPTH} deep; simplify it")
        if not isinstance(where, Mapping):
            raise FilterError(
                f"expected a filter as a mapping such as {{'topic': 'travel'}}, got {shown(where)}"
            )
        parts: list[Condition] = []
        for key, value in where.items():
            parts.extend(self._entry(key, value, depth))
        return Group("$and", tuple(parts))

    def _entry(self, key: object, value: object, depth: int) -> list[Condition]:
        if not isinstance(key, str):
            raise FilterError(f"expected the keys of a filter to be text, got {shown(key)}")
        key = _text(key, key)
        if key in ("$and", "$or"):
            if not isinstance(value, list | tuple) or not value:
                raise FilterError(
                    f"expected a non-empty list of filters after {key}, got {shown(value)}"
                )
            return [Group(key, tuple(self.where(part, depth + 1) for part in value))]
        if key == "$not":
            return [Group(key, (self.where(value, depth + 1),))]
        if key.startswith("$"):
            raise FilterError(
                f"expected a metadata key, $and, $or or $not, got {shown(key)}; operators stand "
                "under a key, as in {'n': {'$gte': 2}}"
            )
        if not isinstance(value, Mapping):
            return [self._test(key, "$eq", value)]
        if not value:
            raise FilterError(f"expected an operator for {shown(key)}, got an empty mapping")
        return [self._test(key, operator, operand) for operator, operand in value.items()]

    def _test(self, key: str, operator: object, operand: object) -> Check:
        self._tests += 1
        if self._tests > MAX_TESTS:
            raise FilterError(
                f"expected a filter of at most {MAX_TESTS} tests; use $in for many values"
            )
        if operator not in OPERATORS:
            raise FilterError(
                f"expected one of {', '.join(OPERATORS)} for {shown(key)}, got {shown(operator)}; "
                "nested keys are written with dots, as in {'address.city': 'Tours'}"
            )
        name = str(operator)
        if name in ("$in", "$nin"):
            return Check(key, name, _scalars(key, name, operand))
        if name == "$exists":
            if not isinstance(operand, bool):
                raise FilterError(f"expected true or false after $exists, got {shown(operand)}")
            return Check(key, name, operand)
        value = _scalar(key, name, operand)
        if name in _ORDERED and kind(value) not in ("number", "string"):
            raise FilterError(f"expected a number or text after {name}, got {shown(operand)}")
        if name == "$icontains" and not isinstance(value, str):
            raise FilterError(f"expected text after {name} for {shown(key)}, got {shown(operand)}")
        return Check(key, name, value)


def _scalars(key: str, operator: str, operand: object) -> tuple[Scalar, ...]:
    if not isinstance(operand, list | tuple | set | frozenset):
        raise FilterError(
            f"expected a list after {operator} for {shown(key)}, got {shown(operand)}"
        )
    found = dict.fromkeys(_kinded(_scalar(key, operator, item)) for item in operand)
    return tuple(item for _, item in found)


def _kinded(item: Scalar) -> tuple[type, Scalar]:
    return type(item), item  # True, 1 and 1.0 are three things here


def _text(key: str, value: str) -> str:
    if "\0" in value:
        raise FilterError(
            f"expected text without NUL in a filter, got {shown(value)} for {shown(key)}"
        )
    return clean(value)


def _scalar(key: str, operator: str, operand: object) -> Scalar:
    if isinstance(operand, str):
        return _text(key, operand)
    if operand is None or isinstance(operand, bool):
        return operand
    if isinstance(operand, int | float):
        if not -_MAX_FLOAT <= operand <= _MAX_FLOAT:  # NaN compares false
            raise FilterError(f"expected a finite number for {shown(key)}, got {_named(operand)}")
        return float(operand) if isinstance(operand, float) or operand not in _INT64 else operand
    raise FilterError(
        f"expected text, a number, true, false or null after {operator} for {shown(key)}, "
        f"got {shown(operand)}; use $in for several values, $contains for an item of a list"
    )


def _named(operand: float) -> str:
    """A number for a message; Python refuses to write those of thousands of digits."""
    return repr(operand) if isinstance(operand, float) else f"one of {operand.bit_length()} bits"


def kind(value: object) -> str:
    """JSON's kind of a value: null, bool, number, string, list or object."""
    match value:
        case None:
            return "null"
        case bool():
            return "bool"
        case int() | float():
            return "number"
        case str():
            return "string"
        case Mapping():
            return "object"
    return "list"
