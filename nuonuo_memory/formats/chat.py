"""Role and content: JSON or JSON lines as chat interfaces write them, and ShareGPT's variant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from nuonuo_memory.formats.sessions import (
    Session,
    require,
    role_of,
    text_of_content,
    time_of_record,
)
from nuonuo_memory.formats.source import Source
from nuonuo_memory.types import Message

NAME = "chat"
ABOUT = "JSON or JSON lines of messages with role and content, alone or in sessions"

_ROLE = ("role", "from", "speaker", "author", "type")
_CONTENT = ("content", "value", "text")
_TIME = ("at", "timestamp", "created_at", "create_time", "time", "date")
_SESSION = ("session", "session_id", "conversation_id", "thread_id")
_MESSAGES = ("messages", "conversations", "conversation", "turns")


def matches(source: Source) -> bool:
    """Whether a file holds messages with a role and a content, or sessions of them."""
    first = source.document if source.document is not None else source.first_line
    if isinstance(first, list):
        first = first[0] if first else None
    return isinstance(first, Mapping) and (_is_message(first) or _messages(first) is not None)


def read(source: Source, only: str | None = None) -> Iterator[Session]:
    """Yield a file's sessions; `only` chooses one by id."""
    for session in _sessions(source):
        if only is None or session.id == only:
            yield session


def _sessions(source: Source) -> Iterator[Session]:
    document = source.document
    name = str(source.path)
    if document is None:
        records = [(f"{name}, line {number}", record) for number, record in source.lines()]
    elif isinstance(document, Mapping) and _messages(document) is not None:
        records = [(name, document)]
    else:
        items = document if isinstance(document, list) else [document]
        records = [(f"{name}, record {number}", item) for number, item in enumerate(items, 1)]
    for where, record in records:
        require(isinstance(record, Mapping), where, "an object", record)
    whole = [(where, record) for where, record in records if _messages(record) is not None]
    if whole:
        for number, (where, record) in enumerate(records, start=1):
            yield _session(record, where, default=_numbered(source.name, number, len(records)))
        return
    for session, group in groupby(records, key=lambda item: _first(item[1], _SESSION)):
        messages = [_message(record, where) for where, record in group]
        yield _made(messages, str(session) if session is not None else source.name)


def _session(record: Mapping[str, Any], where: str, *, default: str) -> Session:
    messages = _messages(record)
    require(messages is not None, where, "a session with a list of messages", record)
    made = [
        _message(message, f"{where}, message {number}")
        for number, message in enumerate(messages or (), start=1)
    ]
    own = _first(record, (*_SESSION, "id"))
    title = record.get("title")
    return _made(
        made,
        str(own) if own is not None else default,
        at=_first(record, _TIME),
        where=where,
        metadata={"title": title} if isinstance(title, str) and title else {},
    )


def _made(
    messages: Sequence[Message],
    id: str,  # noqa: A002
    *,
    at: object = None,
    where: str = "",
    metadata: Mapping[str, Any] | None = None,
) -> Session:
    kept = tuple(message for message in messages if message.content.strip())
    return Session(kept, id, time_of_record(at, where), metadata or {})


def _message(record: Any, where: str) -> Message:  # noqa: ANN401 - whatever the JSON holds
    require(
        isinstance(record, Mapping), where, "a message, an object with role and content", record
    )
    role = _first(record, _ROLE)
    if isinstance(role, Mapping):
        role = role.get("role")
    require(isinstance(role, str) and bool(role), where, "a message with a role", record)
    require(any(key in record for key in _CONTENT), where, "a message with a content", record)
    own = record.get("id")
    name = record.get("name")
    return Message(
        role=role_of(str(role)),
        content=text_of_content(_first(record, _CONTENT), where),
        at=time_of_record(_first(record, _TIME), where),
        name=name if isinstance(name, str) else None,
        id=str(own) if isinstance(own, str | int) else None,
    )


def _is_message(record: Mapping[str, Any]) -> bool:
    return any(key in record for key in _ROLE) and any(key in record for key in _CONTENT)


def _messages(record: Mapping[str, Any]) -> list[Any] | None:
    for key in _MESSAGES:
        if isinstance(record.get(key), list):
            found: list[Any] = record[key]
            return found
    return None


def _first(record: Mapping[str, Any], keys: Sequence[str]) -> Any:  # noqa: ANN401
    return next((record[key] for key in keys if record.get(key) is not None), None)


def _numbered(name: str, number: int, count: int) -> str:
    return name if count == 1 else f"{name}-{number}"
