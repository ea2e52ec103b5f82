"""The export of Claude (claude.ai), `conversations.json`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nuonuo_memory.formats.reader import Job, turn
from nuonuo_memory.formats.records import JsonObject, Record
from nuonuo_memory.formats.session import Session
from nuonuo_memory.formats.source import Source
from nuonuo_memory.formats.texts import attached, clean, joined, names_in, require, text_of_content
from nuonuo_memory.formats.trees import branch
from nuonuo_memory.types import Message


class Claude:
    """Reads Claude's export."""

    name = "claude"
    about = "Claude's export (conversations.json of claude.ai, or its zip)"

    def matches(self, source: Source) -> bool:
        """Whether a file holds conversations with `chat_messages`."""
        return any(isinstance(one.get("chat_messages"), list) for one in source.samples)

    def read(self, source: Source, job: Job) -> Iterator[Session]:
        """Yield each conversation; thinking, tools and branches that are not shown are left out."""
        for record in source.records:
            with job.record(record):
                yield _conversation(record, source, job)


def _conversation(record: Record, source: Source, job: Job) -> Session:
    found = record.object("a conversation with chat_messages")
    said = found.get("chat_messages")
    if not isinstance(said, list):
        require(False, record.where, "a list of chat_messages", said)
        said = []
    messages: list[Message] = []
    for number, message in enumerate(_shown(said, found, record.where), start=1):
        with job.record(record):
            made = _message(message, f"{record.where}, message {number}", job)
            if made is not None:
                messages.append(made)
    title, own = found.get("name"), found.get("uuid")
    return Session(
        tuple(messages),
        clean(own) if isinstance(own, str) and own else f"{source.name}-{record.number}",
        job.time(found.get("created_at"), record.where),
        {"title": clean(title)} if isinstance(title, str) and title.strip() else {},
    )


def _shown(said: list[Any], conversation: JsonObject, where: str) -> list[Any]:
    """Leave out the turns that an edit or a new answer took the place of."""
    named = [one for one in said if isinstance(one, Mapping) and isinstance(one.get("uuid"), str)]
    nodes = {one["uuid"]: one for one in named}
    parents = [one.get("parent_message_uuid") for one in named]
    if len(nodes) < len(said) or None in parents or len(set(map(str, parents))) == len(parents):
        return said  # nothing branches, or the file does not say what follows what
    leaf = conversation.get("current_leaf_message_uuid") or named[-1]["uuid"]
    roots = frozenset({parent for parent in parents if isinstance(parent, str)} - nodes.keys())
    require(len(roots) == 1, where, "messages that all follow the first", sorted(roots)[:3])
    path = branch(
        nodes, leaf, lambda one: one.get("parent_message_uuid"), where=where, roots=frozenset(roots)
    )
    return [node for _, node in path]


def _message(message: Any, where: str, job: Job) -> Message | None:  # noqa: ANN401
    require(
        isinstance(message, Mapping) and isinstance(message.get("sender"), str),
        where,
        "a message with a sender",
        message,
    )
    content = message.get("content")
    text = text_of_content(content or message.get("text"), where)
    files = [*names_in(message.get("attachments")), *names_in(message.get("files"))]
    return turn(
        message["sender"],
        joined(text, attached(list(dict.fromkeys(files)))),
        at=job.time(message.get("created_at"), where),
        id=message.get("uuid"),
    )
