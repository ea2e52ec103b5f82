"""Taking memories out, with all that depends on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, Connection, Table, delete, or_, select

from nuonuo_memory.store.sqlite.blanking import blank
from nuonuo_memory.store.sqlite.namespace_rows import remove_empty
from nuonuo_memory.store.sqlite.queries import chunked
from nuonuo_memory.store.sqlite.schema import (
    contents,
    cues,
    links,
    memories,
    mentions,
    strengths,
    terms,
)


def remove_memories(connection: Connection, owners: Mapping[int, int]) -> None:
    """Remove memories; `owners` are namespace keys by memory key."""
    for chunk in chunked(owners):
        used = select(memories.c.content_key).where(memories.c.key.in_(chunk))
        blank(connection, contents, contents.c.key.in_(used))
        for table in (cues, terms, mentions):
            blank(connection, table, table.c.memory_key.in_(chunk))
        ends = or_(links.c.source_key.in_(chunk), links.c.target_key.in_(chunk))
        blank(connection, links, ends)
        connection.execute(delete(strengths).where(strengths.c.memory_key.in_(chunk)))
        connection.execute(delete(memories).where(memories.c.key.in_(chunk)))
    for chunk in chunked(set(owners.values())):
        remove_empty(connection, chunk)


def remove_rows(
    connection: Connection,
    table: Table,
    memory_keys: Sequence[int],
    *conditions: ColumnElement[bool],
) -> int:
    """Remove rows that belong to memories; gives their number."""
    owner = table.c.source_key if table is links else table.c.memory_key
    return sum(
        blank(connection, table, owner.in_(chunk), *conditions) for chunk in chunked(memory_keys)
    )
