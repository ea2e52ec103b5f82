"""What every reader yields, and what readers share: checks, contents and dates."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from nuonuo_memory.errors import FormatError
from nuonuo_memory.types import Message

_ROLES = {
    "human": "user",
    "me": "user",
    "you": "user",
    "ai": "assistant",
    "bot": "assistant",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "claude": "assistant",
    "model": "assistant",
}
_DATES = (
    "%Y/%m/%d (%a) %H:%M",
    "%I:%M %p on %d %B, %Y",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d",
    "%d %B %Y %H:%M",
    "%d %B %Y",
    "%d %b %Y",
    "%B %d, %Y %H:%M",
    "%B %d, %Y",
    "%b %d, %Y",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y",
)
_MILLISECONDS = 1e11  # epoch numbers above this, in the year 5138 as seconds, are milliseconds


@dataclass(frozen=True, slots=True)
class Session:
    """One conversation of a file.

    Attributes:
        messages: Its turns in order; none is empty.
        id: What the file calls it.
        at: When it began, where the file says.
        metadata: What else the file says of it, such as its title.
    """

    messages: tuple[Message, ...]
    id: str
    at: datetime | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


def role_of(name: str) -> str:
    """Say `user` or `assistant` for their usual names; any other name stays."""
    return _ROLES.get(name.strip().casefold(), name.strip())


def text_of_content(content: object, where: str) -> str:
    """Return the words of a message's content: a text, parts with texts, or nothing.

    Raises:
        FormatError: It is something else.
    """
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, Mapping):
        content = content.get("text", content.get("parts"))
        return text_of_content(content, where)
    if isinstance(content, Sequence):
        parts = [
            part if isinstance(part, str) else part.get("text")
            for part in content
            if isinstance(part, str | Mapping)
        ]
        return "\n".join(part for part in parts if isinstance(part, str) and part.strip())
    raise FormatError(
        f"{where}: expected content to be a text or a list of parts, got {type(content).__name__}"
    )


def time_of_record(value: object, where: str) -> datetime | None:
    """Return the time that a record gives: ISO, seconds since 1970, or a date as people write it.

    Raises:
        FormatError: It is no time.
    """
    if value is None or value == "":
        return None
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        try:
            return datetime.fromtimestamp(value / 1000 if value > _MILLISECONDS else value, UTC)
        except (OverflowError, ValueError, OSError):
            pass
    if isinstance(value, str):
        found = parse_date(value)
        if found is not None:
            return found
    raise FormatError(
        f"{where}: expected a time such as 2026-01-05T09:30:00Z or seconds since 1970, "
        f"got {value!r}"
    )


def parse_date(text: str) -> datetime | None:
    """Read a date as people and data sets write it; `None` when it is none. UTC when unsaid."""
    clean = re.sub(r"\s+", " ", text.strip())
    try:
        found = datetime.fromisoformat(clean)
    except ValueError:
        found = None
    for pattern in _DATES:
        if found is not None:
            break
        try:
            found = datetime.strptime(clean, pattern)
        except ValueError:
            continue
    if found is None:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def require(ok: bool, where: str, expected: str, got: object) -> None:
    """Raise a `FormatError` that says where, what was expected and what came, unless `ok`."""
    if not ok:
        shown = repr(got)
        shown = shown if len(shown) <= 80 else shown[:77] + "..."
        raise FormatError(f"{where}: expected {expected}, got {shown}")
