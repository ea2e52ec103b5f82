"""ChatGPT's export, `conversations.json`: each conversation a tree of which one branch is shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nuonuo_memory.formats.sessions import Session, require, text_of_content, time_of_record
from nuonuo_memory.formats.source import Source
from nuonuo_memory.types import Message

NAME = "chatgpt"
ABOUT = "ChatGPT's export (conversations.json)"

_SPEAKERS = ("user", "assistant")


def matches(source: Source) -> bool:
    """Whether a file is a list of conversations with a mapping of nodes."""
    document = source.document
    first = document[0] if isinstance(document, list) and document else document
    return isinstance(first, Mapping) and isinstance(first.get("mapping"), Mapping)


def read(source: Source, only: str | None = None) -> Iterator[Session]:
    """Yield the conversations; `only` chooses one by id, title or place from 0."""
    document = source.document
    conversations = document if isinstance(document, list) else [document]
    for number, conversation in enumerate(conversations):
        where = f"{source.path}, conversation {number + 1}"
        require(
            isinstance(conversation, Mapping) and isinstance(conversation.get("mapping"), Mapping),
            where,
            "an object with a mapping of messages",
            conversation,
        )
        own = conversation.get("conversation_id") or conversation.get("id")
        title = conversation.get("title")
        if only is not None and only not in (own, title, str(number)):
            continue
        yield Session(
            tuple(_shown(conversation, where)),
            str(own or f"{source.name}-{number + 1}"),
            time_of_record(conversation.get("create_time"), where),
            {"title": title} if isinstance(title, str) and title else {},
        )


def _shown(conversation: Mapping[str, Any], where: str) -> Iterator[Message]:
    """The messages from the root to the current node: what a reader of the chat sees."""
    mapping = conversation["mapping"]
    node = conversation.get("current_node")
    if node is None:
        node = _newest_leaf(mapping)
    branch: list[str] = []
    while node is not None:
        require(
            isinstance(mapping.get(node), Mapping) and node not in branch,
            where,
            "nodes that lead to a root",
            node,
        )
        branch.append(node)
        node = mapping[node].get("parent")
    for key in reversed(branch):
        message = mapping[key].get("message")
        if isinstance(message, Mapping):
            yield from _message(message, key, f"{where}, message {key}")


def _message(message: Mapping[str, Any], key: str, where: str) -> Iterator[Message]:
    author = message.get("author")
    role = author.get("role") if isinstance(author, Mapping) else None
    content = message.get("content")
    hidden = (message.get("metadata") or {}).get("is_visually_hidden_from_conversation")
    if role not in _SPEAKERS or hidden or not isinstance(content, Mapping):
        return
    text = text_of_content(content.get("parts", content.get("text")), where)
    if text.strip():
        at = time_of_record(message.get("create_time"), where)
        yield Message(str(role), text, at=at, id=key)


def _newest_leaf(mapping: Mapping[str, Any]) -> str | None:
    leaves = [key for key, node in mapping.items() if not node.get("children")]
    return leaves[-1] if leaves else None
