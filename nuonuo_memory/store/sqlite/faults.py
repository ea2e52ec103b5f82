"""From the database's errors to ours."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import DBAPIError, ResourceClosedError

from nuonuo_memory.errors import (
    ClosedError,
    InvalidInputError,
    NotAStoreError,
    ReadOnlyStoreError,
    StoreBusyError,
    StoreError,
    StoreFullError,
)

_PRIMARY = 0xFF  # SQLite's extended codes keep the primary code in the low byte

_FAULTS: Final[dict[int, tuple[type[StoreError], str]]] = {
    sqlite3.SQLITE_NOTADB: (
        NotAStoreError,
        (
            "expected a nuonuo-memory store at {path}, but the file is no SQLite database; "
            "give the path of another file"
        ),
    ),
    sqlite3.SQLITE_CORRUPT: (
        NotAStoreError,
        "the store at {path} is damaged ({detail}); restore it from a copy",
    ),
    sqlite3.SQLITE_FULL: (
        StoreFullError,
        (
            "no room left for the store at {path} ({detail}); nothing of this write was kept: "
            "free some space and repeat it"
        ),
    ),
    sqlite3.SQLITE_READONLY: (
        ReadOnlyStoreError,
        (
            "expected to write to the store at {path}, but it is read-only ({detail}); change the "
            "rights of the file and its folder, or open it with read_only=True"
        ),
    ),
    sqlite3.SQLITE_CANTOPEN: (
        StoreError,
        (
            "the store at {path} cannot be opened ({detail}); check the rights of the file and "
            "its folder"
        ),
    ),
    sqlite3.SQLITE_BUSY: (
        StoreBusyError,
        (
            "the store at {path} stayed locked by another process for the whole time-out; nothing "
            "of this write was kept: repeat it, or open the store with a longer timeout"
        ),
    ),
    sqlite3.SQLITE_LOCKED: (
        StoreBusyError,
        "the store at {path} is locked within this process ({detail}); repeat the call",
    ),
    sqlite3.SQLITE_IOERR: (
        StoreError,
        (
            "the disk failed under the store at {path} ({detail}); nothing of this write was kept: "
            "check the disk, then repeat it"
        ),
    ),
    sqlite3.SQLITE_TOOBIG: (
        StoreError,
        (
            "a value is longer than the store at {path} can hold ({detail}); nothing of this write "
            "was kept: divide the text"
        ),
    ),
}


def error_code(error: BaseException | None) -> int:
    """SQLite's primary result code of an error, or -1 where it has none."""
    code = getattr(error, "sqlite_errorcode", None)
    return code & _PRIMARY if isinstance(code, int) else -1


def as_store_error(error: sqlite3.Error, path: str) -> StoreError | None:
    """The error to raise in place of the database's, or `None` when it is none of the known."""
    fault = _FAULTS.get(error_code(error))
    if fault is None:
        return None
    kind, message = fault
    return kind(message.format(path=path, detail=error))


@contextmanager
def translated(path: str) -> Iterator[None]:
    """Raise this library's errors in place of the database's.

    Args:
        path: Where the store is, for the message.

    Raises:
        StoreError: One of its kinds, for what the database or the disk could not do.
        InvalidInputError: A string cannot be written as UTF-8.
    """
    try:
        yield
    except DBAPIError as error:
        known = as_store_error(error.orig, path) if isinstance(error.orig, sqlite3.Error) else None
        if known is None:
            raise
        raise known from error
    except sqlite3.Error as error:
        known = as_store_error(error, path)
        if known is None:
            raise
        raise known from error
    except UnicodeEncodeError as error:
        raise InvalidInputError(
            f"expected text that can be written as UTF-8, got {error.object[error.start]!r} in it "
            f"({error.reason}); nothing of this write was kept: clean the text"
        ) from error
    except ResourceClosedError as error:
        raise ClosedError(f"the store at {path} was closed; open it again") from error
