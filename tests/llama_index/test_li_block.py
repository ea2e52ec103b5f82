"""The memory block inside LlamaIndex's `Memory`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from li_helpers import HashEmbedding
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ChatMessage, MessageRole
from llama_index.core.llms.mock import MockFunctionCallingLLM
from llama_index.core.memory import Memory
from llama_index.core.settings import Settings
from llama_index.core.utils import get_tokenizer
from llama_index.core.workflow import JsonSerializer

from llama_index_nuonuo import NuonuoMemoryBlock
from nuonuo_memory import TextMemory


def user(text: str) -> ChatMessage:
    return ChatMessage(role=MessageRole.USER, content=text)


@pytest.fixture
async def memories() -> AsyncIterator[list[Memory]]:
    opened: list[Memory] = []
    yield opened
    for memory in opened:
        if memory.sql_store._async_engine is not None:
            await memory.sql_store._async_engine.dispose()


def waterfall(
    memories: list[Memory], block: NuonuoMemoryBlock, session: str, limit: int = 30000
) -> Memory:
    memories.append(
        Memory.from_defaults(session_id=session, memory_blocks=[block], token_limit=limit)
    )
    return memories[-1]


async def test_overflowing_messages_are_recalled(
    memory: TextMemory, memories: list[Memory]
) -> None:
    block = NuonuoMemoryBlock.from_memory(memory, store_on_read=False)
    chat = waterfall(memories, block, "s", limit=120)
    await chat.aput(user("The spare key is under the red pot."))
    for n in range(30):
        await chat.aput(user(f"Here is one more remark, number {n}, about nothing."))
    await chat.aput(user("Where is the spare key?"))
    shown = await chat.aget()
    assert "red pot" in str(shown[0].content)
    assert "red pot" not in "".join(str(one.content) for one in shown[1:])


async def test_short_chats_are_kept_when_read(memory: TextMemory, memories: list[Memory]) -> None:
    block = NuonuoMemoryBlock.from_memory(memory)
    first = waterfall(memories, block, "monday")
    await first.aput(user("The spare key is under the red pot."))
    await first.aget()
    await first.aget()
    assert len(memory.list()) == 1
    second = waterfall(memories, block, "friday")
    await second.aput(user("Where is the spare key?"))
    assert "red pot" in str((await second.aget())[0].content)


async def test_the_session_is_asked_anew_each_time(
    memory: TextMemory, memories: list[Memory]
) -> None:
    block = NuonuoMemoryBlock.from_memory(memory, within_session=True)
    for name in ("one", "two"):
        chat = waterfall(memories, block, name)
        await chat.aput(user(f"The spare key of house {name} is under the pot."))
        await chat.aget()
    asked = [user("Where is the spare key?")]
    one = await block.aget(asked, session_id="one")
    two = await block.aget(asked, session_id="two")
    assert "house one" in one
    assert "house two" not in one
    assert "house two" in two
    assert "house one" not in two


async def test_shared_messages_are_not_changed(memory: TextMemory) -> None:
    block = NuonuoMemoryBlock.from_memory(memory)
    message = ChatMessage(
        role=MessageRole.USER, content="I am Ada.", additional_kwargs={"session_id": "s"}
    )
    before = message.model_copy(deep=True)
    await block.aput([message])
    assert message == before
    (stored,) = memory.list()
    assert stored.session == "s"


async def test_it_gives_nothing_for_nothing(memory: TextMemory) -> None:
    block = NuonuoMemoryBlock.from_memory(memory)
    assert await block.aget([]) == ""
    assert await block.aget(None) == ""
    assert await block.aget([user("anything at all")]) == ""


async def test_truncation_drops_the_least_likely(memory: TextMemory) -> None:
    block = NuonuoMemoryBlock.from_memory(memory)
    content = "- best line\n- second line\n- third line"
    kept = await block.atruncate(content, 4)
    assert kept == "- best line\n- second line"
    assert await block.atruncate(content, 1000) is None
    saved = len(get_tokenizer()(content)) - len(get_tokenizer()(str(kept)))
    assert saved >= 4


async def test_it_survives_json(
    tmp_path: Path, embedder: HashEmbedding, monkeypatch: pytest.MonkeyPatch
) -> None:
    block = NuonuoMemoryBlock(path=str(tmp_path / "block.db"), similarity_top_k=1).open(embedder)
    await block.aput([user("The spare key is under the red pot.")])
    block.close()
    monkeypatch.setattr(Settings, "_embed_model", embedder)
    serialiser = JsonSerializer()
    again = serialiser.deserialize(serialiser.serialize(block))
    assert "red pot" in await again.aget([user("Where is the spare key?")])
    again.close()


async def test_in_an_agent(memory: TextMemory, memories: list[Memory]) -> None:
    block = NuonuoMemoryBlock.from_memory(memory)
    shown: list[str] = []

    def answer(messages: list[ChatMessage], **kwargs: object) -> ChatMessage:
        shown.append("\n".join(str(one.content) for one in messages))
        return ChatMessage(role=MessageRole.ASSISTANT, content="Understood.")

    llm = MockFunctionCallingLLM(response_generator=answer)
    agent = FunctionAgent(tools=[], llm=llm, streaming=False)
    await agent.run(
        user_msg="The spare key is under the red pot.",
        memory=waterfall(memories, block, "monday"),
    )
    await agent.run(user_msg="Where is the spare key?", memory=waterfall(memories, block, "friday"))
    assert "red pot" in shown[-1]


async def test_several_blocks_side_by_side(memory: TextMemory) -> None:
    blocks = [NuonuoMemoryBlock.from_memory(memory, name=name) for name in ("a", "b")]
    told = [user(f"Remark number {n} about bees.") for n in range(3)]
    await asyncio.gather(*(block.aput(told, session_id="s") for block in blocks))
    assert {turn.text for turn in memory.list()} == {one.content for one in told}


@pytest.mark.parametrize("hops", [0, 2])
async def test_the_least_confidence_counts_with_and_without_hops(
    memory: TextMemory, hops: int
) -> None:
    memory.remember("The spare key is under the red pot.")
    asked = [user("Where is the spare key?")]
    sure = NuonuoMemoryBlock.from_memory(memory, hops=hops, store_on_read=False)
    assert "red pot" in await sure.aget(asked)
    unsure = NuonuoMemoryBlock.from_memory(
        memory, hops=hops, store_on_read=False, min_confidence=1.0
    )
    assert await unsure.aget(asked) == ""
