"""What every reader yields, and what it reports: sessions, and records that were left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from nuonuo_memory.types import Message, NewMemory


@dataclass(frozen=True, slots=True)
class Session:
    """One conversation of a file, or the memories of one document.

    Attributes:
        messages: The turns of a conversation in order; none is empty.
        id: What the file calls it; no two sessions of one reading have the same.
        at: When it began, where the file says.
        metadata: What else the file says of it, such as its title.
        memories: For what is no conversation (mail, notes, subtitles): one memory for each part,
            with `source` and `place` in its metadata. `messages` is empty then.
    """

    messages: tuple[Message, ...]
    id: str
    at: datetime | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    memories: tuple[NewMemory, ...] = ()

    def __len__(self) -> int:
        return len(self.messages) + len(self.memories)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A record that could not be read and was left out.

    Attributes:
        file: The file that holds it.
        line: Its line, from 1; `None` where the file has no lines.
        reason: Which record it is, what was expected and what came.
    """

    file: str
    line: int | None
    reason: str

    def __str__(self) -> str:
        return f"{self.file}{f', line {self.line}' if self.line else ''}: {self.reason}"
