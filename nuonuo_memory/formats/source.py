"""Where conversations lie: a file, a folder or a zip archive, read within a bound of bytes."""

from __future__ import annotations

import gzip
import lzma
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import cached_property, partial
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import IO, TypeAlias

from nuonuo_memory.errors import FormatError
from nuonuo_memory.formats.records import JsonObject, Record, as_utf8, records_of, samples_of
from nuonuo_memory.formats.texts import clean

MAX_BYTES = 2 * 1024**3
"""Bytes that one reading takes in at most, unpacked, unless it is told otherwise."""

_MAX_FILES = 100_000
_CHUNK = 1 << 20
_XZ_MEMORY = 256 * 1024**2
_PACKED = (".gz", ".xz")
_MEDIA = frozenset(
    [
        ".jpg",
        ".jpeg",
        ".png",
        ".gif",
        ".webp",
        ".heic",
        ".heif",
        ".bmp",
        ".tif",
        ".tiff",
        ".svg",
        ".ico",
        ".mp4",
        ".m4v",
        ".mov",
        ".avi",
        ".mkv",
        ".webm",
        ".3gp",
        ".mp3",
        ".m4a",
        ".ogg",
        ".opus",
        ".oga",
        ".wav",
        ".flac",
        ".aac",
        ".amr",
        ".pdf",
        ".doc",
        ".docx",
        ".xls",
        ".xlsx",
        ".ppt",
        ".pptx",
        ".odt",
        ".zip",
        ".rar",
        ".7z",
        ".tar",
        ".exe",
        ".apk",
        ".dmg",
        ".vcf",
        ".tgs",
        ".db",
        ".sqlite",
        ".dat",
        ".bin",
        ".woff",
        ".woff2",
        ".ttf",
        ".css",
        ".js",
    ]
)
_Opener: TypeAlias = Callable[[], AbstractContextManager[IO[bytes]]]


class TooLargeError(FormatError):
    """More bytes than may be read; no file is left out for it, as it may be a trap."""


class Budget:
    """Counts the bytes that are read, so that no archive unpacks without end.

    Args:
        most: How many there may be.
    """

    def __init__(self, most: int = MAX_BYTES) -> None:
        self.most = most
        self._read = 0

    def take(self, count: int, where: str) -> None:
        """Count some more bytes.

        Raises:
            TooLargeError: They are more than there may be.
        """
        self._read += count
        if self._read > self.most:
            raise TooLargeError(
                f"{where}: expected at most {self.most:,} bytes once unpacked, got more; if the "
                "file is sound, allow more (max_bytes, --max-bytes)"
            )


class File:
    """One file of a source; what ends in `.gz` or `.xz` is unpacked.

    Attributes:
        shown: Its name in messages.
        name: Its path inside the source, with `/` between folders.
    """

    def __init__(
        self, shown: str, name: str, *, path: Path, opener: _Opener, budget: Budget
    ) -> None:
        self.shown: str = clean(shown)
        self.name: str = clean(name)
        self._path = path
        self._opener = opener
        self._budget = budget

    @property
    def suffix(self) -> str:
        """The ending that says what is inside, in lower case, as in `.json`."""
        parts = [part.lower() for part in Path(self.name).suffixes]
        while parts and parts[-1] in _PACKED:
            parts.pop()
        return parts[-1] if parts else ""

    @property
    def stem(self) -> str:
        """The path without endings, to name sessions by."""
        path = Path(self.name)
        name = path.name
        for ending in reversed(path.suffixes):
            if ending.lower() not in (*_PACKED, self.suffix):
                break
            name = name[: -len(ending)]
        return str(path.with_name(name or path.name).as_posix())

    @cached_property
    def origin(self) -> str:
        """What tells it from every other file, and is the same each time that it is read."""
        inside = "" if self._path.name == PurePosixPath(self.name).name else self.name
        named = f"{self._path.resolve()}\0{inside}".encode(errors="replace")
        return sha256(named).hexdigest()[:16]

    @property
    def is_media(self) -> bool:
        """Whether its name says that it holds pictures, sound, documents or programs."""
        return self.suffix in _MEDIA

    def release(self) -> None:
        """Let go of what was read; it is read again when it is asked for again."""
        for name in ("data", "text", "is_text", "records", "samples"):
            self.__dict__.pop(name, None)

    @cached_property
    def data(self) -> bytes:
        """Everything in it, as UTF-8 where a mark says that it is UTF-16.

        Raises:
            FormatError: It cannot be read or unpacked, or is larger than allowed.
        """
        parts = []
        try:
            with self._opener() as file:
                for part in _unpacked(file, Path(self.name).suffix.lower()):
                    self._budget.take(len(part), self.shown)
                    parts.append(part)
        except (OSError, EOFError, lzma.LZMAError, zlib.error, zipfile.BadZipFile) as error:
            raise FormatError(
                f"{self.shown}: expected a file that can be read, got: {error}"
            ) from error
        except (RuntimeError, NotImplementedError) as error:  # encrypted, or packed otherwise
            raise FormatError(f"{self.shown}: expected a file that unpacks: {error}") from error
        return as_utf8(b"".join(parts), self.shown)

    @cached_property
    def text(self) -> str:
        """Everything in it as text.

        Raises:
            FormatError: It is not in UTF-8.
        """
        try:
            return clean(self.data.decode("utf-8"))
        except UnicodeDecodeError as error:
            line = self.data.count(b"\n", 0, error.start) + 1
            raise FormatError(
                f"{self.shown}, line {line}: expected text in UTF-8, got byte "
                f"{self.data[error.start]:#04x}; convert the file, or unpack it first"
            ) from error

    @cached_property
    def is_text(self) -> bool:
        """Whether it can be read as text."""
        try:
            return bool(self.text.strip())
        except TooLargeError:
            raise
        except FormatError:
            return False

    @cached_property
    def records(self) -> list[Record]:
        """The values of its JSON: elements of an array, JSON lines, or one document."""
        lines = self.suffix in (".jsonl", ".ndjson")
        return records_of(self.data, self.shown, lines=lines)

    @cached_property
    def samples(self) -> list[JsonObject]:
        """The first objects among its records, to know a format by; none where it is no JSON."""
        if self.data.lstrip()[:1] not in (b"{", b"["):
            return []
        return samples_of(self.records)


class Source:
    """What a reader looks at: a folder or an archive as a whole, or one file of it.

    Attributes:
        shown: Its name in messages.
        name: What sessions without a name of their own are called by.
        files: Every file in it.
        whole: Whether it is a folder or an archive, and not one file.
    """

    def __init__(self, shown: str, name: str, files: list[File], *, whole: bool) -> None:
        self.shown = shown
        self.name = name
        self.files = files
        self.whole = whole

    @property
    def file(self) -> File | None:
        """The one file; `None` for a folder or an archive."""
        return None if self.whole else self.files[0]

    @property
    def samples(self) -> list[JsonObject]:
        """The first JSON objects of the one file; none for a folder or an archive."""
        return [] if self.whole else self.files[0].samples

    @property
    def records(self) -> list[Record]:
        """The JSON records of the one file; none for a folder or an archive."""
        return [] if self.whole else self.files[0].records

    def parts(self) -> Iterator[Source]:
        """Yield each file as a source of its own."""
        for file in self.files:
            yield Source(file.shown, file.stem, [file], whole=False)


def open_source(path: Path, most: int = MAX_BYTES) -> Source:
    """Return what lies at a path; nothing of it is read yet.

    Args:
        path: A file, a folder or a zip archive.
        most: How many bytes may be read, unpacked.

    Raises:
        FormatError: There is no such file, or its archive is damaged or holds too many files.
    """
    if not path.exists():
        raise FormatError(f"expected a file to ingest, got {clean(str(path))!r}: no such file")
    budget = Budget(most)
    shown = clean(str(path))
    if path.is_dir():
        return Source(shown, clean(path.resolve().name), _in_folder(path, budget), whole=True)
    if zipfile.is_zipfile(path):
        return Source(shown, clean(path.stem), _in_archive(path, budget), whole=True)
    file = File(shown, path.name, path=path, opener=_opens(path), budget=budget)
    return Source(shown, file.stem, [file], whole=False)


def _in_folder(folder: Path, budget: Budget) -> list[File]:
    files: list[File] = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(place) / name
            if name.startswith(".") or not path.is_file():
                continue
            inside = path.relative_to(folder).as_posix()
            files.append(File(str(path), inside, path=path, opener=_opens(path), budget=budget))
            _check_count(len(files), str(folder))
    return sorted(files, key=lambda file: file.name)


def _opens(path: Path) -> _Opener:
    return lambda: path.open("rb")


def _in_archive(path: Path, budget: Budget) -> list[File]:
    try:
        with zipfile.ZipFile(path) as archive:
            names = [one.filename for one in archive.infolist() if not one.is_dir()]
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError) as error:
        raise FormatError(f"{path}: expected a zip archive, got: {error}") from error
    _check_count(len(names), str(path))
    return [
        File(f"{path}/{name}", name, path=path, opener=partial(_Member, path, name), budget=budget)
        for name in sorted(dict.fromkeys(names))
        if not name.startswith("__MACOSX/") and not Path(name).name.startswith(".")
    ]


class _Member:
    """A file inside an archive, opened for as long as it is read."""

    def __init__(self, path: Path, name: str) -> None:
        self._path, self._name = path, name

    def __enter__(self) -> IO[bytes]:
        self._archive = zipfile.ZipFile(self._path)
        try:
            _check_packing(self._archive.getinfo(self._name))
            self._file = self._archive.open(self._name)
        except (RuntimeError, NotImplementedError, KeyError, OSError, zipfile.BadZipFile):
            self._archive.close()
            raise
        return self._file

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._archive.close()


def _check_packing(member: zipfile.ZipInfo) -> None:
    """Refuse the ways of packing that `zipfile` unpacks without a bound on what comes out.

    Raises:
        NotImplementedError: The member is packed in such a way.
    """
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise NotImplementedError("it is neither stored nor deflated; pack it anew")


def _check_count(count: int, where: str) -> None:
    if count > _MAX_FILES:
        raise FormatError(
            f"{where}: expected at most {_MAX_FILES:,} files, got more; choose a smaller folder"
        )


def _unpacked(file: IO[bytes], suffix: str) -> Iterator[bytes]:
    """Yield a file's bytes piece by piece, each of a bounded size."""
    if suffix == ".xz":
        yield from _unpacked_xz(file)
        return
    if suffix == ".gz":
        with gzip.GzipFile(fileobj=file) as packed:
            while part := packed.read(_CHUNK):
                yield part
        return
    while part := file.read(_CHUNK):
        yield part


def _unpacked_xz(file: IO[bytes]) -> Iterator[bytes]:
    one = lzma.LZMADecompressor(memlimit=_XZ_MEMORY)
    left = file.read(_CHUNK)
    if not left:
        raise EOFError("the file is empty")
    while left or not one.needs_input:
        part = one.decompress(left, max_length=_CHUNK)
        left = b""
        yield part
        if one.eof:
            left = one.unused_data.lstrip(b"\x00") or file.read(_CHUNK).lstrip(b"\x00")
            if not left:
                return
            one = lzma.LZMADecompressor(memlimit=_XZ_MEMORY)
        elif one.needs_input:
            left = file.read(_CHUNK)
    raise EOFError("the file ends before its end mark")
