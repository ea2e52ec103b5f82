"""Telling formats apart, and reading a file in the one that it has."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from nuonuo_memory.errors import FormatError
from nuonuo_memory.formats import chat, chatgpt, locomo, longmemeval, transcript
from nuonuo_memory.formats.sessions import Session
from nuonuo_memory.formats.source import Source


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file that can be read.

    Attributes:
        name: What `--format` calls it.
        about: What such a file is.
        matches: Tells whether a source is one.
        read: Yields its sessions; its second argument chooses among them.
    """

    name: str
    about: str
    matches: Callable[[Source], bool]
    read: Callable[[Source, str | None], Iterator[Session]]


def _format(module: ModuleType) -> Format:
    return Format(module.NAME, module.ABOUT, module.matches, module.read)


FORMATS: dict[str, Format] = {
    module.NAME: _format(module) for module in (longmemeval, locomo, chatgpt, chat, transcript)
}
"""Every format by name, in the order in which they are tried."""


def read_sessions(
    path: str | os.PathLike[str],
    *,
    format: str | None = None,  # noqa: A002
    only: str | None = None,
) -> list[Session]:
    """Read the conversations of a file or folder.

    Args:
        path: The file; `.xz` and `.gz` are unpacked.
        format: One of `FORMATS`; found out when `None`.
        only: Chooses one conversation: a LongMemEval question, a LoCoMo sample, or a conversation
            by id or place.

    Raises:
        FormatError: The file is of no known format, or not of the one named, or a record in it is
            wrong; the message names the file and the record.
    """
    source = Source(Path(path))
    if format is not None and format not in FORMATS:
        raise FormatError(f"expected a format among {', '.join(FORMATS)}, got {format!r}")
    known = FORMATS[format] if format else _detected(source)
    if format and not known.matches(source):
        raise FormatError(f"{path}: expected {known.about}; it does not look like it")
    sessions = [session for session in known.read(source, only) if session.messages]
    if not sessions:
        wanted = "" if only is None else f" that --only {only} chooses"
        raise FormatError(f"{path}: expected at least one message{wanted}, got none")
    return sessions


def _detected(source: Source) -> Format:
    for known in FORMATS.values():
        if known.matches(source):
            return known
    kinds = "; ".join(f"{known.name}: {known.about}" for known in FORMATS.values())
    raise FormatError(f"{source.path}: expected a conversation in a known format ({kinds})")
