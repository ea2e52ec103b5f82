"""ShareGPT: records of `conversations` whose turns have `from` and `value`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nuonuo_memory.formats.reader import Job, turn
from nuonuo_memory.formats.records import Record
from nuonuo_memory.formats.session import Session
from nuonuo_memory.formats.source import Source
from nuonuo_memory.formats.texts import clean, require, text_of_content
from nuonuo_memory.types import Message

_LISTS = ("conversations", "conversation", "items")


class ShareGPT:
    """Reads conversations of ShareGPT."""

    name = "sharegpt"
    about = "ShareGPT's JSON or JSON lines: conversations of from and value"

    def matches(self, source: Source) -> bool:
        """Whether a file holds such conversations, or the turns of one."""
        return any(_turns(one) is not None or _is_turn(one) for one in source.samples)

    def read(self, source: Source, job: Job) -> Iterator[Session]:
        """Yield each conversation; instructions and tools are left out."""
        alone: list[Message] = []
        for record in source.records:
            with job.record(record):
                found = record.object("a conversation")
                said = _turns(found)
                if said is None:
                    made = _message(found, record.where)
                    if made is not None:
                        alone.append(made)
                    continue
                single = len(source.records) == 1
                own = found.get("id", found.get("conversation_id"))
                default = source.name if single else f"{source.name}-{record.number}"
                name = clean(str(own)) if isinstance(own, str | int) else default
                yield Session(tuple(_messages(said, record, job)), name)
        if alone:
            yield Session(tuple(alone), source.name)


def _is_turn(one: Any) -> bool:  # noqa: ANN401 - whatever the JSON holds
    return (
        isinstance(one, Mapping)
        and isinstance(one.get("from"), str)
        and "value" in one
        and "role" not in one
    )


def _turns(one: Mapping[str, Any]) -> list[Any] | None:
    for key in _LISTS:
        said = one.get(key)
        if isinstance(said, list) and any(map(_is_turn, said[:5])):
            return said
    return None


def _messages(said: list[Any], record: Record, job: Job) -> Iterator[Message]:
    for number, one in enumerate(said, start=1):
        with job.record(record):
            made = _message(one, f"{record.where}, message {number}")
            if made is not None:
                yield made


def _message(one: Any, where: str) -> Message | None:  # noqa: ANN401
    require(
        _is_turn(one) and bool(clean(one["from"]).strip()), where, "a turn with from and value", one
    )
    return turn(one["from"], text_of_content(one["value"], where))
