"""A whole copy of a database while it is in use, by SQLite's online backup."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final

from nuonuo_memory.errors import StoreBusyError, StoreError
from nuonuo_memory.store.sqlite.connect import Database
from nuonuo_memory.store.sqlite.erasure import erase
from nuonuo_memory.store.sqlite.faults import translated

_PAGES: Final = 2_000  # copied between two calls of `progress`: 8 MB
_PATIENCE: Final = 10.0  # seconds for rewriting the copy, which nobody else has open


def copy_database(
    database: Database, to: Path, *, progress: Callable[[int, int], None] | None = None
) -> None:
    """Copy a database, as it is at this moment, into an empty file.

    Args:
        database: The source; others may read and write it meanwhile.
        to: An empty file.
        progress: Called with the number of pages copied and of all.

    Raises:
        StoreError: The copy could not be written.
    """

    def report(_: int, remaining: int, total: int) -> None:
        if progress is not None:
            progress(total - remaining, total)

    # The reading transaction keeps the source's state fixed, so that the copy never starts again.
    with database.reading() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM sqlite_master")
        source = connection.connection.driver_connection
        if not isinstance(source, sqlite3.Connection):
            raise StoreError(f"expected a connection of sqlite3, got {type(source).__name__}")
        with translated(str(to)):
            target = sqlite3.connect(to, isolation_level=None)
            try:
                source.backup(target, pages=_PAGES, progress=report)
            finally:
                target.close()
    _finish(to)


def _finish(copy: Path) -> None:
    """Erase in the copy what the source had forgotten and not yet erased; drop its log."""
    database = Database(copy, mode="rw", timeout=_PATIENCE)
    try:
        done = erase(database, patience=_PATIENCE)
    finally:
        database.close()
    if not done:
        raise StoreBusyError(f"another process opened the unfinished copy at {copy}; try again")
