"""Opening a database: what can be wrong with a path, and two processes that come first at once."""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from pathlib import Path

from nuonuo_memory.errors import (
    InvalidInputError,
    NotAStoreError,
    ReadOnlyStoreError,
    StoreBusyError,
    StoreError,
)
from nuonuo_memory.platform import disk_errors, make_private, path_of
from nuonuo_memory.store.sqlite import identity, schema
from nuonuo_memory.store.sqlite.connect import Database
from nuonuo_memory.store.sqlite.faults import error_code, translated
from nuonuo_memory.store.sqlite.migrations.run import migrate, version_of
from nuonuo_memory.store.sqlite.readonly import ReadOnlyDatabase

_log = logging.getLogger(__name__)

_PAUSE = 0.01  # seconds between attempts where SQLite itself does not wait


def open_database(
    path: str | os.PathLike[str] | None,
    *,
    encoder_name: str | None,
    dimension: int | None,
    read_only: bool,
    timeout: float,
) -> tuple[Database, dict[str, str]]:
    """An open database and the values of its `meta` table.

    Raises:
        StoreError: One of its kinds, when the path is no store that can be opened so.
        InvalidInputError: A new store needs the encoder's name and dimension.
    """
    file = None if path is None else _checked_path(path, read_only=read_only)
    if file is not None:
        if read_only:
            return _open_read_only(file, encoder_name, dimension, timeout)
        if not file.exists() or file.stat().st_size == 0:
            identity.check_new(encoder_name, dimension, str(file))
            _make(file)
    database = Database(file, mode="rwc", timeout=timeout)
    try:
        values = _recognised_or_made(database, encoder_name, dimension)
    except BaseException:
        database.close()
        raise
    return database, values


def _checked_path(given: str | os.PathLike[str], *, read_only: bool) -> Path:
    path = path_of(given, "a store")
    if str(path) == ":memory:":
        raise InvalidInputError(
            "expected a file to keep the memory in, got ':memory:'; use TextMemory.in_memory() for "
            "one that leaves nothing on disk"
        )
    try:
        _check_path(path, read_only=read_only)
    except OSError as error:  # a folder that may not be looked into, a name that is too long
        raise StoreError(
            f"the store at {path} cannot be opened ({error.strerror}); check its name and the "
            "rights of its folder"
        ) from error
    return path


def _make(path: Path) -> None:
    """Make the file before SQLite does, which would let everyone read it."""
    try:
        with disk_errors(path, "a new store at"):
            make_private(path)
    except InvalidInputError as error:
        raise ReadOnlyStoreError(str(error)) from error


def _check_path(path: Path, *, read_only: bool) -> None:
    if path.is_dir():
        raise NotAStoreError(f"expected a file at {path}, got a folder; add a file name to it")
    if not path.parent.is_dir():
        raise StoreError(
            f"expected the folder {path.parent} for the store {path.name}, but there is none; "
            "create it first"
        )
    if path.exists() and not read_only and not os.access(path, os.W_OK):
        # SQLite would open it all the same, and fail at the first write.
        raise ReadOnlyStoreError(
            f"expected to write to the store at {path}, but the file is read-only; change its "
            "rights, or open it with read_only=True"
        )
    if read_only and not path.exists():
        raise StoreError(
            f"expected a store at {path} to read, but there is none; open it once without read_only"
        )


def _open_read_only(
    path: Path, encoder_name: str | None, dimension: int | None, timeout: float
) -> tuple[Database, dict[str, str]]:
    database = ReadOnlyDatabase(path, timeout=timeout)
    try:
        with database.reading() as connection:
            values = identity.recognise(connection, str(path))
            identity.check_size(connection, path)
        identity.check_encoder(values, str(path), encoder_name=encoder_name, dimension=dimension)
    except BaseException:
        database.close()
        raise
    return database, values


def _recognised_or_made(
    database: Database, encoder_name: str | None, dimension: int | None
) -> dict[str, str]:
    with database.reading() as connection:
        new = identity.is_empty(connection)
        if not new:
            values = identity.recognise(connection, database.name)
            old = version_of(connection) < schema.SCHEMA_VERSION
            if database.path is not None:
                identity.check_size(connection, database.path)
    if new:
        name, size = identity.check_new(encoder_name, dimension, database.name)
        _use_log(database)
        with database.writing() as connection:
            if identity.is_empty(connection):  # another process may have come first
                identity.initialise(connection, encoder_name=name, dimension=size)
            values = identity.recognise(connection, database.name)
        _log.info("made a store at %s for vectors of %s", database.name, name)
    else:
        _use_log(database)
        if old:
            migrate(database)
    identity.check_encoder(values, database.name, encoder_name=encoder_name, dimension=dimension)
    return values


def _use_log(database: Database) -> None:
    """Switch to the write-ahead log; SQLite does not wait for others here, so we do."""
    if database.path is None:
        return
    deadline = time.monotonic() + database.timeout
    with translated(database.name):
        connection = database.connect_raw()
        try:
            while not _try_log(connection, database.name):
                if time.monotonic() > deadline:
                    raise StoreBusyError(
                        f"another process kept the store at {database.name} locked while it was "
                        "being opened; let it finish, or open with a longer timeout"
                    )
                time.sleep(_PAUSE)
        finally:
            connection.close()


def _try_log(connection: sqlite3.Connection, path: str) -> bool:
    try:
        mode = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
    except sqlite3.OperationalError as error:
        if error_code(error) == sqlite3.SQLITE_BUSY:
            return False
        if error_code(error) == sqlite3.SQLITE_READONLY:
            raise ReadOnlyStoreError(
                f"expected to write to the store at {path}, but it is read-only ({error}); "
                "change the rights of the file and its folder, or open it with read_only=True"
            ) from error
        raise
    return bool(mode == "wal")
