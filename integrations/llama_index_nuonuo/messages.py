"""Chat messages as turns of a conversation and back, and how many tokens they take."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from llama_index.core.base.llms.types import (
    ChatMessage,
    ContentBlock,
    MessageRole,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
)

from nuonuo_memory.inputs import messages_of
from nuonuo_memory.types import Memory, Message

Tokenizer = Callable[[str], list[Any]]

MESSAGE_KEY = "_chat_message"
"""In a memory's metadata: the chat message that it was made from, whole."""

LENGTHS_KEY = "_chat_lengths"
"""In a memory's metadata: how long the message's text blocks are, which are cut from the text."""

SPOKEN = ("user", "assistant")
"""The roles whose words are worth recalling."""

SILENT = "silent"
"""Role of a stored turn without words, such as an image alone, which no recall should bring up."""

_SILENT_CHARS = 200
_MEDIA_TOKENS = 256


def words_of(message: ChatMessage) -> str:
    """Return a message's text blocks as one text."""
    return "\n".join(block.text for block in message.blocks if isinstance(block, TextBlock))


_SPEAKERS = {"chatbot": "assistant", "model": "assistant"}
_OBSERVATION = "Observation: "


def role_of(message: ChatMessage) -> str:
    """Return a message's role in a memory's words: a chatbot or model is the assistant."""
    return _SPEAKERS.get(message.role.value, message.role.value)


def spoken_of(message: ChatMessage, *, own_id: str | None = None) -> Message | None:
    """Return what a person or the model said, whole; `None` for everything else."""
    words, role = words_of(message), role_of(message)
    if role not in SPOKEN or not words.strip():
        return None
    name = message.additional_kwargs.get("name")
    return Message(role, words, name=name if isinstance(name, str) else None, id=own_id)


def answers_of(message: ChatMessage) -> list[str]:
    """Return what tools answered: their results, and those that an agent's reasoning quotes."""
    words = words_of(message)
    if message.role in (MessageRole.TOOL, MessageRole.FUNCTION):
        return [words]
    if message.role is MessageRole.ASSISTANT:
        return [line for line in words.splitlines() if line.startswith(_OBSERVATION)]
    return []


def calls_tools(message: ChatMessage) -> bool:
    """Whether a message calls tools, so that the run goes on after it."""
    in_blocks = any(isinstance(block, ToolCallBlock) for block in message.blocks)
    return in_blocks or bool(message.additional_kwargs.get("tool_calls"))


def turn_of(message: ChatMessage, *, own_id: str | None = None) -> Message:
    """Return the turn that stands for a chat message in a memory.

    What a person or the model said stands whole. A tool's call or result and a system message
    stand as a short note with the role `tool` or `system`, so that long outputs cost no encoding
    and are never recalled; the message itself is kept beside the turn.
    """
    spoken = spoken_of(message, own_id=own_id)
    if spoken is not None:
        return spoken
    note = words_of(message).strip() or _note_of(message)
    return Message(_silent_role(message), note[:_SILENT_CHARS].strip(), id=own_id)


def _silent_role(message: ChatMessage) -> str:
    if message.role in (MessageRole.SYSTEM, MessageRole.DEVELOPER):
        return "system"
    if message.role in (MessageRole.TOOL, MessageRole.FUNCTION) or calls_tools(message):
        return "tool"
    return SILENT


def kept(message: ChatMessage) -> dict[str, Any]:
    """Return the metadata that brings a chat message back as it was.

    The words of what was said stand in the memory's text alone, so that an update or a forgetting
    of the memory leaves none of them here.
    """
    whole = message.model_dump(mode="json")
    spoken = spoken_of(message)
    if spoken is None or message_text(spoken.content) != spoken.content:
        return {MESSAGE_KEY: whole}
    texts = [block for block in whole["blocks"] if block["block_type"] == "text"]
    lengths = [len(block["text"]) for block in texts]
    for block in texts:
        block["text"] = ""
    return {MESSAGE_KEY: whole, LENGTHS_KEY: lengths}


def message_of(memory: Memory) -> ChatMessage:
    """Return the chat message that a memory was made from, with the words it holds now."""
    whole = memory.metadata.get(MESSAGE_KEY)
    if whole is None:
        known = {role.value for role in MessageRole}
        role = memory.role if memory.role in known else MessageRole.USER.value
        return ChatMessage(role=role, content=memory.text)
    message = ChatMessage.model_validate(whole)
    lengths = memory.metadata.get(LENGTHS_KEY)
    if lengths is None:
        spoken = spoken_of(message)
        if spoken is None or message_text(spoken.content) == memory.text:
            return message
        lengths = [-1]  # changed since: one text
    texts = iter(_pieces(memory.text, lengths))
    blocks: list[ContentBlock] = []
    for block in message.blocks:
        if not isinstance(block, TextBlock):
            blocks.append(block)
        elif (text := next(texts, None)) is not None:
            blocks.append(block.model_copy(update={"text": text}))
    return message.model_copy(update={"blocks": blocks})


def message_text(words: str) -> str:
    """Return words as a memory's text holds them."""
    return messages_of([Message("user", words)])[0].content


def _pieces(text: str, lengths: Sequence[int]) -> list[str]:
    """Cut a text into pieces of these lengths, a line's end between; whole if it was changed."""
    if sum(lengths) + len(lengths) - 1 != len(text):
        return [text]
    pieces, start = [], 0
    for length in lengths:
        pieces.append(text[start : start + length])
        start += length + 1
    return pieces


def last_question(messages: Sequence[ChatMessage]) -> str:
    """Return what the user said last; an empty text when there is nothing."""
    spoken = (words_of(one) for one in reversed(messages) if one.role is MessageRole.USER)
    return next((words for words in spoken if words.strip()), "")


def tokens_of(message: ChatMessage, tokenizer: Tokenizer) -> int:
    """Return about how many tokens a message costs; an image or other medium counts 256."""
    total = 0
    for block in message.blocks:
        if isinstance(block, TextBlock):
            total += len(tokenizer(block.text))
        elif isinstance(block, ThinkingBlock):
            total += len(tokenizer(block.content or ""))
        elif isinstance(block, ToolCallBlock):
            total += len(tokenizer(_call_of(block)))
        else:
            total += _MEDIA_TOKENS
    return total


def window(messages: Sequence[ChatMessage], limit: int, tokenizer: Tokenizer) -> int:
    """Return where the part of a conversation that fits into `limit` tokens begins.

    It begins at a user's message, so that no answer stands without its question and no tool's
    result without its call. The last exchange is kept whole even when it is longer than `limit`:
    then the model says so, rather than words going missing unseen.
    """
    starts = [at for at, one in enumerate(messages) if one.role is MessageRole.USER]
    if not starts:
        starts = [0]
    begin, total, end = starts[-1], 0, len(messages)
    for start in reversed(starts):
        total += sum(tokens_of(one, tokenizer) for one in messages[start:end])
        if total > limit:
            break
        begin, end = start, start
    if begin == starts[0]:  # what stands before the first question, if that fits too
        before = sum(tokens_of(one, tokenizer) for one in messages[:begin])
        return 0 if total + before <= limit else begin
    return begin


def _note_of(message: ChatMessage) -> str:
    calls = [_call_of(block) for block in message.blocks if isinstance(block, ToolCallBlock)]
    others = [
        f"[{block.block_type}]" for block in message.blocks if not isinstance(block, ToolCallBlock)
    ]
    return "; ".join([*calls, *others]) or f"[{message.role.value}]"


def _call_of(block: ToolCallBlock) -> str:
    arguments = block.tool_kwargs
    written = arguments if isinstance(arguments, str) else json.dumps(arguments, default=str)
    return f"{block.tool_name}({written})"
