"""LlamaIndex's chat stores and memories, as they are saved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nuonuo_memory.formats.reader import Job, turn
from nuonuo_memory.formats.records import JsonObject, Record
from nuonuo_memory.formats.session import Session
from nuonuo_memory.formats.source import Source
from nuonuo_memory.formats.texts import clean, require, shorten, text_of_content
from nuonuo_memory.types import Message

_INSIDE = ("chat_store", "sql_store", "primary_memory", "memory")


class LlamaIndex:
    """Reads what LlamaIndex saves of chats."""

    name = "llama-index"
    about = "LlamaIndex's SimpleChatStore, ChatMemoryBuffer or rows of Memory, as saved"

    def matches(self, source: Source) -> bool:
        """Whether a file holds a chat store, or rows of one."""
        return any(_store(one) is not None or _is_row(one) for one in source.samples)

    def read(self, source: Source, job: Job) -> Iterator[Session]:
        """Yield a session for each key of the store."""
        for record in source.records:
            with job.record(record):
                found = record.object("a chat store")
                if not _is_row(found):
                    store = _store(found)
                    require(store is not None, record.where, "a chat store", found)
                    for key, said in (store or {}).items():
                        yield _session(key, said, record, job)
        rows: dict[str, list[Message]] = {}
        for record in source.records:
            with job.record(record):
                row = record.object("a row of a chat store")
                if _is_row(row):
                    require(isinstance(row["key"], str | int), record.where, "a key", row["key"])
                    at = job.time(row.get("timestamp"), record.where)
                    made = _message(row["data"], record.where, at_=at)
                    if made is not None:
                        rows.setdefault(clean(str(row["key"])), []).append(made)
        for key, messages in rows.items():
            yield Session(tuple(messages), key, messages[0].at)


def _session(key: str, said: object, record: Record, job: Job) -> Session:
    messages: list[Message] = []
    if not isinstance(said, list):
        require(False, record.where, f"a list of messages under {key!r}", said)
        said = []
    for number, message in enumerate(said, start=1):
        with job.record(record):
            where = f"{record.where}, {shorten(key, 40)}, message {number}"
            row = isinstance(message, Mapping) and _is_row(message)
            at = job.time(message.get("timestamp"), where) if row else None
            made = _message(message["data"] if row else message, where, at_=at)
            if made is not None:
                messages.append(made)
    return Session(tuple(messages), clean(key), messages[0].at if messages else None)


def _message(message: Any, where: str, *, at_: Any = None) -> Message | None:  # noqa: ANN401
    require(isinstance(message, Mapping), where, "a message", message)
    role = message.get("role")
    require(isinstance(role, str) and bool(role), where, "a message with a role", message)
    content = message.get("blocks", message.get("content"))
    require("blocks" in message or "content" in message, where, "a message with blocks", message)
    details = message.get("additional_kwargs")
    name = details.get("name") if isinstance(details, Mapping) else None
    return turn(
        role,
        text_of_content(content, where),
        at=at_,
        name=name if isinstance(name, str) else None,
    )


def _is_row(one: JsonObject) -> bool:
    inner = one.get("data")
    return "key" in one and isinstance(inner, Mapping) and isinstance(inner.get("role"), str)


def _store(one: JsonObject) -> Mapping[str, Any] | None:
    """Return the messages by key that a store holds, or a memory around a store."""
    store = one.get("store")
    if isinstance(store, Mapping) and (_lists(store) or one.get("class_name") == "SimpleChatStore"):
        return store
    rows = one.get("db_data")
    if isinstance(rows, list) and all(isinstance(row, Mapping) for row in rows):
        found: dict[str, list[Any]] = {}
        for row in rows:
            found.setdefault(str(row.get("key")), []).append(row)
        return found
    if "class_name" in one or "chat_store_key" in one:
        for key in _INSIDE:
            inner = one.get(key)
            if isinstance(inner, Mapping):
                return _store(inner)
    return None


def _lists(store: Mapping[str, Any]) -> bool:
    first = [message for said in store.values() if isinstance(said, list) for message in said[:1]]
    return any(
        isinstance(one, Mapping) and "role" in one and ("blocks" in one or "content" in one)
        for one in first
    )
