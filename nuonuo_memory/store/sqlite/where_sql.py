"""`where` filters, in SQL over JSON metadata and in plain Python, with one meaning.

A test is false, never an error, where the key is missing or holds a value of another kind:
`{"n": {"$lt": 3}}` and `{"n": {"$ne": 3}}` are both false for `n = "2"`. So `$ne` and `$nin`
speak of values that can be compared; to include the rest, use `$not`. Three fine points:

- `{"x": None}` holds where `x` is null, and `{"x": {"$ne": None}}` where it is anything else.
- `$contains` looks for an item in a list, or for a piece of text in a text; `$icontains` for a
  piece of text in a text, whatever the case of its letters.
- A key with dots means the key of that very name where there is one, else the path.

Two numbers of which one is fractional are equal when they differ by less than one part in 10^15,
because SQLite does not always read the last bit of a decimal fraction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from sqlalchemy import ColumnElement, String, and_, exists, false, func, literal, not_, or_, select
from sqlalchemy.sql.selectable import TableValuedAlias

from nuonuo_memory.store.sqlite.connect import dumps
from nuonuo_memory.store.sqlite.schema import contents, memories
from nuonuo_memory.store.where import RESERVED, Check, Group, Scalar, kind, number, parse

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


# ---------------------------------------------------------------------------------- in Python


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


def _test(value: object, operator: str, operand: Any) -> bool:  # noqa: ANN401
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


def _compare(value: Any, operator: str, operand: Any) -> bool:  # noqa: ANN401
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


# ------------------------------------------------------------------------------------- in SQL


def where_clause(where: Mapping[str, Any]) -> ColumnElement[bool]:
    """The filter as a condition on `memories` and their `contents`; true or false, never NULL.

    Raises:
        FilterError: The filter cannot be understood.
    """
    return _clause(parse(where))


def _clause(condition: Check | Group) -> ColumnElement[bool]:
    if isinstance(condition, Check):
        return _reserved(condition) if condition.key in RESERVED else _metadata(condition)
    if not condition.parts:
        return literal(1) == 1
    parts = [_clause(part).self_group() for part in condition.parts]
    match condition.operator:
        case "$not":
            return not_(parts[0])
        case "$or":
            return or_(*parts)
    return and_(*parts)


def _reserved(test: Check) -> ColumnElement[bool]:
    column = memories.c.turn if test.key == "turn" else contents.c[test.key]
    present = column.is_not(None)
    if test.operator == "$exists":
        return present if test.operand else column.is_(None)
    of = "number" if test.key == "turn" else "string"
    leaf = _Leaf(literal("integer" if of == "number" else "text"), column)
    return and_(present, func.coalesce(leaf.test(test.operator, test.operand), False))


def _metadata(test: Check) -> ColumnElement[bool]:
    if test.operator == "$exists":
        there = or_(*(exists(select(1).where(*on)) for _, on in _places(test.key)))
        return there if test.operand else not_(there)
    (named, on_named), *paths = _places(test.key)
    found = exists(select(1).where(*on_named, named.test(test.operator, test.operand)))
    if not paths:
        return found
    (nested, on_nested), no_such_key = paths[0], not_(exists(select(1).where(*on_named)))
    on_path = exists(select(1).where(*on_nested, nested.test(test.operator, test.operand)))
    return or_(found, and_(no_such_key, on_path))


def _places(key: str) -> list[tuple[_Leaf, list[ColumnElement[bool]]]]:
    """Where the key may be found: under its own name, and where it has dots, along the path."""
    places = [_descend([key])]
    if "." in key:
        places.append(_descend(key.split(".")))
    return places


def _descend(labels: Sequence[str]) -> tuple[_Leaf, list[ColumnElement[bool]]]:
    level = _items(contents.c.metadata)
    conditions: list[ColumnElement[bool]] = [level.c.key == labels[0]]
    for label in labels[1:]:
        inner = func.iif(level.c.type == "object", level.c.value, "{}")
        level = _items(inner)
        conditions.append(level.c.key == label)
    return _Leaf(level.c.type, level.c.atom, level.c.value), conditions


def _items(value: ColumnElement[Any]) -> TableValuedAlias:
    """One row (key, type, atom, value) for each entry of a JSON object or list.

    A table of entries, not a JSON path, because paths cannot name every key (SQLite has no way
    to write a quotation mark in one).
    """
    return func.json_each(value, type_=String).table_valued(
        "key", "type", "atom", "value", joins_implicitly=True
    )


class _Leaf:
    """A value in SQL: its JSON type, its scalar and, for lists, its JSON text."""

    def __init__(
        self,
        type_: ColumnElement[Any],
        atom: ColumnElement[Any],
        text: ColumnElement[Any] | None = None,
    ) -> None:
        self._type = type_
        self._atom = atom
        self._text = text

    def test(self, operator: str, operand: Any) -> ColumnElement[bool]:  # noqa: ANN401
        match operator:
            case "$in":
                return or_(false(), *self._among(operand))
            case "$nin":
                return and_(literal(1) == 1, *(self._compare("$ne", item) for item in operand))
            case "$contains":
                return self._contains(operand)
            case "$icontains":
                found = func.instr(func.casefold(self._atom), operand.casefold()) > 0
                return and_(self._is("string"), found)
        return self._compare(operator, operand)

    def _among(self, items: Sequence[Scalar]) -> list[ColumnElement[bool]]:
        texts = [item for item in items if isinstance(item, str)]
        rest = [item for item in items if not isinstance(item, str)]
        parts = [self._compare("$eq", item) for item in rest]
        if texts:
            wanted = _items(literal(dumps(texts)))
            parts.append(and_(self._is("string"), self._atom.in_(select(wanted.c.atom))))
        return parts

    def _is(self, of: str) -> ColumnElement[bool]:
        types = {
            "null": ("null",),
            "bool": ("true", "false"),
            "number": ("integer", "real"),
            "string": ("text",),
        }[of]
        return self._type.in_(types) if len(types) > 1 else self._type == types[0]

    def _contains(self, operand: Scalar) -> ColumnElement[bool]:
        parts: list[ColumnElement[bool]] = []
        if isinstance(operand, str):
            parts.append(and_(self._is("string"), func.instr(self._atom, operand) > 0))
        if self._text is not None:
            items = _items(func.iif(self._type == "array", self._text, "[]"))
            item = _Leaf(items.c.type, items.c.atom)
            parts.append(exists(select(1).where(item.test("$eq", operand))))
        return or_(false(), *parts)

    def _compare(self, operator: str, operand: Scalar) -> ColumnElement[bool]:
        if operand is None:
            null = self._is("null")
            return null if operator == "$eq" else not_(null)
        if isinstance(operand, bool):
            name = "true" if operand else "false"
            return self._type == (name if operator == "$eq" else str(not operand).lower())
        of = kind(operand)
        if isinstance(operand, str):
            return and_(self._is(of), _ordered(self._atom, operator, operand, operand))
        slack = abs(operand) * _TOLERANCE
        loose = _ordered(self._atom, operator, operand - slack, operand + slack)
        if isinstance(operand, float):
            return and_(self._is(of), loose)
        whole = func.typeof(self._atom) == "integer"
        exact = _ordered(self._atom, operator, operand, operand)
        return and_(self._is(of), or_(and_(whole, exact), and_(not_(whole), loose)))


def _ordered(
    column: ColumnElement[Any], operator: str, low: Scalar, high: Scalar
) -> ColumnElement[bool]:
    bottom, top = _bound(low), _bound(high)
    match operator:
        case "$eq":
            return column.between(bottom, top)
        case "$ne":
            return or_(column < bottom, column > top)
        case "$gt":
            return column > top
        case "$gte":
            return column >= bottom
        case "$lt":
            return column < bottom
    return column <= top


def _bound(value: Scalar) -> ColumnElement[Any]:
    return literal(value)
