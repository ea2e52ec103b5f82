"""One body of tests for every agent memory: ours and LlamaIndex's two.

Where one of theirs behaves otherwise, the reason stands in `DIFFERENCES` and in
docs/llama-index.md.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from li_helpers import Caller, HashEmbedding
from llama_index.core.base.llms.types import (
    ChatMessage,
    ImageBlock,
    MessageRole,
    TextBlock,
    ToolCallBlock,
)
from llama_index.core.memory import BaseMemory, ChatMemoryBuffer, Memory
from llama_index.core.settings import Settings
from llama_index.core.utils import get_tokenizer
from llama_index.core.workflow import JsonSerializer

from llama_index_nuonuo import NuonuoMemory

DIFFERENCES = {
    ("memory", "json"): "Memory is not JSON serialisable: its insert_method is an enumeration",
    ("buffer", "json"): "ChatMemoryBuffer is not JSON serialisable with this pydantic",
    ("buffer", "copies"): "ChatMemoryBuffer gives out the messages that it holds",
}

Build = Callable[..., BaseMemory]


@pytest.fixture(params=["nuonuo", "memory", "buffer"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def build(kind: str, embedder: HashEmbedding, tmp_path: Path) -> Iterator[Build]:
    opened: list[BaseMemory] = []

    def make(session: str = "s", **fields: Any) -> BaseMemory:
        if kind == "nuonuo":
            fields.setdefault("similarity_top_k", 0)
            made = NuonuoMemory.from_defaults(
                path=tmp_path / "chat.db", embed_model=embedder, session_id=session, **fields
            )
            opened.append(made)
            return made
        if kind == "memory":
            opened.append(Memory.from_defaults(session_id=session, **fields))
            return opened[-1]
        return ChatMemoryBuffer.from_defaults(chat_store_key=session, **fields)

    yield make
    for memory in opened:
        if isinstance(memory, NuonuoMemory):
            memory.close()
        elif isinstance(memory, Memory) and memory.sql_store._async_engine is not None:
            asyncio.run(memory.sql_store._async_engine.dispose())


def differs(kind: str, what: str) -> None:
    if (kind, what) in DIFFERENCES:
        pytest.skip(f"difference: {DIFFERENCES[kind, what]}")


def user(text: str) -> ChatMessage:
    return ChatMessage(role=MessageRole.USER, content=text)


def assistant(text: str) -> ChatMessage:
    return ChatMessage(role=MessageRole.ASSISTANT, content=text)


TOOL_TURN = [
    user("What is the weather in Paris?"),
    ChatMessage(
        role=MessageRole.ASSISTANT,
        blocks=[ToolCallBlock(tool_call_id="1", tool_name="weather", tool_kwargs={"city": "P"})],
    ),
    ChatMessage(
        role=MessageRole.TOOL, content="18 degrees", additional_kwargs={"tool_call_id": "1"}
    ),
    assistant("It is 18 degrees."),
]


def test_messages_come_back_in_order(build: Build, call: Caller) -> None:
    memory = build()
    told = [user("I am Ada."), assistant("Hello Ada."), user("Who am I?")]
    for message in told:
        call(memory, "put", message)
    assert call(memory, "get_all") == told
    assert call(memory, "get") == told


def test_several_at_once(build: Build, call: Caller) -> None:
    memory = build()
    call(memory, "put_messages", TOOL_TURN)
    assert call(memory, "get_all") == TOOL_TURN


def test_blocks_and_further_fields_are_kept(build: Build, call: Caller) -> None:
    memory = build()
    message = ChatMessage(
        role=MessageRole.USER,
        blocks=[
            TextBlock(text="What is this?"),
            ImageBlock(image=b"not really an image", image_mimetype="image/png"),
            TextBlock(text="Be brief."),
        ],
        additional_kwargs={"mood": "curious", "tags": ["a", "b"]},
    )
    call(memory, "put", message)
    assert call(memory, "get_all") == [message]


def test_the_same_words_twice_are_two_messages(build: Build, call: Caller) -> None:
    memory = build()
    told = [user("yes"), assistant("Again?"), user("yes")]
    call(memory, "put_messages", told)
    assert call(memory, "get_all") == told


def test_set_replaces(build: Build, call: Caller) -> None:
    memory = build()
    call(memory, "put_messages", [user("one"), assistant("two"), user("three")])
    call(memory, "set", [user("one"), assistant("other")])
    assert call(memory, "get_all") == [user("one"), assistant("other")]


def test_reset_empties(build: Build, call: Caller) -> None:
    memory = build()
    call(memory, "put", user("one"))
    call(memory, "reset")
    assert call(memory, "get_all") == []
    assert call(memory, "get") == []
    call(memory, "put", user("two"))
    assert call(memory, "get_all") == [user("two")]


def test_nothing_told_yet(build: Build, call: Caller) -> None:
    memory = build()
    assert call(memory, "get") == []
    assert call(memory, "get", input="anything") == []


def test_a_history_to_begin_with(build: Build, call: Caller) -> None:
    memory = build(chat_history=[user("one"), assistant("two")])
    assert call(memory, "get_all") == [user("one"), assistant("two")]


def test_the_limit_of_tokens_is_kept(build: Build, kind: str, call: Caller) -> None:
    memory = build(token_limit=60)
    for at in range(20):
        call(memory, "put", user(f"Question number {at} about something or other?"))
        call(memory, "put", assistant(f"Answer number {at}, as brief as can be."))
    shown = call(memory, "get")
    tokenizer = get_tokenizer()
    assert sum(len(tokenizer(str(one.content))) for one in shown) <= 60
    assert shown[0].role is MessageRole.USER
    assert shown[-1] == assistant("Answer number 19, as brief as can be.")


def test_a_tool_result_is_never_without_its_call(build: Build, call: Caller) -> None:
    memory = build(token_limit=40)
    for _ in range(5):
        call(memory, "put_messages", TOOL_TURN)
    shown = call(memory, "get")
    assert shown[0].role is MessageRole.USER
    assert shown[-4:] == TOOL_TURN


def test_a_message_longer_than_the_limit_is_still_shown(build: Build, call: Caller) -> None:
    memory = build(token_limit=20)
    call(memory, "put", user("early words"))
    call(memory, "put", user("many words " * 50))
    assert call(memory, "get")[-1] == user("many words " * 50)


def test_sessions_are_apart(build: Build, call: Caller) -> None:
    one, two = build("one"), build("two")
    call(one, "put", user("mine"))
    call(two, "put", user("yours"))
    call(one, "reset")
    assert call(one, "get_all") == []
    assert call(two, "get_all") == [user("yours")]


def test_json_and_back(
    build: Build,
    kind: str,
    call: Caller,
    embedder: HashEmbedding,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    differs(kind, "json")
    monkeypatch.setattr(Settings, "_embed_model", embedder)
    memory = build(token_limit=1234)
    call(memory, "put_messages", TOOL_TURN)
    serialiser = JsonSerializer()
    again = serialiser.deserialize(serialiser.serialize(memory))
    try:
        assert type(again) is type(memory)
        assert again.token_limit == 1234
        assert call(again, "get_all") == TOOL_TURN
        json.dumps(again.to_dict())
    finally:
        if isinstance(again, NuonuoMemory):
            again.close()


def test_what_get_gives_may_be_changed(build: Build, kind: str, call: Caller) -> None:
    differs(kind, "copies")
    memory = build()
    call(memory, "put", user("one"))
    call(memory, "get")[0].blocks[0].text = "changed"
    assert call(memory, "get_all") == [user("one")]
