"""LoCoMo's official JSON: conversations of two people over many dated sessions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from nuonuo_memory.formats.reader import Job
from nuonuo_memory.formats.records import JsonObject, Record
from nuonuo_memory.formats.session import Session
from nuonuo_memory.formats.source import Source
from nuonuo_memory.formats.texts import clean, require
from nuonuo_memory.types import Message

_SESSION = re.compile(r"session_(\d+)$")


@dataclass(frozen=True, slots=True)
class Sample:
    """One conversation of the data.

    Attributes:
        name: Its id.
        sessions: By number; the messages have their places in the file, and may be empty.
        record: The file's record, which holds the questions too.
        where: File and record, for messages.
    """

    name: str
    sessions: Mapping[int, Session]
    record: JsonObject
    where: str


class LoCoMo:
    """Reads LoCoMo."""

    name = "locomo"
    about = "LoCoMo's official JSON; --only a sample"

    def matches(self, source: Source) -> bool:
        """Whether a file is a list of samples with a conversation in numbered sessions."""
        return any(
            isinstance(one.get("conversation"), Mapping)
            and any(map(_SESSION.match, one["conversation"]))
            for one in source.samples
        )

    def read(self, source: Source, job: Job) -> Iterator[Session]:
        """Yield the sessions of every sample, or of the one that is chosen by id or place."""
        only = job.take_only()
        for place, sample in enumerate(samples(source, job)):
            if only is None or only in (sample.name, str(place)):
                for session in sample.sessions.values():
                    said = (replace(one, content=one.content.strip()) for one in session.messages)
                    kept = tuple(one for one in said if one.content)
                    yield Session(kept, session.id, session.at)


def samples(source: Source, job: Job) -> Iterator[Sample]:
    """Yield the conversations of a file with all their turns."""
    for record in source.records:
        with job.record(record):
            found = record.object("an object with a conversation")
            said: Any = found.get("conversation")
            require(isinstance(said, Mapping), record.where, "a conversation", said)
            name = clean(str(found.get("sample_id", record.number - 1)))
            yield Sample(name, _sessions(said, name, record, job), found, record.where)


def _sessions(said: JsonObject, name: str, record: Record, job: Job) -> dict[int, Session]:
    numbers = sorted(int(found[1]) for key in said if (found := _SESSION.match(key)))
    sessions: dict[int, Session] = {}
    for number in numbers:
        here = f"{record.where}, session {number}"
        turns = said[f"session_{number}"]
        require(isinstance(turns, list), here, "a list of turns", turns)
        messages = tuple(
            _message(turn, f"{here}, turn {place}") for place, turn in enumerate(turns, start=1)
        )
        date = job.time(said.get(f"session_{number}_date_time"), here)
        sessions[number] = Session(messages, f"{name}/session_{number}", date)
    return sessions


def _message(turn: Any, where: str) -> Message:  # noqa: ANN401 - whatever the JSON holds
    require(
        isinstance(turn, Mapping)
        and isinstance(turn.get("speaker"), str)
        and bool(clean(turn["speaker"]).strip())
        and isinstance(turn.get("text"), str),
        where,
        "a turn with speaker and text",
        turn,
    )
    text = turn["text"]
    caption = turn.get("blip_caption")
    if isinstance(caption, str) and caption:
        text = f"{text} [shares {caption}]"
    speaker, own = clean(turn["speaker"]), turn.get("dia_id")
    own = clean(own) if isinstance(own, str) else None
    return Message(speaker, clean(text), name=speaker, id=own)
