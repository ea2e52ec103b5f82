"""Copies of adapters share the memory; pickled ones open its file again, or say what to do."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import langchain_nuonuo as lc
from nuonuo_memory import TextMemory
from nuonuo_memory.encoders.base import HashingEncoder
from nuonuo_memory.errors import InvalidInputError

MAKERS: dict[str, Callable[[TextMemory], Any]] = {
    "middleware": lambda memory: lc.NuonuoMiddleware(memory, tools=True),
    "retriever": lambda memory: lc.NuonuoRetriever(memory=memory),
    "store": lc.NuonuoStore,
    "vector store": lambda memory: lc.NuonuoVectorStore(memory=memory),
}
pytest.importorskip("langchain_classic")
MAKERS["classic memory"] = lambda memory: lc.NuonuoMemory(memory=memory, session="s")


def _memory_of(adapter: Any) -> TextMemory:
    found = getattr(adapter, "memory", None) or adapter._memory
    assert isinstance(found, TextMemory)
    return found


@pytest.mark.parametrize("name", MAKERS)
def test_copies_share_the_memory(memory: TextMemory, name: str) -> None:
    adapter = MAKERS[name](memory)
    for one in (copy.copy(adapter), copy.deepcopy(adapter)):
        assert type(one) is type(adapter)
        assert _memory_of(one) is memory
    tools = copy.deepcopy(lc.create_memory_tools(memory))
    tools[0].invoke({"text": "Ada likes tea."})
    assert len(memory.list()) == 1


@pytest.mark.parametrize("name", MAKERS)
def test_pickled_adapters_open_the_file_again(tmp_path: Path, name: str) -> None:
    with TextMemory.open(tmp_path / "m.db", encoder=HashingEncoder(), namespace="ada") as memory:
        memory.remember("Ada likes tea.")
        again = pickle.loads(pickle.dumps(MAKERS[name](memory)))
        with _memory_of(again) as opened:
            assert opened is not memory
            assert opened.namespace == ("ada",)
            assert [one.text for one in opened.list()] == ["Ada likes tea."]
            if name == "middleware":
                assert again.tools[0].name == "remember"


@pytest.mark.parametrize("name", MAKERS)
def test_a_memory_without_a_file_says_what_to_do(memory: TextMemory, name: str) -> None:
    with pytest.raises(InvalidInputError, match=r"send its path.*TextMemory\.open"):
        pickle.dumps(MAKERS[name](memory))


def test_a_cell_that_runs_again(tmp_path: Path) -> None:
    """A class defined again and a file opened again, as a notebook's second run does."""
    seen: list[int] = []
    for _ in range(2):

        class Embedder(HashingEncoder):
            pass

        memory = TextMemory.open(tmp_path / "m.db", encoder=Embedder())
        store = lc.NuonuoStore(memory)
        store.put(("a",), "k", {"text": "tea"})
        lc.NuonuoVectorStore(memory=memory).add_texts(["coffee"], ids=["c"])
        lc.NuonuoMiddleware(memory, tools=True)
        seen.append(len(memory.list(prefix=True)))
    assert seen == [1, 1]
    old = type("TextMemory", (), {})()
    with pytest.raises(InvalidInputError, match="defined again"):
        lc.NuonuoStore(old)
