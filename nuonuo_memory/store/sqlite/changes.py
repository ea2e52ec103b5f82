"""The change log: what each write did, for other processes (and other threads) to follow."""

from __future__ import annotations

import logging

from sqlalchemy import Connection, delete, func, insert, select

from nuonuo_memory.store.rows import Change, Op
from nuonuo_memory.store.sqlite.counters import last, reserve
from nuonuo_memory.store.sqlite.schema import changes

_log = logging.getLogger(__name__)

KEPT = 200_000
"""Entries kept; who has not looked for longer than that is told to reload."""

_TRIM_EVERY = 1024  # the log is looked at for its length each time this many entries were added


class Log:
    """The changes of one transaction, one entry for each memory at most."""

    def __init__(self) -> None:
        self._ops: dict[int, tuple[Op, int]] = {}
        self._reload = False
        self._strengths = False

    def note(self, op: Op, memory_key: int, namespace_key: int) -> None:
        """Remember one change; of several to one memory the strongest stays."""
        known = self._ops.get(memory_key)
        if known is None:
            self._ops[memory_key] = (op, namespace_key)
        elif op == "delete":
            if known[0] == "add":
                del self._ops[memory_key]  # came and went: nobody saw it
            else:
                self._ops[memory_key] = (op, namespace_key)
        elif known[0] != op and known[0] not in ("add", "update"):
            self._ops[memory_key] = ("update", namespace_key)

    def added(self, memory_key: int) -> bool:
        """Whether this transaction made the memory, so that it exists and more adds nothing."""
        known = self._ops.get(memory_key)
        return known is not None and known[0] == "add"

    def note_reload(self) -> None:
        """Everything changed."""
        self._reload = True

    def note_strengths(self) -> None:
        """Strengths changed, of however many memories: one entry, so that the log stays short."""
        self._strengths = True

    def write(self, connection: Connection) -> int:
        """Append the entries; gives the number of the last."""
        rows: list[dict[str, object]] = [
            {"op": op, "memory_key": key, "namespace_key": namespace}
            for key, (op, namespace) in self._ops.items()
        ]
        if self._strengths:
            rows.append({"op": "strengths", "memory_key": 0, "namespace_key": 0})
        if self._reload:
            rows = [{"op": "reload", "memory_key": 0, "namespace_key": 0}]
        if not rows:
            return version(connection)
        first = reserve(connection, "changes", len(rows))
        for i, row in enumerate(rows):
            row["seq"] = first + i
        connection.execute(insert(changes), rows)
        end = first + len(rows) - 1
        if first // _TRIM_EVERY != (end + 1) // _TRIM_EVERY:
            connection.execute(delete(changes).where(changes.c.seq <= end - KEPT))
        return end


def version(connection: Connection) -> int:
    """Number of the last change."""
    return last(connection, "changes")


def since(connection: Connection, seq: int) -> list[Change]:
    """The changes after `seq`, in order; one `reload` when the log does not go back so far."""
    oldest = connection.execute(select(func.min(changes.c.seq))).scalar()
    end = version(connection)
    if seq >= end:
        return []
    if oldest is None or seq + 1 < oldest:
        _log.info("the change log does not go back to %d; everything is read anew", seq)
        return [Change(end, "reload", 0, 0)]
    statement = select(changes).where(changes.c.seq > seq).order_by(changes.c.seq)
    return [
        Change(row.seq, row.op, row.memory_key, row.namespace_key)
        for row in connection.execute(statement)
    ]
