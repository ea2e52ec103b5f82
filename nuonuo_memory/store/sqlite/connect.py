"""Connections to the database: how they are made, lent to threads, and given back."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool, StaticPool

from nuonuo_memory.errors import ClosedError, StoreBusyError, StoreError
from nuonuo_memory.store.sqlite.faults import translated
from nuonuo_memory.store.sqlite.functions import register

_WRITES: Final = "nuonuo_writes"
_PRAGMAS: Final = (
    "PRAGMA foreign_keys=ON",
    # A commit returns when the log is on the disk, not merely handed to the system.
    "PRAGMA synchronous=FULL",
    # Freed bytes are overwritten with zeros.
    "PRAGMA secure_delete=ON",
    # Sorting never writes texts to a temporary file.
    "PRAGMA temp_store=MEMORY",
    # 64 MiB of pages: an update of the index of a large store stays in memory.
    "PRAGMA cache_size=-65536",
)


def dumps(value: object) -> str:
    """JSON as the store writes it: compact, UTF-8, no NaN."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


class Database:
    """One SQLite database, in a file or in memory, for use from several threads.

    Args:
        path: The file, or `None` for a database in memory.
        mode: SQLite's `mode` of opening: `ro`, `rw` or `rwc`.
        timeout: Seconds to wait for another writer.
        immutable: Open a file that nobody writes to, without its log and locks.
    """

    def __init__(
        self, path: Path | None, *, mode: str, timeout: float, immutable: bool = False
    ) -> None:
        self.path = path
        self.name: str = "memory" if path is None else str(path)
        self.timeout = timeout
        self.generation = 0
        self._mode = mode
        self._immutable = immutable
        self._uri = self._make_uri()
        self._closed = False
        self._writer = threading.RLock()
        self._local = threading.local()
        self.engine: Engine = self._make_engine()

    def _make_uri(self) -> str:
        if self.path is None:
            return ":memory:"
        uri = f"{self.path.absolute().as_uri()}?mode={self._mode}"
        return uri + "&immutable=1" if self._immutable else uri

    def connect_raw(self) -> sqlite3.Connection:
        """A connection of the driver, in autocommit mode, with the store's settings."""
        connection = sqlite3.connect(
            self._uri,
            uri=True,
            timeout=self.timeout,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            register(connection)
            for pragma in _PRAGMAS:
                connection.execute(pragma)
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _make_engine(self) -> Engine:
        pool: dict[str, Any] = (
            {"poolclass": StaticPool}
            if self.path is None
            else {"poolclass": QueuePool, "pool_size": 4, "max_overflow": -1}
        )
        engine = create_engine("sqlite://", creator=self.connect_raw, json_serializer=dumps, **pool)
        event.listen(engine, "begin", _begin)
        return engine

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection in one consistent view; inside `writing`, that of the write."""
        current: Connection | None = getattr(self._local, "connection", None)
        if current is not None:
            with translated(self.name):
                yield current
            return
        if self.path is None:  # one connection for all threads
            with self._held(), self._connected(writes=False) as connection:
                yield connection
            return
        with self._connected(writes=False) as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Let all that this thread reads within the block be of one moment."""
        if getattr(self._local, "connection", None) is not None:
            yield
            return
        with ExitStack() as stack:
            if self.path is None:
                stack.enter_context(self._held())
            connection = stack.enter_context(self._connected(writes=False))
            connection.exec_driver_sql("SELECT count(*) FROM sqlite_master")  # the moment is now
            self._local.connection = connection
            try:
                yield
            finally:
                self._local.connection = None

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """The connection that writes, in one transaction: committed on leaving, else undone."""
        if getattr(self._local, "connection", None) is not None:
            raise StoreError("expected one write at a time in a thread; finish the outer one first")
        with self._held(), self._connected(writes=True) as connection:
            self._local.connection = connection
            try:
                yield connection
            finally:
                self._local.connection = None

    @contextmanager
    def _held(self) -> Iterator[None]:
        if not self._writer.acquire(timeout=max(60.0, self.timeout)):
            raise StoreBusyError(
                f"another thread kept the store at {self.name} locked; let its write finish"
            )
        try:
            yield
        finally:
            self._writer.release()

    @contextmanager
    def _connected(self, *, writes: bool) -> Iterator[Connection]:
        if self._closed:
            raise ClosedError(f"the store at {self.name} was closed; open it again")
        with translated(self.name), self.engine.connect() as plain:
            connection = plain.execution_options(**{_WRITES: writes})
            with connection.begin():
                yield connection

    def refresh(self) -> int:
        """How often connections became useless because the file was opened anew."""
        return self.generation

    def close(self) -> None:
        """Close every connection; a second call does nothing."""
        self._closed = True
        self.engine.dispose()

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed


def _begin(connection: Connection) -> None:
    # BEGIN IMMEDIATE takes the write lock before anything is read, so that a write never fails
    # half-way because another process wrote in between.
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
