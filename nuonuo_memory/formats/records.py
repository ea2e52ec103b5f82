"""JSON as files hold it: an array of records, JSON lines, or one document.

A file is cut into its records without being parsed as a whole, so that a damaged record is known by
its line, leaves the others readable, and a large file never stands in memory twice.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from nuonuo_memory.errors import FormatError
from nuonuo_memory.formats.texts import shorten

JsonObject: TypeAlias = Mapping[str, Any]
"""An object of a JSON file; what its keys hold is checked where it is used."""

_BRACKET = re.compile(rb'(?:[^][{}"]++|"(?:[^"\\]++|\\.)*+")*+([][{}])', re.DOTALL)
_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_LOOKED_AT = 20  # records that are tried to know a format by
_ENOUGH = 1 << 20  # bytes of them after which no more are tried
_MISSING = object()


class Record:
    """One value of a JSON file.

    Attributes:
        file: The file's name in messages.
        line: The line where it begins, from 1.
        number: Its place among the file's records, from 1.
        where: File, line and place, as messages begin with.
    """

    __slots__ = ("_raw", "_value", "file", "line", "number", "where")

    def __init__(self, raw: bytes, file: str, *, line: int, number: int, where: str) -> None:
        self.file: str = file
        self.line: int = line
        self.number: int = number
        self.where: str = where
        self._raw = raw
        self._value: object = _MISSING

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return len(self._raw)

    def value(self, *, keep: bool = False) -> Any:  # noqa: ANN401 - whatever the JSON holds
        """Return what the JSON says.

        Args:
            keep: Parse it once only, for a value that is asked for again.

        Raises:
            FormatError: It is not JSON, or nested too deep.
        """
        if self._value is not _MISSING:
            return self._value
        try:
            found = json.loads(self._raw.decode("utf-8", "surrogatepass"))
        except RecursionError as error:
            raise FormatError(
                f"{self.where}: expected JSON of a usual depth, got lists in lists without end"
            ) from error
        except UnicodeDecodeError as error:
            raise FormatError(
                f"{self.where}: expected text in UTF-8, got byte {self._raw[error.start]:#04x}; "
                "convert the file"
            ) from error
        except ValueError as error:
            shown = self._raw[:80].decode("utf-8", "replace")
            raise FormatError(
                f"{self.where}: expected JSON, got {shorten(shown, 60)} ({shorten(str(error), 80)})"
            ) from error
        if keep:
            self._value = found
        return found

    def object(self, what: str = "an object") -> JsonObject:
        """Return the value, which must be an object.

        Raises:
            FormatError: It is none.
        """
        found = self.value()
        if not isinstance(found, Mapping):
            raise FormatError(f"{self.where}: expected {what}, got {shorten(found)}")
        return found


def as_utf8(data: bytes, where: str) -> bytes:
    """Return text in UTF-8 without a byte order mark; UTF-16 with a mark is converted.

    Raises:
        FormatError: It says that it is UTF-16 and is not.
    """
    if data.startswith(b"\xef\xbb\xbf"):
        return data[3:]
    encoding = _MARKS.get(data[:2])
    if encoding is None:
        return data
    try:
        return data.decode(encoding).encode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        raise FormatError(
            f"{where}: expected UTF-8, got neither that nor UTF-16; convert the file"
        ) from error


def records_of(data: bytes, file: str, *, lines: bool = False) -> list[Record]:
    """Cut JSON into records.

    Args:
        data: The file's bytes in UTF-8.
        file: Its name in messages.
        lines: It is known to hold JSON lines.

    Returns:
        The elements of an array, the lines of JSON lines, or the one document. What stands between
        or after them and is no value is a record too, which fails when its value is asked for.
    """
    if lines or _has_lines(data):
        return list(_line_records(data, file))
    start = len(data) - len(data.lstrip())
    if data[start : start + 1] == b"[":
        return list(_array_records(data, file, start))
    return [Record(data, file, line=1, number=1, where=file)] if data.strip() else []


def samples_of(records: Sequence[Record]) -> list[JsonObject]:
    """Return the first objects among records, or the first of lists; what is no JSON is none."""
    found: list[JsonObject] = []
    looked = 0
    for record in records[:_LOOKED_AT]:
        try:
            value = record.value(keep=len(records) == 1)
        except FormatError:
            continue
        inside = value[:1] if isinstance(value, list) else [value]
        found.extend(one for one in inside if isinstance(one, Mapping))
        looked += record.size
        if len(found) == 3 or looked > _ENOUGH:
            break
    return found


def _has_lines(data: bytes) -> bool:
    """Whether the first lines are JSON values, each on its own."""
    head = data[: 1 << 22].lstrip()
    first, newline, rest = head.partition(b"\n")
    if not newline or not rest.strip() or first.strip() in (b"[", b"{"):
        return False
    if _parses(first):
        return True
    following = [line for line in rest.split(b"\n", 3)[:3] if line.strip()]
    return (
        first[:1] == b"{"
        and any(line.lstrip()[:1] == b"{" for line in following)
        and any(_parses(line) for line in following)
    )


def _parses(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line.decode("utf-8", "surrogatepass")), dict | list)
    except (ValueError, RecursionError):
        return False


def _line_records(data: bytes, file: str) -> Iterator[Record]:
    start, number, count = 0, 0, 0
    while start < len(data):
        end = data.find(b"\n", start)
        end = len(data) if end < 0 else end
        number += 1
        raw = data[start:end]
        start = end + 1
        if raw.strip():
            count += 1
            yield Record(raw, file, line=number, number=count, where=f"{file}, line {number}")


def _array_records(data: bytes, file: str, start: int) -> Iterator[Record]:
    """Cut the array that begins at `start`: one pass over its brackets, outside of strings."""
    line = data.count(b"\n", 0, start) + 1
    counted = start

    def record(begin: int, end: int, number: int) -> Record:
        nonlocal line, counted
        line += data.count(b"\n", counted, begin)
        counted = begin
        where = f"{file}, line {line}, record {number}"
        return Record(data[begin:end], file, line=line, number=number, where=where)

    depth, number, place, begin = 1, 0, start + 1, start + 1
    while depth:
        found = _BRACKET.match(data, place)
        if found is None:  # the file ends inside of a record
            yield record(_after_space(data, begin), len(data), number + 1)
            return
        at = found.start(1)
        opens = found[1] in (b"{", b"[")
        if depth == 1:
            between = data[begin:at].strip(b" \t\r\n,")
            if between:
                number += 1
                yield record(_after_space(data, begin), at, number)
            begin = at
        depth += 1 if opens else -1
        place = at + 1
        if depth == 1 and not opens:
            number += 1
            yield record(begin, place, number)
            begin = place
    if data[place:].strip():
        yield record(_after_space(data, place), len(data), number + 1)


def _after_space(data: bytes, place: int) -> int:
    while place < len(data) and data[place : place + 1] in b" \t\r\n,":
        place += 1
    return place
