"""Messages of LangChain and LangGraph: `messages_to_dict`, `dumpd`, and states of a graph."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nuonuo_memory.formats.reader import Job, turn
from nuonuo_memory.formats.records import JsonObject, Record
from nuonuo_memory.formats.session import Session
from nuonuo_memory.formats.source import Source
from nuonuo_memory.formats.texts import clean, require, text_of_content
from nuonuo_memory.types import Message

_TYPES = {"human", "ai", "system", "tool", "function", "chat", "remove", "developer"}
_TYPES |= {"HumanMessageChunk", "AIMessageChunk", "SystemMessageChunk", "ToolMessageChunk"}
_STATES = ("values", "channel_values")
_TIME = ("timestamp", "created_at", "ts")


class LangChain:
    """Reads messages of LangChain and states of LangGraph."""

    name = "langchain"
    about = "LangChain's messages_to_dict or dumpd, or states of LangGraph"

    def matches(self, source: Source) -> bool:
        """Whether a file holds such messages, or a state with them."""
        return any(_is_message(one) or _holds(one) for one in source.samples)

    def read(self, source: Source, job: Job) -> Iterator[Session]:
        """Yield a session for each thread or list; of a thread's states, the longest."""
        flat: list[Message] = []
        states: dict[str, tuple[JsonObject, Record]] = {}
        for record in source.records:
            with job.record(record):
                found = record.value()
                if isinstance(found, list):  # a line that holds a list of messages
                    found = {"messages": found}
                require(isinstance(found, Mapping), record.where, "a message or a state", found)
                if _is_message(found):
                    made = _message(found, record.where, job)
                    if made is not None:
                        flat.append(made)
                    continue
                said = _messages(found)
                require(said is not None, record.where, "a message, or a state with some", found)
                name = _thread(found) or (
                    source.name if len(source.records) == 1 else f"{source.name}-{record.number}"
                )
                known = states.get(name)
                if known is None or len(said or ()) > len(_messages(known[0]) or ()):
                    states[name] = (found, record)
        if flat:
            yield Session(tuple(flat), source.name)
        for name, (state, record) in states.items():
            with job.record(record):
                yield _session(name, state, record, job)


def _session(name: str, state: JsonObject, record: Record, job: Job) -> Session:
    messages = []
    for number, message in enumerate(_messages(state) or (), start=1):
        with job.record(record):
            where = f"{record.where}, message {number}"
            require(_is_message(message), where, "a message of LangChain", message)
            made = _message(message, where, job)
            if made is not None:
                messages.append(made)
    at = next((state[key] for key in _TIME if state.get(key) is not None), None)
    return Session(tuple(messages), name, job.time(at, record.where))


def _holds(one: JsonObject) -> bool:
    said = _messages(one)
    return said is not None and any(_is_message(message) for message in said[:5])


def _messages(one: JsonObject) -> list[Any] | None:
    for key in _STATES:
        inner = one.get(key)
        if isinstance(inner, Mapping) and isinstance(inner.get("messages"), list):
            found: list[Any] = inner["messages"]
            return found
    said = one.get("messages")
    return said if isinstance(said, list) else None


def _is_message(one: Any) -> bool:  # noqa: ANN401 - whatever the JSON holds
    if not isinstance(one, Mapping):
        return False
    if one.get("type") == "constructor" and isinstance(one.get("kwargs"), Mapping):
        return True
    kind = one.get("type")
    if not isinstance(kind, str) or kind not in _TYPES or ("role" in one and kind != "chat"):
        return False
    inner = one.get("data", one)
    return isinstance(inner, Mapping) and "content" in inner


def _message(one: JsonObject, where: str, job: Job) -> Message | None:
    role: object = one.get("type")
    inner: Any = one.get("data", one)
    if role == "constructor":
        names = one.get("id")
        inner = one["kwargs"]
        role = names[-1] if isinstance(names, list) and names else inner.get("type")
    if role in ("chat", "ChatMessage"):
        role = inner.get("role")
    require(isinstance(role, str) and bool(role), where, "a message with a type", one)
    details = inner.get("additional_kwargs")
    places = [one, inner, details if isinstance(details, Mapping) else {}]
    at = next((p[key] for p in places for key in _TIME if p.get(key) is not None), None)
    name = inner.get("name")
    return turn(
        str(role),
        text_of_content(inner.get("content"), where),
        at=job.time(at, where),
        name=name if isinstance(name, str) else None,
        id=inner.get("id"),
    )


def _thread(state: JsonObject) -> str | None:
    for key in ("config", "checkpoint", "configurable"):
        inner = state.get(key)
        if isinstance(inner, Mapping):
            inner = inner.get("configurable", inner)
        if isinstance(inner, Mapping) and isinstance(inner.get("thread_id"), str | int):
            return clean(str(inner["thread_id"]))
    own = state.get("thread_id")
    return clean(str(own)) if isinstance(own, str | int) else None
