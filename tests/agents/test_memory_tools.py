"""The tools' work, without a framework: what is done, what is answered, whose memory is reached."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from nuonuo_memory import Link, TextMemory
from nuonuo_memory.agents.arguments import RecallArguments
from nuonuo_memory.agents.tools import TOOLS, Answer, MemoryTools
from nuonuo_memory.encoders.base import HashingEncoder
from nuonuo_memory.errors import EmptyTextError, InvalidInputError, NotFoundError

Use = Callable[..., Any]


@pytest.fixture
def memory() -> Iterator[TextMemory]:
    with TextMemory.in_memory(encoder=HashingEncoder()) as opened:
        yield opened


@pytest.fixture
def tools(memory: TextMemory) -> MemoryTools:
    return MemoryTools(memory, RecallArguments(namespace="ada"))


@pytest.fixture(params=["sync", "async"])
def use(request: pytest.FixtureRequest, tools: MemoryTools) -> Use:
    prefix = "" if request.param == "sync" else "a"

    async def call(name: str, *given: Any, **named: Any) -> Answer:
        answer: Answer | Awaitable[Answer] = getattr(tools, f"{prefix}{name}")(*given, **named)
        return answer if isinstance(answer, Answer) else await answer

    return call


def test_every_tool_has_a_description_and_a_twin() -> None:
    for name, description in TOOLS.items():
        assert description.endswith(".")
        plain, twin = (inspect.signature(getattr(MemoryTools, f"{a}{name}")) for a in ("", "a"))
        assert plain == twin


async def test_remember_recall_update_forget(memory: TextMemory, use: Use) -> None:
    stored = await use("remember", "The boiler was serviced in May.", ["heating"])
    (fact,) = stored.memories
    assert stored.text == f"Remembered with id {fact.id}."
    assert fact.namespace == ("ada",)
    assert fact.at is not None
    found = await use("recall", "When was the boiler serviced?")
    today = datetime.now(UTC).date().isoformat()
    assert found.text == f"- [{today}] The boiler was serviced in May. (id {fact.id})"
    assert found.recall is not None
    changed = await use("update", fact.id, "The boiler was serviced in June.")
    assert changed.text == f"Updated {fact.id}: The boiler was serviced in June."
    assert memory.get(fact.id).text == "The boiler was serviced in June."
    gone = await use("forget", fact.id)
    assert gone.text == "Forgot: The boiler was serviced in June."
    assert (await use("recall", "boiler")).text == "Nothing is remembered about this."
    assert memory.list(namespace="ada") == []


async def test_follow_tells_the_way(memory: TextMemory, use: Use) -> None:
    memory.remember("Grace likes tulips.", id="b", namespace="ada")
    memory.remember(
        "Falcon goes live in June.", id="a", namespace="ada", links=[Link("b", "managed by")]
    )
    followed = await use("follow", "When does Falcon go live?")
    assert "(id b; reached by Falcon → managed by)" in followed.text
    assert "reached by" not in (await use("follow", "When does Falcon go live?", 0)).text


async def test_forget_takes_ids_memories_and_hits(memory: TextMemory, use: Use) -> None:
    facts = memory.remember_many(["one apple", "two pears", "three plums"], namespace="ada")
    hit = memory.recall("three plums", k=1, namespace="ada")[0]
    answer = await use("forget", [facts[0].id, facts[1], hit, "none", facts[0].id])
    assert answer.text.splitlines() == [
        "Forgot: one apple",
        "Forgot: two pears",
        "Forgot: three plums",
        "There is no memory with the id none.",
    ]
    assert [one.id for one in answer.memories] == [fact.id for fact in facts]
    assert memory.list(namespace="ada") == []


async def test_others_memories_are_out_of_reach(memory: TextMemory, use: Use) -> None:
    theirs = memory.remember("Bob's secret.", namespace="bob")
    for name, given in (("forget", ()), ("update", ("Mine now.",))):
        answer = await use(name, theirs.id, *given)
        assert answer.text == f"There is no memory with the id {theirs.id}."
        assert answer.memories == ()
    assert (await use("recall", "Bob's secret")).memories == ()
    assert memory.get(theirs.id).text == "Bob's secret."
    assert (await use("forget", theirs.id, namespace="bob")).text == "Forgot: Bob's secret."


async def test_the_applications_errors_are_raised(use: Use) -> None:
    with pytest.raises(EmptyTextError):
        await use("remember", " ")
    with pytest.raises(InvalidInputError):
        await use("forget", 5)


def test_with_prefix_what_is_shown_can_be_forgotten(memory: TextMemory) -> None:
    below = memory.remember("Ada's boiler is old.", namespace=("acme", "ada"))
    wide = MemoryTools(memory, RecallArguments(namespace="acme", prefix=True))
    assert [one.id for one in wide.recall("boiler").memories] == [below.id]
    assert wide.forget(below.id).text == "Forgot: Ada's boiler is old."


def test_a_memory_forgotten_meanwhile_is_no_error(
    memory: TextMemory, tools: MemoryTools, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, gone = memory.remember_many(["one apple", "two pears"], namespace="ada")
    forget = memory.forget

    def late(memories: Any) -> int:
        monkeypatch.setattr(memory, "forget", forget)
        forget(gone.id)
        raise NotFoundError(gone.id)

    monkeypatch.setattr(memory, "forget", late)
    assert tools.forget([kept.id, gone.id]).text == "Forgot: one apple\nForgot: two pears"
    assert memory.list(namespace="ada") == []
