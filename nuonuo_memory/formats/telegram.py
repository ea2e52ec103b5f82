"""Telegram Desktop's export, `result.json`: one chat, or all of an account."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from nuonuo_memory.formats.days import sessions_by_day
from nuonuo_memory.formats.reader import Job, person
from nuonuo_memory.formats.records import JsonObject, Record
from nuonuo_memory.formats.session import Session
from nuonuo_memory.formats.source import Source
from nuonuo_memory.formats.texts import attached, clean, joined, require, shorten
from nuonuo_memory.types import Message

_LISTS = ("chats", "left_chats")


class Telegram:
    """Reads exports of Telegram."""

    name = "telegram"
    about = "Telegram Desktop's export in JSON (result.json), of a chat or of all"

    def matches(self, source: Source) -> bool:
        """Whether a file holds a chat of Telegram, or a list of them."""
        return any(_is_chat(one) or bool(_lists(one)) for one in source.samples)

    def read(self, source: Source, job: Job) -> Iterator[Session]:
        """Yield a session for each chat and day; what the program itself reports is left out."""
        for record in source.records:
            with job.record(record):
                found = record.object("a chat, or a list of chats")
                chats = [found] if _is_chat(found) else _lists(found)
                names = Counter(_name(one) for one in chats if isinstance(one, Mapping))
                owner = _owner(found)
                for chat in chats:
                    with job.record(record):
                        require(_is_chat(chat), record.where, "a chat with messages", chat)
                        name = _name(chat)
                        unique = name if names[name] == 1 else f"{name} {chat.get('id')}"
                        messages = _messages(chat, owner, record, job)
                        yield from sessions_by_day(unique, messages, job.timezone, name=name)


def _is_chat(one: Any) -> bool:  # noqa: ANN401 - whatever the JSON holds
    if not isinstance(one, Mapping) or not isinstance(one.get("messages"), list):
        return False
    first = [message for message in one["messages"][:20] if isinstance(message, Mapping)]
    known = any(
        message.get("type") in ("message", "service") and ("date" in message) for message in first
    )
    return isinstance(one.get("type"), str) and (known or not one["messages"])


def _lists(found: JsonObject) -> list[Any]:
    chats: list[Any] = []
    for key in _LISTS:
        part = found.get(key)
        if isinstance(part, Mapping) and isinstance(part.get("list"), list):
            chats.extend(part["list"])
    return chats


def _owner(found: JsonObject) -> str | None:
    person_ = found.get("personal_information")
    own = person_.get("user_id") if isinstance(person_, Mapping) else None
    return f"user{own}" if isinstance(own, int | str) else None


def _name(chat: JsonObject) -> str:
    name = chat.get("name")
    if isinstance(name, str) and name.strip():
        return clean(name).strip()
    saved = chat.get("type") == "saved_messages"
    return "Saved Messages" if saved else shorten(f"Deleted Account {chat.get('id', '')}").strip()


def _messages(chat: JsonObject, owner: str | None, record: Record, job: Job) -> Iterator[Message]:
    for number, message in enumerate(chat["messages"], start=1):
        with job.record(record):
            here = f"{record.where}, chat {_name(chat)!r}, message {number}"
            require(isinstance(message, Mapping), here, "an object", message)
            made = _message(message, here, job)
            if made is not None:
                by_owner = owner is not None and message.get("from_id") == owner
                yield replace(made, role="user") if by_owner else made


def _message(message: JsonObject, where: str, job: Job) -> Message | None:
    kind = message.get("type")
    if kind == "service":
        return None
    require(kind == "message", where, "a message", message)
    stamp = message.get("date_unixtime")
    at = job.time(stamp if stamp is not None else message.get("date"), where)
    require(at is not None, where, "a date", message)
    text = _text(message.get("text", message.get("text_entities", "")), where)
    own = message.get("id")
    require(isinstance(own, int | str), where, "an id", message)
    return person(_speaker(message), joined(text, _extras(message)), at=at, id=own)


def _speaker(message: JsonObject) -> str:
    name, own = message.get("from"), message.get("from_id")
    if isinstance(name, str) and name.strip():
        return name
    return f"Deleted Account ({own})" if isinstance(own, str | int) else "Deleted Account"


def _text(text: Any, where: str) -> str:  # noqa: ANN401 - whatever the JSON holds
    """Join a text in parts as it was written."""
    parts = text if isinstance(text, list) else [text]
    words = []
    for part in parts:
        said = part.get("text") if isinstance(part, Mapping) else part
        require(isinstance(said, str), where, "a text, or a list of texts and parts", part)
        words.append(str(said))
    return "".join(words)


def _extras(message: JsonObject) -> str:
    """What was sent beside the words: a file by its name, a poll by its question."""
    name, poll = message.get("file_name"), message.get("poll")
    files = attached([name]) if isinstance(name, str) and name.strip() else ""
    question = poll.get("question") if isinstance(poll, Mapping) else None
    return joined(files, question if isinstance(question, str) else "")
