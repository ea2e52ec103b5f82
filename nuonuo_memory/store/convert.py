"""Between the store's rows and the public types."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from nuonuo_memory.store.rows import MemoryRow
from nuonuo_memory.types import Memory


def memory_of(row: MemoryRow) -> Memory:
    """Return a store's row as the public record."""
    return Memory(
        id=row.id,
        text=row.text,
        namespace=row.namespace,
        metadata=row.metadata,
        role=row.role,
        session=row.session,
        turn=row.turn,
        at=_moment(row.at),
        created_at=datetime.fromtimestamp(row.created_at, UTC),
        updated_at=datetime.fromtimestamp(row.updated_at, UTC),
    )


def memories_of(rows: Iterable[MemoryRow]) -> list[Memory]:
    """Return rows as public records, in order."""
    return [memory_of(row) for row in rows]


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
