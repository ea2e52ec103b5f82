"""A channel of Discord, as DiscordChatExporter writes it in JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nuonuo_memory.formats.days import sessions_by_day
from nuonuo_memory.formats.reader import Job, person
from nuonuo_memory.formats.records import JsonObject, Record
from nuonuo_memory.formats.session import Session
from nuonuo_memory.formats.source import Source
from nuonuo_memory.formats.texts import attached, clean, joined, names_in, require
from nuonuo_memory.types import Message

_AROUND = ("guild", "channel", "exportedAt", "messageCount")
_SAID = ("Default", "Reply", "ChatInputCommand", "ContextMenuCommand", "0", "19", "20", "23")


class Discord:
    """Reads channels of Discord."""

    name = "discord"
    about = "a channel of Discord in JSON, by DiscordChatExporter"

    def matches(self, source: Source) -> bool:
        """Whether a file holds messages and, of what stands around them, at least two."""
        return any(
            isinstance(one.get("messages"), list) and sum(key in one for key in _AROUND) >= 2
            for one in source.samples
        )

    def read(self, source: Source, job: Job) -> Iterator[Session]:
        """Yield a session for each day; joins, pins and calls are left out."""
        for record in source.records:
            with job.record(record):
                found = record.object("a channel with its messages")
                said: Any = found.get("messages")
                require(isinstance(said, list), record.where, "a list of messages", said)
                messages = list(_messages(said, record, job))
                chat = _name(found)
                yield from sessions_by_day(chat, messages, job.timezone)


def _name(found: JsonObject) -> str:
    parts = [found.get("guild"), found.get("channel")]
    names = [one.get("name") for one in parts if isinstance(one, Mapping)]
    return clean("/".join(name for name in names if isinstance(name, str) and name)) or "discord"


def _messages(said: list[Any], record: Record, job: Job) -> Iterator[Message]:
    for number, message in enumerate(said, start=1):
        with job.record(record):
            where = f"{record.where}, message {number}"
            require(isinstance(message, Mapping), where, "an object", message)
            made = _message(message, where, job)
            if made is not None:
                yield made


def _message(message: JsonObject, where: str, job: Job) -> Message | None:
    kind = message.get("type", "Default")
    require(isinstance(kind, str | int), where, "a type", kind)
    if str(kind) not in _SAID:
        return None
    author, text = message.get("author"), message.get("content")
    require(isinstance(text, str), where, "a message with a content", message)
    name = None
    if isinstance(author, Mapping):
        name = author.get("nickname") or author.get("name") or author.get("id")
    require(isinstance(name, str), where, "an author with a name", author)
    at = job.time(message.get("timestamp"), where)
    require(at is not None, where, "a timestamp", message)
    files = attached(names_in(message.get("attachments")))
    return person(str(name), joined(str(text), files), at=at, id=message.get("id"))
