"""OpenAI's Responses: items of an input or an output, whole responses, and threads of messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nuonuo_memory.formats.reader import Job, turn
from nuonuo_memory.formats.records import JsonObject
from nuonuo_memory.formats.session import Session
from nuonuo_memory.formats.source import Source
from nuonuo_memory.formats.texts import clean, require, text_of_content
from nuonuo_memory.types import Message

_OBJECTS = ("response", "thread.message", "conversation.item")
_LISTS = ("input", "output", "data")
_ID = ("conversation", "thread_id", "id")


class Responses:
    """Reads items of OpenAI's Responses, and messages of its threads."""

    name = "openai-responses"
    about = "OpenAI's Responses (items or whole), or the messages of a thread"

    def matches(self, source: Source) -> bool:
        """Whether a file holds items of a response, or responses."""
        return any(_is_item(one) or _items(one) is not None for one in source.samples)

    def read(self, source: Source, job: Job) -> Iterator[Session]:
        """Yield a session for each list of items; calls of tools and reasoning are left out."""
        flat: dict[str, list[tuple[JsonObject, str]]] = {}
        for record in source.records:
            with job.record(record):
                found = record.object("an item, or a response")
                if (items := _items(found)) is None:
                    require(
                        isinstance(found.get("type"), str) or _is_item(found),
                        record.where,
                        "an item with a type",
                        found,
                    )
                    thread = found.get("thread_id")
                    name = clean(thread) if isinstance(thread, str) else source.name
                    flat.setdefault(name, []).append((found, record.where))
                    continue
                numbered = [
                    (item, f"{record.where}, item {number}")
                    for number, item in enumerate(items, start=1)
                ]
                alone = len(source.records) == 1
                default = source.name if alone else f"{source.name}-{record.number}"
                own = next(_names(found, items), default)
                at = job.time(found.get("created_at"), record.where)
                messages = []
                for item, where in numbered:
                    with job.record(record):
                        messages.extend(_turns(item, where, job))
                yield Session(tuple(_in_order(messages, numbered)), clean(own), at)
        for name, members in flat.items():
            messages = []
            for item, where in members:
                with job.guard(source.shown):
                    messages.extend(_turns(item, where, job))
            yield Session(tuple(_in_order(messages, members)), name)


def _names(found: JsonObject, items: list[Any]) -> Iterator[str]:
    """Yield what a list of items is called: by itself, or by the thread of its first message."""
    own_keys = _ID if found.get("object") != "list" else _ID[:2]  # the rest are of its items
    for place, keys in ((found, own_keys), *((item, _ID[:2]) for item in items[:1])):
        for key in keys if isinstance(place, Mapping) else ():
            own: Any = place.get(key)
            if isinstance(own, Mapping):
                own = own.get("id")
            if isinstance(own, str) and own:
                yield own


def _is_item(one: JsonObject) -> bool:
    if one.get("object") == "thread.message":
        return True
    kind = one.get("type")
    if kind == "message":
        return (
            isinstance(one.get("role"), str)
            and isinstance(one.get("content"), list | str)
            and ("ts" not in one)
        )
    return isinstance(kind, str) and kind in ("function_call", "function_call_output", "reasoning")


def _items(one: JsonObject) -> list[Any] | None:
    """Return the items of a response with its input, or of a list of them."""
    if one.get("object") not in (*_OBJECTS, "list") and not (
        isinstance(one.get("input"), list) and isinstance(one.get("output"), list)
    ):
        return None
    if one.get("object") == "thread.message":
        return None
    found: list[Any] = []
    for key in _LISTS:
        part = one.get(key)
        if isinstance(part, str):
            found.append({"type": "message", "role": "user", "content": part})
        elif isinstance(part, list):
            found.extend(part)
    items = [item for item in found if isinstance(item, Mapping)]
    return found if any(_is_item(item) or "role" in item for item in items) else None


def _turns(item: Any, where: str, job: Job) -> list[Message]:  # noqa: ANN401
    require(isinstance(item, Mapping), where, "an item", item)
    if item.get("type", "message") != "message" and item.get("object") != "thread.message":
        return []
    require(isinstance(item.get("role"), str), where, "a message with a role", item)
    require("content" in item, where, "a message with a content", item)
    at = job.time(item.get("created_at"), where)
    text = text_of_content(item.get("content"), where)
    made = turn(item["role"], text, at=at, id=item.get("id"))
    return [] if made is None else [made]


def _in_order(messages: list[Message], items: list[tuple[Any, str]]) -> list[Message]:
    """Put a thread's messages, which are listed newest first, into the order of their times."""
    threads = [one for one, _ in items if isinstance(one, Mapping) and "thread_id" in one]
    times = [message.at for message in messages if message.at is not None]
    if not threads or len(times) < len(messages) or len(times) < 2 or times[0] <= times[-1]:
        return messages
    return messages[::-1]
