"""`where` filters in SQL over JSON metadata.

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
from typing import Any

from sqlalchemy import ColumnElement, String, and_, exists, false, func, literal, not_, or_, select
from sqlalchemy.sql.selectable import TableValuedAlias

from nuonuo_memory.json_values import MAX_DEPTH
from nuonuo_memory.store.sqlite.connect import dumps
from nuonuo_memory.store.sqlite.functions import TOLERANCE
from nuonuo_memory.store.sqlite.schema import contents, memories
from nuonuo_memory.store.where import RESERVED, Check, Group, Scalar, kind, parse


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
    labels = key.split(".")
    if 1 < len(labels) <= MAX_DEPTH:  # no metadata is deeper
        places.append(_descend(labels))
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
                return and_(literal(1) == 1, *self._beside(operand))
            case "$contains":
                return self._contains(operand)
            case "$icontains":
                found = func.instr(func.casefold(self._atom), operand.casefold()) > 0
                return and_(self._is("string"), found)
        return self._compare(operator, operand)

    def _among(self, items: Sequence[Scalar]) -> list[ColumnElement[bool]]:
        """Conditions of which one holds where the value is one of the items."""
        texts, numbers, rest = _sorted(items)
        parts = [self._compare("$eq", item) for item in rest]
        if texts:
            parts.append(and_(self._is("string"), self._listed(texts)))
        if numbers:
            parts.append(and_(self._is("number"), self._numbered(numbers)))
        return parts

    def _beside(self, items: Sequence[Scalar]) -> list[ColumnElement[bool]]:
        """Conditions that all hold where the value can be compared with each item and is none."""
        texts, numbers, rest = _sorted(items)
        parts = [self._compare("$ne", item) for item in rest]
        if texts:
            parts.append(and_(self._is("string"), not_(self._listed(texts))))
        if numbers:
            parts.append(and_(self._is("number"), not_(self._numbered(numbers))))
        return parts

    def _listed(self, values: Sequence[Scalar]) -> ColumnElement[bool]:
        return self._atom.in_(select(_items(literal(dumps(values))).c.atom))

    def _numbered(self, values: Sequence[float]) -> ColumnElement[bool]:
        """Whether a number is one of some: two integers exactly, a fractional one nearly."""
        whole = [value for value in values if isinstance(value, int)]
        fractional = [value for value in values if isinstance(value, float)]
        near = func.is_near(self._atom, dumps(values)) == 1
        if not whole:
            return near
        exact = self._listed(whole)
        if fractional:
            exact = or_(exact, func.is_near(self._atom, dumps(fractional)) == 1)
        return func.iif(func.typeof(self._atom) == "integer", exact, near) == 1

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
        slack = abs(operand) * TOLERANCE
        loose = _ordered(self._atom, operator, operand - slack, operand + slack)
        if isinstance(operand, float):
            return and_(self._is(of), loose)
        whole = func.typeof(self._atom) == "integer"
        exact = _ordered(self._atom, operator, operand, operand)
        return and_(self._is(of), or_(and_(whole, exact), and_(not_(whole), loose)))


def _sorted(items: Sequence[Scalar]) -> tuple[list[str], list[float], list[Scalar]]:
    """Texts, numbers, and the rest."""
    texts = [item for item in items if isinstance(item, str)]
    numbers = [
        item for item in items if isinstance(item, int | float) and not isinstance(item, bool)
    ]
    return texts, numbers, [item for item in items if item is None or isinstance(item, bool)]


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
