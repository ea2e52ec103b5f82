"""The one class that users meet: every option written out, an async twin of every call."""

from __future__ import annotations

import asyncio
import builtins
import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from torch import Tensor

from nuonuo_memory import Hit, Message, TextMemory
from nuonuo_memory.encoders.base import HashingEncoder
from nuonuo_memory.errors import EncoderMismatchError

WITHOUT_TWIN = {"in_memory"}
"""Touches neither disk nor a file's encoder."""


def calls() -> dict[str, Callable[..., Any]]:
    return {
        name: getattr(TextMemory, name)
        for name, value in vars(TextMemory).items()
        if not name.startswith("_") and not isinstance(value, property)
    }


def is_async(call: Callable[..., Any]) -> bool:
    return inspect.iscoroutinefunction(inspect.unwrap(call)) or inspect.iscoroutinefunction(call)


def test_every_call_has_an_async_twin_with_the_same_parameters() -> None:
    found = calls()
    plain = {name for name, call in found.items() if not inspect.iscoroutinefunction(call)}
    twins = set(found) - plain
    assert twins == {f"a{name}" for name in plain - WITHOUT_TWIN}
    for name in plain - WITHOUT_TWIN:
        assert inspect.signature(found[f"a{name}"]) == inspect.signature(found[name]), name


@pytest.mark.parametrize("name", sorted(calls()))
def test_every_parameter_is_written_out_and_typed(name: str) -> None:
    call = calls()[name]
    hints = get_type_hints(inspect.unwrap(call))
    for parameter in inspect.signature(call).parameters.values():
        assert parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
        if parameter.name not in ("self", "cls"):
            assert parameter.name in hints
            if (name.removeprefix("a"), parameter.name) != ("remember", "id"):
                assert not hasattr(builtins, parameter.name)
    assert call.__doc__


def test_follow_is_recall_with_hops() -> None:
    recall, follow = (
        inspect.signature(call).parameters for call in (TextMemory.recall, TextMemory.follow)
    )
    assert list(recall) == list(follow)
    differ = {name for name in recall if recall[name].default != follow[name].default}
    assert differ == {"hops"}


def test_an_unknown_keyword_names_the_call() -> None:
    memory = TextMemory.in_memory(encoder=HashingEncoder())
    with memory, pytest.raises(TypeError, match=r"recall.*'kk'"):
        memory.recall("x", kk=3)  # type: ignore[call-arg]


def test_twins_do_what_the_calls_do() -> None:
    async def work() -> None:
        async with TextMemory.in_memory(encoder=HashingEncoder()) as memory:
            stored = await memory.aremember("Ada keeps bees on the roof.")
            assert await memory.aget(stored.id) == stored
            assert (await memory.arecall("Who keeps bees?"))[0].id == stored.id
            assert [cue.text for cue in await memory.acues(stored.id)]
            assert await memory.anamespaces() == [("default",)]
            assert await memory.afingerprint() == memory.fingerprint()
            assert (await memory.avectors([stored.id])).shape == (1, 256)
            assert await memory.alinks(stored.id) == []
            await memory.aflush()
            assert await memory.aforget(stored) == 1

    asyncio.run(work())


def test_a_subclass_serves_its_twins() -> None:
    class Loud(TextMemory):
        def stats(self) -> Any:
            return "loud"

    async def work() -> None:
        async with Loud.in_memory(encoder=HashingEncoder()) as memory:
            assert await memory.astats() == "loud"

    asyncio.run(work())


def test_one_message_or_text_is_a_conversation() -> None:
    with TextMemory.in_memory(encoder=HashingEncoder()) as memory:
        assert memory.observe("I keep bees.", session="a").memories[0].role == "user"
        assert len(memory.observe(Message("user", "And hens."), session="a").memories) == 1
        one = memory.observe({"role": "assistant", "content": "How many?"}, session="a")
        assert one.memories[0].turn == 2


def test_memories_and_hits_are_forgotten_as_they_are() -> None:
    with TextMemory.in_memory(encoder=HashingEncoder()) as memory:
        one, two, three = memory.remember_many(["red kettle", "green door", "blue hat"])
        hit = memory.recall("blue hat", k=1)[0]
        assert isinstance(hit, Hit)
        assert memory.forget(one) == 1
        assert memory.forget([two, hit]) == 2
        assert memory.list() == []
        assert three.id == hit.id


def test_links_are_told_and_taken_back() -> None:
    with TextMemory.in_memory(encoder=HashingEncoder()) as memory:
        one, two = memory.remember_many(["red kettle", "green door"])
        hop = memory.associate(one.id, two.id, label="beside", weight=0.5)
        assert memory.links(one.id) == [hop]
        assert memory.dissociate(one.id, two.id) is True
        assert memory.dissociate(one.id, two.id) is False


def test_a_retrained_encoder_of_the_same_name_is_noticed(tmp_path: Path) -> None:
    class Retrained(HashingEncoder):
        def encode(self, texts: Sequence[str]) -> Tensor:
            return super().encode([text[::-1] for text in texts])

        encode_queries = encode

    path = tmp_path / "memory.db"
    with TextMemory.open(path, encoder=HashingEncoder()) as memory:
        memory.remember("Ada keeps bees on the roof.")
    with (
        TextMemory.open(path, encoder=Retrained()) as memory,
        pytest.raises(EncoderMismatchError, match="reencode"),
    ):
        memory.recall("Who keeps bees?")
    assert TextMemory.reencode(path, Retrained()) > 0
    with TextMemory.open(path, encoder=Retrained()) as memory:
        assert len(memory.recall("Who keeps bees?")) == 1
