"""LoCoMo's official JSON: conversations of two people over many dated sessions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from nuonuo_memory.formats.sessions import Session, require, time_of_record
from nuonuo_memory.formats.source import Source
from nuonuo_memory.types import Message

NAME = "locomo"
ABOUT = "LoCoMo's official JSON; --only a sample"

_SESSION = re.compile(r"session_(\d+)$")


def matches(source: Source) -> bool:
    """Whether a file is a list of samples with a conversation in numbered sessions."""
    document = source.document
    first = document[0] if isinstance(document, list) and document else document
    conversation = first.get("conversation") if isinstance(first, Mapping) else None
    return isinstance(conversation, Mapping) and any(map(_SESSION.match, conversation))


def read(source: Source, only: str | None = None) -> Iterator[Session]:
    """Yield the sessions of every sample, or of the one that `only` names by id or place from 0."""
    document = source.document
    samples = document if isinstance(document, list) else [document]
    for place, sample in enumerate(samples):
        where = f"{source.path}, sample {place + 1}"
        require(
            isinstance(sample, Mapping) and isinstance(sample.get("conversation"), Mapping),
            where,
            "an object with a conversation",
            sample,
        )
        name = str(sample.get("sample_id", place))
        if only is None or only in (name, str(place)):
            yield from _sessions(sample["conversation"], name, where)


def _sessions(conversation: Mapping[str, Any], name: str, where: str) -> Iterator[Session]:
    numbers = sorted(int(found[1]) for key in conversation if (found := _SESSION.match(key)))
    for number in numbers:
        turns = conversation[f"session_{number}"]
        here = f"{where}, session {number}"
        require(isinstance(turns, list), here, "a list of turns", turns)
        date = conversation.get(f"session_{number}_date_time")
        messages = [
            _message(turn, f"{here}, turn {place}") for place, turn in enumerate(turns, start=1)
        ]
        kept = tuple(message for message in messages if message.content.strip())
        yield Session(kept, f"{name}/session_{number}", time_of_record(date, here))


def _message(turn: Any, where: str) -> Message:  # noqa: ANN401 - whatever the JSON holds
    require(
        isinstance(turn, Mapping)
        and isinstance(turn.get("speaker"), str)
        and isinstance(turn.get("text"), str),
        where,
        "a turn with speaker and text",
        turn,
    )
    text = turn["text"]
    caption = turn.get("blip_caption")
    if isinstance(caption, str) and caption:
        text = f"{text} [shares {caption}]".strip()
    speaker = turn["speaker"]
    own = turn.get("dia_id")
    return Message(speaker, text, name=speaker, id=own if isinstance(own, str) else None)
