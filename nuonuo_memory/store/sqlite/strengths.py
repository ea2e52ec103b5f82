"""How much memories were of use: numbers alone, which are changed where they lie."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, insert, select

from nuonuo_memory.store.rows import StrengthRow
from nuonuo_memory.store.sqlite.queries import chunked
from nuonuo_memory.store.sqlite.schema import strengths


def put_strengths(connection: Connection, rows: Sequence[StrengthRow]) -> bool:
    """Store the rows in place of earlier ones; says whether any memory's strength changed."""
    before: dict[int, float] = {}
    for chunk in chunked(row.memory_key for row in rows):
        mine = strengths.c.memory_key.in_(chunk)
        held = select(strengths.c.memory_key, strengths.c.strength).where(mine)
        before.update((key, strength) for key, strength in connection.execute(held))
        connection.execute(delete(strengths).where(mine))
    if rows:
        connection.execute(
            insert(strengths),
            [
                {
                    "memory_key": row.memory_key,
                    "uses": row.uses,
                    "used_at": row.used_at,
                    "strength": row.strength,
                }
                for row in rows
            ],
        )
    return any(row.strength != before.get(row.memory_key, 1.0) for row in rows)
