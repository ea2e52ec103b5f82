"""The export of Open WebUI: chats with a tree of messages each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from nuonuo_memory.formats.reader import Job, turn
from nuonuo_memory.formats.records import JsonObject, Record
from nuonuo_memory.formats.session import Session
from nuonuo_memory.formats.source import Source
from nuonuo_memory.formats.texts import (
    attached,
    clean,
    joined,
    names_in,
    require,
    shorten,
    text_of_content,
)
from nuonuo_memory.formats.trees import branch
from nuonuo_memory.types import Message

_DETAILS = re.compile(
    r'<details\s[^>]*type="(?:reasoning|tool_calls|code_interpreter)"[^>]*>.*?(?:</details>|\Z)\s*',
    re.DOTALL,
)


class OpenWebUI:
    """Reads Open WebUI's export."""

    name = "open-webui"
    about = "Open WebUI's export of chats"

    def matches(self, source: Source) -> bool:
        """Whether a file holds chats with a history of messages by id."""
        return any(_history(one) is not None for one in source.samples)

    def read(self, source: Source, job: Job) -> Iterator[Session]:
        """Yield the branch of each chat that is shown; reasoning and tools are left out."""
        for record in source.records:
            with job.record(record):
                yield _chat(record, source, job)


def _history(record: JsonObject) -> Mapping[str, Any] | None:
    chat = record.get("chat", record)
    history = chat.get("history") if isinstance(chat, Mapping) else None
    found = isinstance(history, Mapping) and isinstance(history.get("messages"), Mapping)
    return history if found else None


def _chat(record: Record, source: Source, job: Job) -> Session:
    found = record.object("a chat")
    history = _history(found)
    if history is None:
        require(False, record.where, "a chat with a history of messages", found)
        history = {}
    nodes: Mapping[str, Any] = history["messages"]
    messages: list[Message] = []
    leaf = history.get("currentId")
    if leaf is None and nodes:
        leaf = list(nodes)[-1]
    for key, node in branch(nodes, leaf, lambda one: _parent(one, record), where=record.where):
        with job.record(record):
            made = _message(node, key, f"{record.where}, message {shorten(key, 40)}", job)
            if made is not None:
                messages.append(made)
    inner: Any = found.get("chat", found)
    title, own = found.get("title") or inner.get("title"), found.get("id") or inner.get("id")
    began = found.get("created_at") or inner.get("timestamp")
    return Session(
        tuple(messages),
        clean(own) if isinstance(own, str) and own else f"{source.name}-{record.number}",
        job.time(began, record.where),
        {"title": clean(title)} if isinstance(title, str) and title.strip() else {},
    )


def _parent(node: Any, record: Record) -> object:  # noqa: ANN401 - whatever the JSON holds
    require(isinstance(node, Mapping), record.where, "messages that are objects", node)
    parent: object = node.get("parentId")
    return parent


def _message(node: JsonObject, key: str, where: str, job: Job) -> Message | None:
    role = node.get("role")
    require(isinstance(role, str), where, "a message with a role", node)
    text = _DETAILS.sub("", text_of_content(node.get("content"), where))
    files = attached(names_in(node.get("files")))
    at = job.time(node.get("timestamp"), where)
    return turn(str(role), joined(text, files), at=at, id=key)
