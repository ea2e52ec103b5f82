"""A file or folder to read, opened once, whichever reader looks at it."""

from __future__ import annotations

import gzip
import json
import lzma
import zlib
from functools import cached_property
from pathlib import Path
from typing import Any

from nuonuo_memory.errors import FormatError


class Source:
    """A conversation file or folder; compressed files (`.xz`, `.gz`) are read as they are.

    Raises:
        FormatError: The path does not exist.
    """

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise FormatError(f"expected a file to ingest, got {str(path)!r}: no such file")
        self.path = path

    @property
    def name(self) -> str:
        """The file's name without endings, to name sessions by."""
        return self.path.name.split(".")[0] or self.path.name

    @cached_property
    def text(self) -> str:
        """The whole file; empty for a folder."""
        return "" if self.path.is_dir() else read_text(self.path)

    @cached_property
    def document(self) -> Any:  # noqa: ANN401 - whatever the JSON holds
        """The file as one JSON document; `None` when it is none."""
        if self.text.lstrip()[:1] not in ("{", "["):
            return None
        try:
            return json.loads(self.text)
        except ValueError:
            return None

    @cached_property
    def first_line(self) -> Any:  # noqa: ANN401 - whatever the JSON holds
        """The first line as JSON; `None` when it is none."""
        for line in self.text.splitlines():
            if line.strip():
                try:
                    return json.loads(line)
                except ValueError:
                    return None
        return None

    def lines(self) -> list[tuple[int, Any]]:
        """Parse JSON lines, each with its number.

        Raises:
            FormatError: A line is not JSON.
        """
        return parse_lines(self.text, str(self.path))


def read_text(path: Path) -> str:
    """Read a file that may be compressed.

    Raises:
        FormatError: It cannot be read, or is not text in UTF-8.
    """
    try:
        packed = path.read_bytes()
        match path.suffix.lower():
            case ".xz":
                packed = lzma.decompress(packed)
            case ".gz":
                packed = gzip.decompress(packed)
        return packed.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatError(
            f"{path}: expected text in UTF-8, got byte {error.object[error.start]:#04x} at "
            f"position {error.start}; convert the file, or unpack it first"
        ) from error
    except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
        raise FormatError(f"{path}: expected a file that can be read, got: {error}") from error


def parse_lines(text: str, name: str) -> list[tuple[int, Any]]:
    """Parse JSON lines, each with its number from 1; empty lines are passed over.

    Raises:
        FormatError: A line is not JSON.
    """
    records = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            records.append((number, json.loads(line)))
        except ValueError as error:
            raise FormatError(f"{name}, line {number}: expected JSON, got {line[:60]!r}") from error
    return records
