"""What a thread's messages are to a memory: which are new, edited or removed since the last run.

A LangGraph thread gives an agent the whole conversation on every run. Storing all of it again would
bring back what was forgotten meanwhile. So the middleware keeps a record in the thread's own state
of the messages that it has dealt with, and deals with a message once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypedDict

from langchain_core.messages import BaseMessage, ChatMessage, ToolMessage

from nuonuo_memory.agents.forgetting import FORGET_TOOL, forgotten_in
from nuonuo_memory.inputs import messages_of
from nuonuo_memory.types import Memory, Message

_ROLES = {"human": "user", "user": "user", "ai": "assistant", "assistant": "assistant"}


class Known(TypedDict):
    """A message that was dealt with.

    Attributes:
        digest: Of its words, by which an edit is noticed.
        memory: Id of the memory that holds it; `None` where none was made.
    """

    digest: str
    memory: str | None


class Record(TypedDict):
    """What the middleware keeps in a thread's state; JSON values, so that any checkpointer can.

    Attributes:
        known: The messages of earlier runs, by message id.
        heard: What this run added so far, in order: role, words, name and message id. It is kept
            because other middleware may take messages out of the state before the run ends.
        edited: Ids of the messages whose new words were taken over at the start of this run.
    """

    known: dict[str, Known]
    heard: list[dict[str, str | None]]
    edited: list[str]


def is_summary(message: BaseMessage) -> bool:
    """Whether LangChain's `SummarizationMiddleware` wrote a message, in the user's name."""
    return message.additional_kwargs.get("lc_source") == "summarization"


def turn_of(message: BaseMessage) -> Message | None:
    """Return what user or assistant said; `None` for what nobody said.

    Calls of tools and their results, system messages, summaries and messages without words are not
    turns.
    """
    kind = message.role if isinstance(message, ChatMessage) else message.type
    role = _ROLES.get(kind.lower())
    if role is None or is_summary(message) or not message.text.strip():
        return None
    return Message(role, message.text, name=message.name, id=message.id)


def first_record(messages: Sequence[BaseMessage]) -> Record:
    """Return the record of a thread that this middleware sees for the first time.

    What stands before the last answer was said in earlier runs, and this run does not add it.
    """
    spoken = [place for place, one in enumerate(messages) if one.type == "ai"]
    earlier = messages[: spoken[-1] + 1] if spoken else []
    known = {str(one.id): Known(digest=digest_of(one), memory=None) for one in earlier}
    return Record(known=known, heard=[], edited=[])


def digest_of(message: BaseMessage) -> str:
    """Return what tells a message's words from others."""
    return _hash([message.text, message.name])


def new_messages(messages: Iterable[BaseMessage], known: Mapping[str, Known]) -> list[BaseMessage]:
    """Return the messages that no earlier run dealt with, in order."""
    return [one for one in messages if str(one.id) not in known]


def edited_messages(
    messages: Iterable[BaseMessage], known: Mapping[str, Known]
) -> list[BaseMessage]:
    """Return the messages of earlier runs whose words are others now, in order."""
    return [
        one
        for one in messages
        if str(one.id) in known and known[str(one.id)]["digest"] != digest_of(one)
    ]


def removed(messages: Sequence[BaseMessage], known: Mapping[str, Known]) -> list[str]:
    """Return the ids of messages that are gone from the thread; none after a new summary.

    A summary stands for the messages that it took the place of: these were not taken back.
    """
    if any(is_summary(one) for one in new_messages(messages, known)):
        return []
    present = {str(one.id) for one in messages}
    return [one for one in known if one not in present]


def heard_of(
    record: Record, messages: Sequence[BaseMessage]
) -> tuple[list[Message], dict[str, Known]]:
    """Return the turns that this run added so far, and the messages dealt with after it.

    Args:
        record: As it stood at the start of the run.
        messages: The thread's messages now.
    """
    fresh = new_messages(messages, record["known"])
    turns = {str(one["id"]): _restored(one) for one in record["heard"]}
    turns |= {str(one.id): turn for one in fresh if (turn := turn_of(one)) is not None}
    known = {
        str(one.id): record["known"].get(str(one.id), Known(digest="", memory=None))
        for one in messages
    }
    for one in fresh:
        known[str(one.id)] = Known(digest=digest_of(one), memory=None)
    return list(turns.values()), known


def as_heard(turns: Iterable[Message]) -> list[dict[str, str | None]]:
    """Return turns as the record keeps them."""
    return [
        {"role": one.role, "content": one.content, "name": one.name, "id": one.id} for one in turns
    ]


def _restored(kept: Mapping[str, str | None]) -> Message:
    return Message(
        str(kept["role"]), str(kept["content"]), name=kept.get("name"), id=kept.get("id")
    )


def forgotten_texts(messages: Iterable[BaseMessage]) -> list[str]:
    """Return the texts that the `forget` tool removed, as its answers among `messages` say."""
    return forgotten_in(
        one.text for one in messages if isinstance(one, ToolMessage) and one.name == FORGET_TOOL
    )


def chained_ids(messages: Iterable[BaseMessage], wanted: Iterable[Message]) -> list[Message]:
    """Return turns with ids made from the conversation up to each of them.

    A run without a thread has no lasting message ids. These are the same when the same conversation
    comes again, as after a retry, and differ for the same words said a second time.

    Args:
        messages: The whole conversation, in order.
        wanted: Turns among them, by their message ids.
    """
    chain, ids = "", {}
    for one in messages:
        if turn_of(one) is not None:
            chain = _hash([chain, one.type, one.text, one.name])
            ids[one.id] = chain
    return [
        Message(one.role, one.content, name=one.name, id=ids.get(one.id, one.id)) for one in wanted
    ]


def stored_as(turns: Sequence[Message], memories: Sequence[Memory]) -> Iterator[tuple[str, str]]:
    """Yield the message id and the memory id of each turn that was stored, in order.

    Args:
        turns: What was given to `observe`.
        memories: What `observe` stored: some of the turns, in the same order.
    """
    stored = iter(memories)
    current = next(stored, None)
    for turn, clean in zip(turns, messages_of(turns), strict=True):
        if current is not None and (clean.role, clean.content) == (current.role, current.text):
            yield str(turn.id), current.id
            current = next(stored, None)


def _hash(parts: object) -> str:
    written = json.dumps(parts, ensure_ascii=True)
    return hashlib.sha256(written.encode()).hexdigest()[:32]
