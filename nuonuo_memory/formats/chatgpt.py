"""ChatGPT's export, `conversations.json`: each conversation a tree of which one branch is shown."""

from __future__ import annotations

import json
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

_SPEAKERS = ("user", "assistant")
_CANVAS = "canmore."
_UNSAID = {  # what a message holds that nobody said: thoughts, settings, results of tools
    "thoughts",
    "reasoning_recap",
    "user_editable_context",
    "model_editable_context",
    "execution_output",
    "tether_browsing_display",
    "tether_browsing_code",
    "tether_quote",
    "system_error",
    "computer_output",
    "sonic_webpage",
    "super_widget",
}
_BRACKETS = re.compile(r"\s?【[^】\n]{1,200}】")
_OAICITE = re.compile(r"\s?:contentReference\[[^\]\n]{1,80}\](?:\{[^}\n]{0,80}\})?")
_MARK = re.compile("\\s?\ue200([^\ue200\ue201]{0,4000})\ue201")
_PRIVATE = re.compile("[\ue200-\ue20f]")


class ChatGPT:
    """Reads ChatGPT's export."""

    name = "chatgpt"
    about = "ChatGPT's export (conversations.json, or its zip)"

    def matches(self, source: Source) -> bool:
        """Whether a file holds conversations with a mapping of nodes."""
        return any(isinstance(one.get("mapping"), Mapping) for one in source.samples)

    def read(self, source: Source, job: Job) -> Iterator[Session]:
        """Yield the branch of each conversation that is shown."""
        for record in source.records:
            with job.record(record):
                yield _conversation(record, source, job)


def _conversation(record: Record, source: Source, job: Job) -> Session:
    found = record.object("an object with a mapping of messages")
    require(isinstance(found.get("mapping"), Mapping), record.where, "a mapping of messages", found)
    title = found.get("title")
    own = found.get("conversation_id") or found.get("id")
    require(own is None or isinstance(own, str), record.where, "a conversation's id", own)
    return Session(
        tuple(_shown(found, record, job)),
        clean(str(own or f"{source.name}-{record.number}")),
        job.time(found.get("create_time"), record.where),
        {"title": clean(title)} if isinstance(title, str) and title.strip() else {},
    )


def _shown(conversation: JsonObject, record: Record, job: Job) -> Iterator[Message]:
    mapping: Mapping[str, Any] = conversation["mapping"]
    leaf = conversation.get("current_node")
    if leaf is None:
        leaf = _newest_leaf(mapping)
    nodes = branch(mapping, leaf, lambda node: _parent(node, record.where), where=record.where)
    for key, node in nodes:
        message = node.get("message")
        if message is None:
            continue
        where = f"{record.where}, message {shorten(key, 40)}"
        with job.guard(record.file, record.line):
            require(isinstance(message, Mapping), where, "an object", message)
            made = _message(message, key, where, job)
            if made is not None:
                yield made


def _message(message: JsonObject, key: str, where: str, job: Job) -> Message | None:
    author = message.get("author")
    require(isinstance(author, Mapping), where, "an author with a role", author)
    role = author["role"] if isinstance(author, Mapping) and "role" in author else None
    require(isinstance(role, str), where, "an author with a role", author)
    details = message.get("metadata") or {}
    require(isinstance(details, Mapping), where, "metadata in an object", details)
    if role not in _SPEAKERS or details.get("is_visually_hidden_from_conversation"):
        return None
    content = message.get("content")
    require(isinstance(content, Mapping), where, "a content", content)
    recipient = message.get("recipient") or "all"
    require(isinstance(recipient, str), where, "a recipient", recipient)
    text = ""
    if str(recipient).startswith(_CANVAS):
        text = _canvas(_words(content, where))
    elif recipient == "all" and message.get("channel") != "analysis":
        text = _without_marks(_words(content, where))
    files = attached(names_in(details.get("attachments")))
    at = job.time(message.get("create_time"), where)
    return turn(str(role), joined(text, files), at=at, id=key)


def _words(content: Any, where: str) -> str:  # noqa: ANN401 - whatever the JSON holds
    kind = content.get("content_type", "text")
    require(isinstance(kind, str), where, "a content_type", kind)
    if kind in _UNSAID:
        return ""
    parts = content.get("parts")
    if parts is None:
        return text_of_content(content.get("text"), where)
    require(isinstance(parts, list), where, "a list of parts", parts)
    return joined(*(_part(part, where) for part in parts))


def _part(part: Any, where: str) -> str:  # noqa: ANN401 - whatever the JSON holds
    """Return the words of a part: a text, the transcript of what was spoken, or none of a file."""
    said = part.get("text") if isinstance(part, Mapping) else part
    require(said is None or isinstance(said, str), where, "parts that are texts or objects", part)
    return said or ""


def _canvas(call: str) -> str:
    """Return the document that a call of the canvas writes, under its name."""
    try:
        given = json.loads(call)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(given, Mapping):
        return ""
    name, content = given.get("name"), given.get("content")
    if isinstance(content, str):
        return joined(name if isinstance(name, str) else "", content)
    updates = given.get("updates")
    if not isinstance(updates, list):
        return ""  # comments on a document, which is there already
    new = [one.get("replacement") for one in updates if isinstance(one, Mapping)]
    return joined(*(one for one in new if isinstance(one, str)))


def _without_marks(text: str) -> str:
    """Take out what stands for a source in the text, and keep what stands for a name."""
    if "【" in text:
        text = _BRACKETS.sub(lambda mark: "" if _cites(mark[0]) else mark[0], text)
    if ":contentReference" in text:
        text = _OAICITE.sub("", text)
    if "\ue200" in text:
        text = _MARK.sub(_named, text)
        text = _PRIVATE.sub("", text)
    return text


def _cites(mark: str) -> bool:
    return "†" in mark or mark.strip("【】 ").replace(":", "").isdigit()


def _named(mark: re.Match[str]) -> str:
    kind, _, rest = mark[1].partition("\ue202")
    space = " " if mark[0][0].isspace() else ""
    if kind == "entity":
        try:
            given = json.loads(rest)
        except (ValueError, RecursionError):
            return ""
        names = [one for one in given if isinstance(one, str)] if isinstance(given, list) else []
        return space + names[1] if len(names) > 1 else ""
    if kind == "url":
        return space + rest.split("\ue202")[0]
    return ""


def _parent(node: Any, where: str) -> object:  # noqa: ANN401 - whatever the JSON holds
    require(isinstance(node, Mapping), where, "nodes that are objects", node)
    parent: object = node.get("parent")
    return parent


def _newest_leaf(mapping: Mapping[str, Any]) -> str | None:
    leaves = [
        key
        for key, node in mapping.items()
        if isinstance(node, Mapping) and not node.get("children")
    ]
    return leaves[-1] if leaves else None
