"""Whether anything changed, asked before each recall."""

from __future__ import annotations

import sqlite3
import threading

from nuonuo_memory.errors import ClosedError
from nuonuo_memory.store.sqlite import changes
from nuonuo_memory.store.sqlite.connect import Database
from nuonuo_memory.store.sqlite.faults import translated


class Watch:
    """The store's version, read anew only when SQLite says that the file changed.

    `PRAGMA data_version` on a connection that never writes costs a few microseconds and moves
    with every commit of another connection, in this process or any other.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._data_version = -1
        self._version = -1
        if database.path is None:
            self._version = self._read()
        else:
            self._generation = database.generation
            self._connection = database.connect_raw()

    def _read(self) -> int:
        with self._database.reading() as connection:
            return changes.version(connection)

    def version(self) -> int:
        """Number of the last change.

        Raises:
            ClosedError: The store was closed.
        """
        with self._lock:
            if self._connection is None:
                if self._database.closed:
                    raise ClosedError(
                        f"the store at {self._database.name} was closed; open it again"
                    )
                return self._version
            with translated(self._database.name):
                if self._database.refresh() != self._generation:
                    self._reconnect()
                seen = self._connection.execute("PRAGMA data_version").fetchone()[0]
                if seen != self._data_version:
                    # On this connection, which no snapshot or write of a thread holds back.
                    counter = "SELECT last FROM counters WHERE name = 'changes'"
                    self._version = self._connection.execute(counter).fetchone()[0]
                    self._data_version = seen
            return self._version

    def _reconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = self._database.connect_raw()
        self._generation = self._database.generation
        self._data_version = -1

    def wrote(self, version: int) -> None:
        """Tell of a write of our own, for a database in memory."""
        if self._connection is None:
            with self._lock:
                self._version = max(self._version, version)

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None
