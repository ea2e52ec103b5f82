"""Making what was forgotten unreadable in every file of the store.

Forgetting overwrites rows where they lie. What remains is the write-ahead log, which still has
their old pages: it is moved into the database file and cut to nothing. And when as many rows were
overwritten as are in use, the file is compacted, so that it is never much more than twice as
large as it need be, at a cost that stays proportional to what was forgotten.
"""

from __future__ import annotations

import sqlite3
import time
from typing import Final

from sqlalchemy import delete, func, select, update

from nuonuo_memory.store.sqlite.connect import Database
from nuonuo_memory.store.sqlite.counters import last
from nuonuo_memory.store.sqlite.faults import error_code, translated
from nuonuo_memory.store.sqlite.schema import (
    BLANKED,
    SENSITIVE,
    VACUUM_DUE,
    contents,
    counters,
    cues,
    memories,
)

_LATER: Final = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL)
_ATTEMPT: Final = 0.02  # seconds between attempts while a reader is in the way
_FEW: Final = 5000  # overwritten rows that are not worth a compaction: some 5 MB


def erase(database: Database, *, patience: float) -> bool:
    """Finish a compaction that is due, move the log into the database file, cut it to nothing.

    Args:
        database: Of a file; one in memory has nothing to erase.
        patience: Seconds to wait for readers that still look at the log.

    Returns:
        Whether it was done; if not, another process (or thread) was in the way all the while.
    """
    if database.path is None:
        return True
    deadline = time.monotonic() + patience
    with translated(database.name):
        connection = database.connect_raw()
        try:
            connection.execute(f"PRAGMA busy_timeout={int(patience * 1000)}")
            while not (_rewritten(connection) and _truncated(connection)):
                if time.monotonic() > deadline:
                    return False
                time.sleep(_ATTEMPT)
        finally:
            connection.close()
    return True


def _rewritten(connection: sqlite3.Connection) -> bool:
    """Whether no VACUUM is due, or it could be done now."""
    due = "SELECT last FROM counters WHERE name = ?"
    if not connection.execute(due, (VACUUM_DUE,)).fetchone()[0]:
        return True
    if _attempt(connection, "VACUUM") is None:
        return False
    done = f"UPDATE counters SET last = 0 WHERE name = '{VACUUM_DUE}'"  # noqa: S608  a constant
    return _attempt(connection, done) is not None


def _truncated(connection: sqlite3.Connection) -> bool:
    rows = _attempt(connection, "PRAGMA wal_checkpoint(TRUNCATE)")
    return rows is not None and not rows[0][0]


def _attempt(connection: sqlite3.Connection, statement: str) -> list[tuple[int, ...]] | None:
    """The statement's rows, or `None` where others or a full disk prevent it for now."""
    try:
        return connection.execute(statement).fetchall()
    except sqlite3.OperationalError as error:
        if error_code(error) in _LATER:
            return None
        raise


def left_undone(database: Database) -> bool:
    """Whether a process was killed that may have forgotten something and not yet erased it."""
    if database.path is None:
        return False
    log = database.path.with_name(database.path.name + "-wal")
    if log.exists() and log.stat().st_size:
        return True
    with database.reading() as connection:
        return last(connection, VACUUM_DUE) != 0


def worth_compacting(database: Database) -> bool:
    """Whether more rows are overwritten than in use."""
    with database.reading() as connection:
        blanked = last(connection, BLANKED)
        if blanked < _FEW:
            return False
        used = connection.execute(select(func.count()).where(cues.c.live)).scalar_one()
        return bool(blanked > used)


def drop_blanked(database: Database) -> None:
    """Drop the overwritten rows; `erase` then rewrites the file without gaps."""
    with database.writing() as connection:
        for table in SENSITIVE:
            if table is contents:
                used = select(memories.c.content_key)
                connection.execute(delete(contents).where(contents.c.key.not_in(used)))
            else:
                connection.execute(delete(table).where(~table.c.live))
        # Dropping moves rows and leaves copies of them, until VACUUM has written them anew; the
        # counter says so to whoever comes next, should this process be killed in between.
        for name, value in ((BLANKED, 0), (VACUUM_DUE, 0 if database.path is None else 1)):
            statement = update(counters).where(counters.c.name == name)
            connection.execute(statement.values(last=value))
