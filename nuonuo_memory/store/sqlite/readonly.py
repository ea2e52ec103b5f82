"""A database that is read and never written to, not even to its helper files."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from sqlalchemy import Connection

from nuonuo_memory.store.sqlite.connect import Database
from nuonuo_memory.store.sqlite.faults import error_code

_log = logging.getLogger(__name__)

_State: TypeAlias = tuple[bool, int, int]


class ReadOnlyDatabase(Database):
    """Reads a file together with its writers, if there are any, and alone if there are none.

    Where no process has the file open, SQLite would create a log and an index of it just to read,
    which a folder may forbid. So the file is then opened as immutable, for as long as it stays
    as it is; as soon as a log appears or the file changes, it is opened anew.
    """

    def __init__(self, path: Path, *, timeout: float) -> None:
        self._file = path
        self._log = path.with_name(path.name + "-wal")
        self._switch = threading.Lock()
        self._state = self._look()
        super().__init__(path, mode="ro", timeout=timeout, immutable=not self._state[0])

    def _look(self) -> _State:
        status = self._file.stat()
        return self._log.exists(), status.st_mtime_ns, status.st_size

    def refresh(self) -> int:
        """Open anew if others came or went; gives how often that happened."""
        if self._immutable and not self._closed and self._look() != self._state:
            with self._switch:
                state = self._look()
                if state != self._state:
                    self._state = state
                    self._reopen(immutable=not state[0])
        return self.generation

    def _reopen(self, *, immutable: bool) -> None:
        _log.debug("%s is opened anew, because its writers came or went", self.name)
        old = self.engine
        self._immutable = immutable
        self._uri = self._make_uri()
        self.engine = self._make_engine()
        self.generation += 1
        old.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection in one consistent view."""
        self.refresh()
        with super().reading() as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Let all that this thread reads within the block be of one moment."""
        self.refresh()
        with super().snapshot():
            yield

    def connect_raw(self) -> sqlite3.Connection:
        """A connection of the driver; alone where the log of a writer is gone again."""
        try:
            return super().connect_raw()
        except sqlite3.OperationalError as error:
            gone = error_code(error) == sqlite3.SQLITE_CANTOPEN and not self._log.exists()
            if self._immutable or not gone or not self._file.exists():
                raise
        self._state = self._look()
        self._immutable = True
        self._uri = self._make_uri()
        self.generation += 1
        return super().connect_raw()
