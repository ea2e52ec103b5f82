"""The tools: LangChain's standard suites for each, and their reach."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.tools import BaseTool
from langchain_tests.integration_tests import ToolsIntegrationTests
from langchain_tests.unit_tests import ToolsUnitTests
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from langchain_nuonuo import create_memory_tools
from nuonuo_memory import Link, TextMemory
from nuonuo_memory.encoders.base import HashingEncoder
from nuonuo_memory.errors import EmptyTextError, NamespaceError

EXAMPLES: dict[str, dict[str, Any]] = {
    "remember": {"text": "Ada likes tea.", "cues": ["What does Ada drink?"]},
    "recall": {"query": "What does Ada like?"},
    "follow": {"query": "What does Ada like?", "hops": 2},
    "update": {"memory_id": "m1", "text": "Ada likes coffee."},
    "forget": {"memory_ids": ["m1"]},
}


class _OneTool:
    """Binds a standard suite to the tool named by `which`."""

    which = ""
    memory: TextMemory

    @pytest.fixture(autouse=True)
    def _open(self) -> Iterator[None]:
        with TextMemory.in_memory(encoder=HashingEncoder()) as memory:
            memory.remember("Ada likes tea.", id="m1")
            type(self).memory = memory
            yield

    @pytest.fixture
    def tool(self, _open: None) -> BaseTool:
        return self.tool_constructor

    @property
    def tool_constructor(self) -> BaseTool:
        tools = create_memory_tools(self.memory)
        return next(tool for tool in tools if tool.name == self.which)

    @property
    def tool_invoke_params_example(self) -> dict[str, Any]:
        return EXAMPLES[self.which]


class TestRememberUnit(_OneTool, ToolsUnitTests):
    which = "remember"


class TestRecallUnit(_OneTool, ToolsUnitTests):
    which = "recall"


class TestFollowUnit(_OneTool, ToolsUnitTests):
    which = "follow"


class TestUpdateUnit(_OneTool, ToolsUnitTests):
    which = "update"


class TestForgetUnit(_OneTool, ToolsUnitTests):
    which = "forget"


class TestRememberCalls(_OneTool, ToolsIntegrationTests):
    which = "remember"


class TestRecallCalls(_OneTool, ToolsIntegrationTests):
    which = "recall"


class TestFollowCalls(_OneTool, ToolsIntegrationTests):
    which = "follow"


class TestUpdateCalls(_OneTool, ToolsIntegrationTests):
    which = "update"


class TestForgetCalls(_OneTool, ToolsIntegrationTests):
    which = "forget"


def _tools(memory: TextMemory, **options: Any) -> dict[str, BaseTool]:
    return {tool.name: tool for tool in create_memory_tools(memory, **options)}


def _run(tool: BaseTool, **arguments: Any) -> Any:
    return tool.invoke({"type": "tool_call", "name": tool.name, "id": "1", "args": arguments})


def test_the_model_sees_its_own_arguments_only(memory: TextMemory) -> None:
    shown = {name: sorted(tool.args) for name, tool in _tools(memory).items()}
    schemas = {
        name: sorted(tool.tool_call_schema.model_json_schema()["properties"])  # type: ignore[union-attr]
        for name, tool in _tools(memory).items()
    }
    expected = {name: sorted(example) for name, example in EXAMPLES.items()}
    assert schemas == expected
    assert shown == expected
    for tool in _tools(memory).values():
        assert tool.description
        properties: Any = tool.args
        assert all(details["description"] for details in properties.values())


async def test_remember_recall_forget(memory: TextMemory) -> None:
    tools = _tools(memory)
    stored = _run(tools["remember"], text="Ada plays the violin.")
    (document,) = stored.artifact
    found = _run(tools["recall"], query="Who plays the violin?")
    assert document.id in found.content
    assert found.artifact[0].metadata["score"] > 0
    again = await tools["recall"].ainvoke({"query": "Who plays the violin?"})
    assert again == found.content
    changed = _run(tools["update"], memory_id=document.id, text="Ada plays the viola.")
    assert changed.artifact[0].page_content == "Ada plays the viola."
    other = memory.remember("Bob sings.").id
    gone = _run(tools["forget"], memory_ids=[document.id, other])
    assert gone.content == "Forgot: Ada plays the viola.\nForgot: Bob sings."
    assert "no memory" in await tools["forget"].ainvoke({"memory_ids": document.id})
    assert "Nothing" in _run(tools["recall"], query="Who plays the violin?").content


def test_follow_tells_the_path(memory: TextMemory) -> None:
    memory.remember("Grace likes tulips.", id="b")
    memory.remember("Falcon goes live in June.", id="a", links=[Link("b", "managed by")])
    found = _run(_tools(memory)["follow"], query="When does Falcon go live?", hops=2)
    assert any(document.metadata.get("path") for document in found.artifact)


def test_no_reach_beyond_the_namespace(memory: TextMemory) -> None:
    memory.remember("Bob's secret.", namespace="bob", id="secret")
    tools = _tools(memory, namespace="ada")
    assert "no memory" in _run(tools["forget"], memory_ids="secret").content
    assert "no memory" in _run(tools["update"], memory_id="secret", text="x").content
    assert _run(tools["recall"], query="Bob's secret").artifact == []
    assert memory.get("secret").text == "Bob's secret."
    with pytest.raises(NamespaceError, match="user_id"):
        _run(_tools(memory, namespace="{user_id}")["recall"], query="x")
    with pytest.raises(EmptyTextError):
        _run(tools["remember"], text=" ")


def test_messages_survive_pickling_and_checkpoints(memory: TextMemory) -> None:
    memory.remember("Ada likes tea.", metadata={"n": [1, {"a": None}]})
    message = _run(_tools(memory)["recall"], query="What does Ada like?")
    assert pickle.loads(pickle.dumps(message)) == message
    serde = JsonPlusSerializer()
    restored = serde.loads_typed(serde.dumps_typed(message))
    assert restored.content == message.content
    assert "Ada likes tea." in str(restored.artifact)  # LangChain leaves documents as their JSON
