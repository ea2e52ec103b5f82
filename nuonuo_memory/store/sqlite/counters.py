"""Keys that are never given twice."""

from __future__ import annotations

from sqlalchemy import Connection, select, update

from nuonuo_memory.store.sqlite.schema import counters


def reserve(connection: Connection, name: str, number: int) -> int:
    """Take `number` consecutive keys, within the write that uses them; gives the first."""
    if number:
        connection.execute(
            update(counters).where(counters.c.name == name).values(last=counters.c.last + number)
        )
    return last(connection, name) - number + 1


def last(connection: Connection, name: str) -> int:
    """The last key given."""
    return int(
        connection.execute(select(counters.c.last).where(counters.c.name == name)).scalar_one()
    )
