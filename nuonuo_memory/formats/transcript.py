"""A plain transcript: `Name: text` lines, dates in brackets or on lines of their own.

    2026-01-05
    Ada: I moved to Bern.
    [2026-01-05 10:12] Ben: When?
    (a line without a name goes on with what was said before)

A line that holds only a date, `# 5 January 2026` or `--- 2026-01-05 ---`, begins a session.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from nuonuo_memory.errors import FormatError
from nuonuo_memory.formats.sessions import Session, parse_date, role_of
from nuonuo_memory.formats.source import Source
from nuonuo_memory.types import Message

NAME = "transcript"
ABOUT = "plain text of lines such as 'Ada: I moved.', with dates in brackets or on their own lines"

_LINE = re.compile(
    r"^(?:[\[(](?P<at>[^\])]{6,40})[\])]\s*)?"
    r"(?:\*\*)?(?P<name>[^\W\d_][\w .'’\-]{0,39}?)(?:\*\*)?:(?:\*\*)?(?:\s+(?P<text>.*))?$"
)
_HEADING = re.compile(r"^\W*(?:session\s*\w*\W+)?(?P<date>[\w:./,+\- ()]+?)\W*$", re.IGNORECASE)
_ROLES = ("user", "assistant", "system")


@dataclass(slots=True)
class _Part:
    """A session while it is read: its date, and each message's speaker, time and lines."""

    at: datetime | None = None
    said: list[tuple[str, datetime | None, list[str]]] = field(default_factory=list)


def matches(source: Source) -> bool:
    """Whether the text's first line that holds no date names a speaker."""
    for line in source.text.splitlines():
        if line.strip() and _date_of(line) is None:
            return _LINE.match(line.strip()) is not None
    return False


def read(source: Source, only: str | None = None) -> Iterator[Session]:
    """Yield the sessions; `only` chooses one by its place from 0.

    Raises:
        FormatError: Words come before any speaker, or nobody speaks.
    """
    parts = [part for part in _parts(source) if part.said]
    if not parts:
        raise FormatError(
            f"{source.path}: expected lines such as 'Ada: I moved to Bern.', got no speaker"
        )
    for place, part in enumerate(parts):
        name = source.name if len(parts) == 1 else f"{source.name}-{place + 1}"
        if only is None or only in (str(place), name):
            messages = tuple(_message(*said) for said in part.said)
            kept = tuple(message for message in messages if message.content)
            yield Session(kept, name, part.at)


def _parts(source: Source) -> Iterator[_Part]:
    part = _Part()
    for number, raw in enumerate(source.text.splitlines(), start=1):
        line = raw.strip()
        if not line:
            continue
        date = _date_of(line)
        if date is not None:
            yield part
            part = _Part(date)
            continue
        spoken = _LINE.match(line)
        at = parse_date(spoken["at"]) if spoken and spoken["at"] else None
        if spoken and (not spoken["at"] or at is not None):
            part.said.append((spoken["name"], at, [spoken["text"] or ""]))
        elif part.said:
            part.said[-1][2].append(line)
        else:
            raise FormatError(
                f"{source.path}, line {number}: expected a line such as 'Ada: I moved to Bern.', "
                f"got {line[:60]!r}"
            )
    yield part


def _date_of(line: str) -> datetime | None:
    found = _HEADING.match(line.strip())
    return parse_date(found["date"]) if found else None


def _message(name: str, at: datetime | None, lines: list[str]) -> Message:
    role = role_of(name.casefold() if name.casefold() in _ROLES else name)
    own = None if role in _ROLES else name
    return Message(role, "\n".join(lines).strip(), at=at, name=own)
