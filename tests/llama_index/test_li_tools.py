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
from nuonuo_memory.agents.tools import TOOLS


@pytest.fixture
def tools(memory: TextMemory) -> dict[str, FunctionTool]:
    spec = NuonuoToolSpec(memory, "ada", similarity_top_k=2)
    return {str(tool.metadata.name): tool for tool in spec.to_tool_list()}


def use(call: Caller, tool: FunctionTool, **arguments: object) -> str:
    return str(call(tool, "call", **arguments))


def test_the_tools_describe_themselves(tools: dict[str, FunctionTool]) -> None:
    assert list(tools) == list(TOOLS)
    for name, tool in tools.items():
        assert tool.metadata.description == TOOLS[name]
        properties = tool.metadata.get_parameters_dict()["properties"]
        assert properties
        assert all(details["description"] for details in properties.values())
    assert set(tools["remember"].metadata.get_parameters_dict()["required"]) == {"text"}


def test_remember_recall_update_forget(
    memory: TextMemory, tools: dict[str, FunctionTool], call: Caller
) -> None:
    said = use(call, tools["remember"], text="The boiler was serviced in May.", cues=["heating"])
    (id_,) = re.findall(r"id (\w+)\.", said)
    assert f"(id {id_})" in use(call, tools["recall"], query="When was the boiler serviced?")
    assert "boiler" in use(call, tools["follow"], query="When was the boiler serviced?", hops=2)
    use(call, tools["update"], memory_id=id_, text="The boiler was serviced in June.")
    assert "in June" in use(call, tools["recall"], query="When was the boiler serviced?")
    other = memory.remember("The stove is new.", namespace="ada").id
    assert use(call, tools["forget"], memory_ids=[id_, other]).count("Forgot") == 2
    assert "Nothing" in use(call, tools["recall"], query="When was the boiler serviced?")


def test_another_user_s_memory_is_out_of_reach(
    memory: TextMemory, tools: dict[str, FunctionTool], call: Caller
) -> None:
    theirs = memory.remember("Bob's own note.", namespace="bob")
    assert "no memory" in use(call, tools["forget"], memory_ids=theirs.id)
    assert "no memory" in use(call, tools["update"], memory_id=theirs.id, text="Mine.")
    assert memory.get(theirs.id).text == "Bob's own note."


def test_an_unknown_id_is_told_to_the_model(memory: TextMemory) -> None:
    shown: list[str] = []

    def answer(messages: list[ChatMessage], **kwargs: object) -> ChatMessage:
        shown.append(str(messages[-1].content))
        if messages[-1].role is MessageRole.TOOL:
            return ChatMessage(role=MessageRole.ASSISTANT, content="There is none.")
        call = ToolCallBlock(tool_call_id="1", tool_name="forget", tool_kwargs={"memory_ids": "x"})
        return ChatMessage(role=MessageRole.ASSISTANT, blocks=[call])

    agent = FunctionAgent(
        tools=NuonuoToolSpec(memory).to_tool_list(),
        llm=MockFunctionCallingLLM(response_generator=answer),
        streaming=False,
    )

    async def run() -> str:
        return str(await agent.run(user_msg="Forget x."))

    assert asyncio.run(run()) == "There is none."
    assert shown[-1] == "There is no memory with the id x."
