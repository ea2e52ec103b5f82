"""What differs between operating systems, in one place.

Linux and macOS: files that we make are readable and writable by their owner alone (0600), and a
new name in a folder is on the disk once the folder was synced. Windows: a file takes its rights
from its folder, there is nothing to sync, and a file that another process has open cannot be
replaced. Locks are SQLite's own everywhere (`fcntl` on POSIX, `LockFileEx` on Windows); both are
known to fail on network file systems, where a store does not belong.
"""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from nuonuo_memory.errors import InvalidInputError, StoreError, StoreFullError, shown

PRIVATE: Final = 0o600
"""The mode of every file that we make."""

_FULL: Final = {errno.ENOSPC, errno.EDQUOT} if hasattr(errno, "EDQUOT") else {errno.ENOSPC}
_RIGHTS: Final = {errno.EACCES, errno.EPERM, errno.EROFS}
_NO_LINKS: Final = {errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK}


def path_of(value: object, what: str) -> Path:
    """Return a path that the operating system can name.

    Raises:
        InvalidInputError: It is no path, or holds a character that no file name can hold.
    """
    if not isinstance(value, str | os.PathLike):
        raise InvalidInputError(f"expected a path for {what}, got {type(value).__name__}")
    name = os.fspath(value)
    if not isinstance(name, str) or not name or "\0" in name:
        raise InvalidInputError(f"expected a path for {what}, got {shown(name)}")
    try:
        os.fsencode(name)
    except UnicodeEncodeError as error:
        raise InvalidInputError(
            f"expected a path for {what} that can be encoded, got {shown(name)}"
        ) from error
    return Path(name)


def make_private(path: Path) -> bool:
    """Make an empty file that its owner alone may read; returns whether there was none.

    Raises:
        OSError: It cannot be made.
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, PRIVATE))
    except FileExistsError:
        return False
    return True


@contextmanager
def whole_file(path: Path, what: str, *, replace: bool) -> Iterator[Path]:
    """Let a file be written beside its place and move it there when it is whole.

    Args:
        path: Where it shall be.
        what: What is written, for messages.
        replace: Whether a file that is there gives way; if not, it is an error.

    Yields:
        An empty, private file to write to; after an error nothing is left of it.

    Raises:
        InvalidInputError: No such file can be made at `path`.
        StoreFullError: The disk is full.
        StoreError: The disk failed.
    """
    _check_place(path, what, replace=replace)
    with disk_errors(path, what):
        handle, name = tempfile.mkstemp(prefix=".nuonuo-", suffix=".part", dir=path.parent)
        os.close(handle)
        part = Path(name)
        try:
            yield part
            _sync(part)
            if replace:
                part.replace(path)
            else:
                _move_new(part, path)
            sync_folder(path.parent)
        finally:
            for file in (part, *path.parent.glob(f"{part.name}-*")):  # a database's helper files
                file.unlink(missing_ok=True)


@contextmanager
def disk_errors(path: Path, what: str) -> Iterator[None]:
    """Raise this library's errors in place of the operating system's.

    Raises:
        InvalidInputError: There is a file already, or no right to make one.
        StoreFullError: The disk is full.
        StoreError: The disk failed.
    """
    try:
        yield
    except FileExistsError as error:
        raise _taken(path, what) from error
    except OSError as error:
        if error.errno in _FULL:
            raise StoreFullError(
                f"no room left for {what} {path} ({error.strerror}); free some space"
            ) from error
        if error.errno in _RIGHTS:
            raise InvalidInputError(
                f"expected {what} {path} to be allowed, got {error.strerror}; check the rights of "
                "the file and its folder"
            ) from error
        raise StoreError(f"the disk failed for {what} {path} ({error})") from error


def _check_place(path: Path, what: str, *, replace: bool) -> None:
    with disk_errors(path, what):
        if not path.parent.is_dir():
            raise InvalidInputError(
                f"expected a folder for {what} {path}, got no such folder; create it first"
            )
        if path.exists() and not path.is_file():
            raise InvalidInputError(f"expected a file for {what}, got {path}, which is none")
        if path.exists() and not replace:
            raise _taken(path, what)


def _taken(path: Path, what: str) -> InvalidInputError:
    return InvalidInputError(
        f"expected a new file for {what}, got {path}, which is there already; remove it first, or "
        "choose another name"
    )


def _move_new(part: Path, path: Path) -> None:
    """Move a file to a name that nothing has yet, in one step where the system has one."""
    if os.name == "nt":
        part.rename(path)  # fails where there is a file
        return
    try:
        os.link(part, path)  # fails where there is a file; the caller removes the other name
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if not make_private(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from error
        part.replace(path)


def _sync(file: Path) -> None:
    with file.open("rb+") as stream:
        os.fsync(stream.fileno())


def sync_folder(folder: Path) -> None:
    """Make a folder's names durable, where the system can."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # some file systems refuse it for folders, and sync names anyway
            os.fsync(handle)
    finally:
        os.close(handle)
