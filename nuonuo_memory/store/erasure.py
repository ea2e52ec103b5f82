"""Making what was forgotten unreadable in every file of the store."""

from __future__ import annotations

import sqlite3
import time

from nuonuo_memory.store.connect import Database
from nuonuo_memory.store.faults import error_code, translated

_ATTEMPT = 0.05  # seconds between attempts while a reader is in the way


def erase(database: Database, *, patience: float) -> bool:
    """Move the log into the database file and cut it to nothing.

    Args:
        database: Of a file; one in memory has nothing to erase.
        patience: Seconds to wait for readers that still look at the log.

    Returns:
        Whether it was done; if not, another process (or thread) kept reading all the while.
    """
    if database.path is None:
        return True
    deadline = time.monotonic() + patience
    with translated(database.name):
        connection = database.connect_raw()
        try:
            while not _truncate(connection):
                if time.monotonic() > deadline:
                    return False
                time.sleep(_ATTEMPT)
        finally:
            connection.close()
    return True


def _truncate(connection: sqlite3.Connection) -> bool:
    try:
        busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    except sqlite3.OperationalError as error:
        if error_code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return False
        raise
    return not busy
