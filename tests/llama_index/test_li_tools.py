"""The tools: called as a model calls them."""

from __future__ import annotations

import asyncio
import re

import pytest
from li_helpers import Caller
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ChatMessage, MessageRole, ToolCallBlock
from llama_index.core.llms.mock import MockFunctionCallingLLM
from llama_index.core.tools import FunctionTool

from llama_index_nuonuo import NuonuoToolSpec
from nuonuo_memory import TextMemory
from nuonuo_memory.errors import NotFoundError


@pytest.fixture
def tools(memory: TextMemory) -> dict[str, FunctionTool]:
    spec = NuonuoToolSpec(memory, "ada", similarity_top_k=2)
    return {str(tool.metadata.name): tool for tool in spec.to_tool_list()}


def use(call: Caller, tool: FunctionTool, **arguments: object) -> str:
    return str(call(tool, "call", **arguments))


def test_the_tools_describe_themselves(tools: dict[str, FunctionTool]) -> None:
    assert set(tools) == {"remember", "recall", "follow", "forget"}
    for tool in tools.values():
        assert tool.metadata.description
        assert tool.metadata.get_parameters_dict()["properties"]
    assert set(tools["remember"].metadata.get_parameters_dict()["required"]) == {"text"}


def test_remember_recall_forget(tools: dict[str, FunctionTool], call: Caller) -> None:
    said = use(call, tools["remember"], text="The boiler was serviced in May.", cues=["heating"])
    (id_,) = re.findall(r"id (\w+)\.", said)
    assert f"[{id_}]" in use(call, tools["recall"], question="When was the boiler serviced?")
    assert "boiler" in use(call, tools["follow"], question="When was the boiler serviced?")
    use(call, tools["forget"], memory_id=id_)
    assert "Nothing" in use(call, tools["recall"], question="When was the boiler serviced?")


def test_another_user_s_memory_cannot_be_forgotten(
    memory: TextMemory, tools: dict[str, FunctionTool]
) -> None:
    theirs = memory.remember("Bob's own note.", namespace="bob")
    with pytest.raises(NotFoundError, match="ada"):
        tools["forget"].call(memory_id=theirs.id)
    assert memory.get(theirs.id).text == "Bob's own note."


def test_an_unknown_id_is_told_to_the_model(memory: TextMemory) -> None:
    shown: list[str] = []

    def answer(messages: list[ChatMessage], **kwargs: object) -> ChatMessage:
        shown.append(str(messages[-1].content))
        if messages[-1].role is MessageRole.TOOL:
            return ChatMessage(role=MessageRole.ASSISTANT, content="There is none.")
        call = ToolCallBlock(tool_call_id="1", tool_name="forget", tool_kwargs={"memory_id": "x"})
        return ChatMessage(role=MessageRole.ASSISTANT, blocks=[call])

    agent = FunctionAgent(
        tools=NuonuoToolSpec(memory).to_tool_list(),
        llm=MockFunctionCallingLLM(response_generator=answer),
        streaming=False,
    )

    async def run() -> str:
        return str(await agent.run(user_msg="Forget x."))

    assert asyncio.run(run()) == "There is none."
    assert "'x'" in shown[-1]
