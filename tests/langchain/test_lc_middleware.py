"""The middleware of agents: what it shows the model, what it stores, and never twice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import ModelRetryMiddleware
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langgraph.checkpoint.memory import InMemorySaver

from langchain_nuonuo import NuonuoMiddleware
from nuonuo_memory import TextMemory
from nuonuo_memory.errors import NamespaceError


@dataclass
class Context:
    user_id: str = ""


def _call(name: str, **arguments: Any) -> AIMessage:
    return AIMessage("", tool_calls=[{"name": name, "args": arguments, "id": "1"}])


async def _invoke(agent: Any, mode: str, text: str, **options: Any) -> Any:
    state = {"messages": [("user", text)]}
    return (
        agent.invoke(state, **options) if mode == "sync" else await agent.ainvoke(state, **options)
    )


@pytest.mark.parametrize("mode", ["sync", "async"])
async def test_a_second_session_remembers_the_first(
    memory: TextMemory, script: Any, mode: str
) -> None:
    model = script("Noted, a window seat.", "I will take the window seat.")
    agent = create_agent(
        model,
        middleware=[NuonuoMiddleware(memory, namespace=("acme", "{user_id}"))],
        system_prompt="You book trains.",
        context_schema=Context,
        checkpointer=InMemorySaver(),
    )
    await _invoke(
        agent,
        mode,
        "I always want a window seat.",
        context=Context("ada"),
        config={"configurable": {"thread_id": "one"}},
    )
    assert model.seen[0][0] == SystemMessage("You book trains.")
    stored = memory.list(namespace=("acme", "ada"))
    assert [(m.role, m.text, m.session) for m in stored] == [
        ("user", "I always want a window seat.", "one"),
        ("assistant", "Noted, a window seat.", "one"),
    ]
    await _invoke(
        agent,
        mode,
        "Which seat do I want?",
        context=Context("ada"),
        config={"configurable": {"thread_id": "two"}},
    )
    system = model.seen[1][0].text
    assert system.startswith("You book trains.\n\n")
    today = datetime.now(UTC).date().isoformat()
    assert f"- [{today}] user: I always want a window seat." in system


async def test_users_do_not_see_each_other(memory: TextMemory, script: Any) -> None:
    model = script("ok", "ok")
    agent = create_agent(
        model, middleware=[NuonuoMiddleware(memory, namespace="{user_id}")], context_schema=Context
    )
    await _invoke(agent, "sync", "I live in Lisbon.", context=Context("ada"))
    await _invoke(agent, "sync", "Where do I live?", context=Context("bob"))
    assert all(not isinstance(message, SystemMessage) for message in model.seen[1])
    with pytest.raises(NamespaceError, match="user_id"):
        await _invoke(agent, "sync", "Where do I live?", context=Context())
    with pytest.raises(NamespaceError, match="user_id"):
        await _invoke(agent, "async", "Where do I live?")


@pytest.mark.parametrize("checkpointed", [True, False])
async def test_the_conversation_is_not_shown_twice(
    memory: TextMemory, script: Any, checkpointed: bool
) -> None:
    model = script("Hello Ada.", "Lisbon.")
    saver = InMemorySaver() if checkpointed else None
    agent = create_agent(model, middleware=[NuonuoMiddleware(memory)], checkpointer=saver)
    config: Any = {"configurable": {"thread_id": "t"}}
    state = agent.invoke({"messages": [("user", "I am Ada from Lisbon.")]}, config)
    earlier = [] if checkpointed else state["messages"]
    agent.invoke({"messages": [*earlier, ("user", "Where is Ada from?")]}, config)
    assert [type(message) for message in model.seen[1]] == [HumanMessage, AIMessage, HumanMessage]
    texts = [turn.text for turn in memory.list()]
    assert texts == ["I am Ada from Lisbon.", "Hello Ada.", "Where is Ada from?", "Lisbon."]


async def test_retries_store_nothing_twice(memory: TextMemory, script: Any) -> None:
    model = script(ConnectionError("busy"), "Hello.", ConnectionError("down"), "Hello.", "Again.")
    retry = ModelRetryMiddleware(max_retries=1, initial_delay=0.0, jitter=False)
    agent = create_agent(model, middleware=[retry, NuonuoMiddleware(memory)])
    await _invoke(agent, "async", "I am Ada.")
    assert len(model.seen) == 2
    assert [turn.text for turn in memory.list()] == ["I am Ada.", "Hello."]
    # The client sends the same conversation again: the model is asked, nothing new is stored.
    await _invoke(agent, "sync", "I am Ada.")
    assert [turn.text for turn in memory.list()] == ["I am Ada.", "Hello."]


def test_a_run_that_fails_and_resumes_stores_once(memory: TextMemory, script: Any) -> None:
    model = script(ConnectionError("down"), "Hello.")
    agent = create_agent(model, middleware=[NuonuoMiddleware(memory)], checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "t"}}
    with pytest.raises(ConnectionError):
        agent.invoke({"messages": [("user", "I am Ada.")]}, config)
    assert memory.list() == []
    agent.invoke(None, config)
    assert [turn.text for turn in memory.list()] == ["I am Ada.", "Hello."]


@pytest.mark.filterwarnings("error::UserWarning")
async def test_tools_let_the_model_remember_and_forget(memory: TextMemory, script: Any) -> None:
    middleware = NuonuoMiddleware(memory, namespace="{user_id}", store=False, tools=True)
    names = ["remember", "recall", "follow", "update", "forget"]
    assert [tool.name for tool in middleware.tools] == names
    model = script(_call("remember", text="Ada is vegetarian."), "Noted.")
    agent = create_agent(model, middleware=[middleware], context_schema=Context)
    state = await _invoke(agent, "async", "I eat no meat.", context=Context("ada"))
    tool = next(m for m in state["messages"] if isinstance(m, ToolMessage))
    (document,) = tool.artifact
    assert document.page_content == "Ada is vegetarian."
    assert [m.text for m in memory.list(namespace="ada")] == ["Ada is vegetarian."]
    model.lines += [
        _call("recall", query="vegetarian"),
        _call("forget", memory_ids=[document.id]),
        "x",
    ]
    state = await _invoke(agent, "sync", "Forget it.", context=Context("ada"))
    answers = [m.text for m in state["messages"] if isinstance(m, ToolMessage)]
    assert document.id in answers[0]
    assert answers[1] == "Forgot: Ada is vegetarian."
    assert memory.list(namespace="ada") == []


def test_the_note_is_short_and_in_order(memory: TextMemory, script: Any) -> None:
    for day, text in enumerate(["Ada had a cat", "Ada had a dog", "Ada had a bird"], 1):
        memory.remember(text, at=datetime(2026, 1, day, tzinfo=UTC))
    model = script("ok", "ok", "ok")
    agent = create_agent(model, middleware=[NuonuoMiddleware(memory, k=2, store=False)])
    agent.invoke({"messages": [("user", "What had Ada?")]})
    lines = model.seen[0][0].text.splitlines()[2:-1]
    assert len(lines) == 2
    assert lines == sorted(lines)
    for options in ({"max_tokens": 1}, {"min_confidence": 1.0}):
        quiet = NuonuoMiddleware(memory, store=False, **options)  # type: ignore[arg-type]
        create_agent(model, middleware=[quiet]).invoke({"messages": [("user", "What had Ada?")]})
        assert isinstance(model.seen[-1][0], HumanMessage)


def test_system_messages_of_parts_are_kept(memory: TextMemory, script: Any) -> None:
    memory.remember("Ada likes tea.")
    model = script("ok")
    parts = [{"type": "text", "text": "You cook.", "cache_control": {"type": "ephemeral"}}]
    agent = create_agent(
        model,
        system_prompt=SystemMessage(content=parts),
        middleware=[NuonuoMiddleware(memory, store=False)],
    )
    agent.invoke({"messages": [("user", "What does Ada like?")]})
    content: Any = model.seen[0][0].content
    assert content[0] == parts[0]
    assert "Ada likes tea." in content[1]["text"]


@pytest.mark.parametrize("mode", ["sync", "async"])
async def test_the_configurable_names_the_user_too(
    memory: TextMemory, script: Any, mode: str
) -> None:
    middleware = NuonuoMiddleware(memory, namespace=("memories", "{user_id}"))
    agent = create_agent(script("ok"), middleware=[middleware])
    config = {"configurable": {"user_id": "ada"}}
    await _invoke(agent, mode, "I live in Lisbon.", config=config)
    assert len(memory.list(namespace=("memories", "ada"))) == 2


def test_sessions_may_be_named(memory: TextMemory, script: Any) -> None:
    model = script("ok")
    middleware = NuonuoMiddleware(memory, session="chat-{user_id}")
    agent = create_agent(model, middleware=[middleware], context_schema=Context)
    agent.invoke({"messages": [("user", "Hello there.")]}, context=Context("ada"))
    assert {turn.session for turn in memory.list()} == {"chat-ada"}


def test_empty_and_wordless_messages_pass(memory: TextMemory, script: Any) -> None:
    model = script("ok", "ok")
    agent = create_agent(model, middleware=[NuonuoMiddleware(memory)])
    agent.invoke({"messages": [HumanMessage("")]})
    image = {"type": "image", "url": "https://example.org/a.png"}
    agent.invoke({"messages": [HumanMessage(content=[image])]})
    assert [turn.role for turn in memory.list()] == ["assistant"]
