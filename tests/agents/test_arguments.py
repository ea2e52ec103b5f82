"""The arguments that adapters keep are those of `TextMemory.recall`, all of them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from nuonuo_memory import TextMemory
from nuonuo_memory.agents.arguments import (
    RecallArguments,
    refuse_unknown,
    require_file,
    require_memory,
)
from nuonuo_memory.encoders.base import HashingEncoder
from nuonuo_memory.errors import ClosedError, InvalidInputError, StoreError


@pytest.fixture
def memory() -> Iterator[TextMemory]:
    with TextMemory.in_memory(encoder=HashingEncoder()) as opened:
        yield opened


def test_they_are_recalls_with_the_same_defaults() -> None:
    parameters = inspect.signature(TextMemory.recall).parameters
    expected = {
        name: one.default for name, one in parameters.items() if name not in ("self", "text")
    }
    assert {name: getattr(RecallArguments(), name) for name in RecallArguments.names()} == expected
    twin = set(inspect.signature(TextMemory.arecall).parameters) - {"self", "text"}
    assert twin == set(expected)


async def test_each_is_passed_on(memory: TextMemory, monkeypatch: pytest.MonkeyPatch) -> None:
    values: dict[str, Any] = {
        "k": 7,
        "namespace": "ada",
        "prefix": True,
        "where": {"n": 1},
        "since": datetime(2026, 1, 1, tzinfo=UTC),
        "until": datetime(2026, 2, 1, tzinfo=UTC),
        "session": "s",
        "hops": 2,
        "start": {"a": 1.0},
        "group_by": "session",
        "min_confidence": 0.5,
        "now": datetime(2026, 3, 1, tzinfo=UTC),
        "vector": [1.0, 0.0],
    }
    assert set(values) == set(RecallArguments.names())
    asked: list[Any] = []

    def recall(text: str, **given: Any) -> str:
        asked.append((text, given))
        return "answer"

    async def arecall(text: str, **given: Any) -> str:
        return recall(text, **given)

    monkeypatch.setattr(memory, "recall", recall)
    monkeypatch.setattr(memory, "arecall", arecall)
    arguments = RecallArguments().changed(values, by="a test")
    arguments.recall(memory, "question")
    await arguments.arecall(memory, "question")
    assert asked == [("question", values)] * 2


def test_unknown_names_are_refused_with_those_known() -> None:
    with pytest.raises(TypeError, match=r"Thing got an unexpected argument 'kk'; it takes a, k"):
        refuse_unknown(["k", "kk"], ["k", "a"], by="Thing")
    with pytest.raises(TypeError, match="takes none"):
        refuse_unknown({"x": 1}, (), by="Thing")
    with pytest.raises(TypeError, match="min_confidence"):
        RecallArguments().changed({"top_k": 1}, by="a call")
    refuse_unknown([], ["k"], by="Thing")


@pytest.mark.parametrize("wrong", ["memory.db", TextMemory, None, 5, Path("memory.db")])
def test_what_is_no_memory_is_refused(wrong: object) -> None:
    with pytest.raises(InvalidInputError, match=r"open one with TextMemory\.open"):
        require_memory(wrong)


def test_a_closed_memory_is_refused(memory: TextMemory) -> None:
    assert require_memory(memory) is memory
    memory.close()
    with pytest.raises(ClosedError, match="open it again"):
        require_memory(memory)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="create=True"):
        require_file(tmp_path / "none.db")
    (tmp_path / "some.db").touch()
    assert require_file(str(tmp_path / "some.db")) == tmp_path / "some.db"
