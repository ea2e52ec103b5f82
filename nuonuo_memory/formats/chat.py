"""Role and content: JSON or JSON lines as chat interfaces, logs and fine-tuning files write them.

This takes in OpenAI's chat completions, Anthropic's messages, and flat logs with a record for each
message. Where a log's ids start again, a new conversation begins.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nuonuo_memory.formats.reader import Job, turn
from nuonuo_memory.formats.records import JsonObject, Record
from nuonuo_memory.formats.session import Session
from nuonuo_memory.formats.source import Source
from nuonuo_memory.formats.texts import (
    attached,
    clean,
    is_known_role,
    is_unspoken,
    joined,
    names_in,
    require,
    text_of_content,
)
from nuonuo_memory.types import Message

_ROLE = ("role", "from", "speaker", "author", "sender", "type")
_CONTENT = ("content", "value", "text", "message", "refusal")
_TIME = ("at", "timestamp", "created_at", "create_time", "time", "date", "ts")
_SESSION = ("session", "session_id", "conversation_id", "thread_id", "chat_id")
_MESSAGES = ("messages", "conversations", "conversation", "turns")
_CALLS = ("tool_calls", "function_call", "tool_call_id", "audio")


class Chat:
    """Reads messages with a role and a content."""

    name = "chat"
    about = "JSON or JSON lines of messages with role and content, alone or in sessions"

    def matches(self, source: Source) -> bool:
        """Whether a file holds messages with a role and a content, or sessions of them."""
        return any(_is_message(one) or _holds(one) for one in source.samples)

    def read(self, source: Source, job: Job) -> Iterator[Session]:
        """Yield the sessions; instructions, calls of tools and what tools answer are left out."""
        logs: dict[str | None, _Log] = {}
        for record in source.records:
            with job.record(record):
                found = record.value()
                if isinstance(found, list):  # a line that holds a whole conversation
                    found = {"messages": found}
                require(isinstance(found, Mapping), record.where, "an object", found)
                if _messages(found) is not None:
                    yield _session(found, record, source, job)
                    continue
                own = _first(found, _SESSION)
                known = isinstance(own, str | int)
                log = logs.setdefault(clean(str(own)) if known else None, _Log(split=not known))
                log.add(_message(found, record.where, job))
        for name, log in logs.items():
            parts = log.parts()
            for number, messages in enumerate(parts, start=1):
                numbered = source.name if len(parts) == 1 else f"{source.name}-{number}"
                yield Session(tuple(messages), numbered if name is None else name)


@dataclass(slots=True)
class _Log:
    """Messages one by one, until an id stands for another message than before.

    A file may also say again what was said before: the same messages under the same ids.

    Attributes:
        split: Whether ids that start again begin a new conversation.
    """

    split: bool
    done: list[list[Message]] = field(default_factory=list)
    said: list[Message] = field(default_factory=list)
    known: dict[str, Message] = field(default_factory=dict)
    again: list[Message] = field(default_factory=list)

    def add(self, message: Message | None) -> None:
        """Add the next message."""
        if message is None:
            return
        before = self.known.get(message.id) if message.id is not None and self.split else None
        if before == message:
            self.again.append(message)
            return
        if before is not None:
            self.done.append(self.said)
            self.said, self.known = [], {}
            for one in self.again:
                self._keep(one)
        self.again = []
        self._keep(message)

    def _keep(self, message: Message) -> None:
        self.said.append(message)
        if message.id is not None:
            self.known[message.id] = message

    def parts(self) -> list[list[Message]]:
        """Return the conversations."""
        return [part for part in (*self.done, self.said) if part]


def _session(found: JsonObject, record: Record, source: Source, job: Job) -> Session:
    made: list[Message] = []
    for number, message in enumerate(_messages(found) or (), start=1):
        with job.record(record):
            one = _message(message, f"{record.where}, message {number}", job)
            if one is not None:
                made.append(one)
    own = _first(found, (*_SESSION, "id", "uuid", "custom_id"))
    alone = len(source.records) == 1
    default = source.name if alone else f"{source.name}-{record.number}"
    title = found.get("title", found.get("name"))
    return Session(
        tuple(made),
        clean(str(own)) if isinstance(own, str | int) else default,
        job.time(_first(found, _TIME), record.where),
        {"title": clean(title)} if isinstance(title, str) and title.strip() else {},
    )


def _message(record: Any, where: str, job: Job) -> Message | None:  # noqa: ANN401
    require(
        isinstance(record, Mapping), where, "a message, an object with role and content", record
    )
    role = _role(record)
    require(bool(role), where, "a message with a role", record)
    content = _first(record, _CONTENT)
    if content is None and not any(key in record for key in (*_CONTENT, *_CALLS)):
        require(is_unspoken(role), where, "a message with a content", record)
    at = job.time(_first(record, _TIME), where)
    files = attached([*names_in(record.get("attachments")), *names_in(record.get("files"))])
    name = record.get("name")
    return turn(
        role,
        joined(text_of_content(content, where), files),
        at=at,
        name=name if isinstance(name, str) else None,
        id=record.get("id", record.get("uuid")),
    )


def _role(record: Mapping[str, Any]) -> str:
    """Return who speaks; a `type` says it only where it names a usual role."""
    for key in _ROLE:
        found = record.get(key)
        if isinstance(found, Mapping):
            found = found.get("role") or found.get("name")
        if isinstance(found, str) and found.strip() and (key != "type" or is_known_role(found)):
            return found
    return ""


def _is_message(record: Mapping[str, Any]) -> bool:
    if record.get("type") == "message" and "ts" in record:
        return False  # of Slack, damaged
    return bool(_role(record)) and any(key in record for key in (*_CONTENT, *_CALLS))


def _holds(record: Mapping[str, Any]) -> bool:
    said = _messages(record)
    return said is not None and (
        not said or any(isinstance(one, Mapping) and _is_message(one) for one in said[:5])
    )


def _messages(record: Mapping[str, Any]) -> list[Any] | None:
    for place in (record, record.get("body"), record.get("request")):
        if not isinstance(place, Mapping):
            continue
        for key in _MESSAGES:
            if isinstance(place.get(key), list):
                found: list[Any] = place[key]
                return found
    return None


def _first(record: Mapping[str, Any], keys: Sequence[str]) -> Any:  # noqa: ANN401
    return next((record[key] for key in keys if record.get(key) is not None), None)
