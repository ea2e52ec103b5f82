"""The benchmarks' data, from official files or a folder of JSON lines, xz-compressed or not."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nuonuo_memory.errors import FormatError
from nuonuo_memory.formats.source import open_source
from nuonuo_memory.inputs import messages_of
from nuonuo_memory.types import Message


@dataclass(frozen=True, slots=True)
class Session:
    """One conversation on one date; its messages are as a memory takes them (Unicode composed)."""

    id: str
    at: datetime | None
    messages: Sequence[Message]

    def __post_init__(self) -> None:
        object.__setattr__(self, "messages", tuple(messages_of(self.messages)))


@dataclass(frozen=True, slots=True)
class Question:
    """A question about conversations.

    Attributes:
        id: Unique in its benchmark.
        kind: The benchmark's category.
        text: Its words.
        asked: When it is asked, where that is known.
        sessions: Ids of the sessions that it may look into, in their order.
        gold_sessions: Ids of those that hold the answer.
        gold_turns: The turns that hold it, as session id and place from 0.
        answerable: Whether the answer is there at all.
    """

    id: str
    kind: str
    text: str
    asked: datetime | None
    sessions: Sequence[tuple[str, datetime | None]]
    gold_sessions: frozenset[str]
    gold_turns: frozenset[tuple[str, int]]
    answerable: bool

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", unicodedata.normalize("NFC", self.text))


@dataclass(frozen=True, slots=True)
class Conversations:
    """Questions and the sessions that they look into, by id."""

    questions: Sequence[Question]
    turns: Mapping[str, Sequence[Message]]

    def haystack(self, question: Question) -> list[Session]:
        """Return the sessions that a question may look into."""
        return [Session(name, at, self.turns[name]) for name, at in question.sessions]


def records(path: Path, name: str | None = None) -> Iterator[dict[str, Any]]:
    """Yield the records of JSON lines, or of a JSON array, plain or compressed.

    Args:
        path: A file; or a folder with `name`.jsonl or `name`.jsonl.xz.
        name: The file's name in the folder.

    Raises:
        FormatError: There is no such file, or it is not JSON.
    """
    if path.is_dir():
        files = [
            file for end in (".jsonl.xz", ".jsonl") if (file := path / f"{name}{end}").exists()
        ]
        if not files:
            raise FormatError(
                f"{path} must hold {name}.jsonl.xz or {name}.jsonl, and holds neither"
            )
        path = files[0]
    for record in open_source(path).records:
        yield dict(record.object())


def limited(questions: Sequence[Question], limit: int | None) -> Sequence[Question]:
    """Return the first `limit` questions, or all."""
    return questions if limit is None else questions[:limit]


def moment(text: str, *formats: str) -> datetime:
    """Read a date as the benchmark writes it, as UTC.

    Raises:
        FormatError: It is written in none of the formats.
    """
    for one in formats:
        try:
            return datetime.strptime(text, one).replace(tzinfo=UTC)
        except ValueError:
            continue
    raise FormatError(f"a date must be written as {' or '.join(formats)}, got {text!r}")
