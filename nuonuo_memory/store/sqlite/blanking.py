"""Overwriting rows where they lie, so that no byte of them stays and nothing else moves.

SQLite writes a record of unchanged size over the old one, in its cells and overflow pages. So each
text is replaced by as many zeros as it has bytes, and each blob by zero bytes.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    Connection,
    LargeBinary,
    Table,
    Text,
    cast,
    func,
    literal,
    type_coerce,
    update,
)

from nuonuo_memory.store.sqlite.counters import reserve
from nuonuo_memory.store.sqlite.schema import BLANKED, SENSITIVE


def blank(connection: Connection, table: Table, *conditions: ColumnElement[bool]) -> int:
    """Overwrite the live rows that meet the conditions; gives their number."""
    values: dict[str, Any] = {name: _zeros(table.c[name]) for name in SENSITIVE[table]}
    statement = update(table).where(*conditions)
    if "live" in table.c:
        values["live"] = False
        statement = statement.where(table.c.live)
    gone = connection.execute(statement.values(values)).rowcount
    if gone:
        reserve(connection, BLANKED, gone)
    return gone


def _zeros(column: Column[Any]) -> ColumnElement[Any]:
    size = func.length(cast(column, LargeBinary))
    if isinstance(column.type, LargeBinary):
        return func.zeroblob(size)
    if isinstance(column.type, JSON):  # stays JSON: a string in quotation marks
        mark = literal('"')
        quoted = mark.concat(_digits(size - 2)).concat(mark)
        return type_coerce(quoted, Text)
    return _digits(size)


def _digits(size: ColumnElement[int]) -> ColumnElement[str]:
    return func.substr(func.hex(func.zeroblob(size)), 1, size, type_=Text)
