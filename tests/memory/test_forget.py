"""Forgetting is exact: in the engine, in what recall finds, and in the bytes of every file."""

from __future__ import annotations

from pathlib import Path

import pytest

from nuonuo_memory import Message, TextMemory
from nuonuo_memory.encoders.base import HashingEncoder
from nuonuo_memory.errors import NotFoundError


def fingerprints(memory: TextMemory) -> tuple[str, str]:
    index = memory._core.index
    return index.cues.fingerprint(), index.terms.fingerprint()


def test_the_engine_is_as_if_it_had_never_learned(encoder: HashingEncoder) -> None:
    with TextMemory.in_memory(encoder=encoder) as memory:
        memory.remember_many([f"kept {n}" for n in range(10)])
        before = fingerprints(memory)
        whole = memory.fingerprint()
        gone = memory.remember_many(
            [f"secret {n}. It has two sentences about Zanzibar." for n in range(10)]
        )
        assert fingerprints(memory) != before
        assert memory.forget([one.id for one in gone]) == 10
        assert fingerprints(memory) == before
        assert memory.fingerprint() == whole


def test_forgotten_words_are_gone_from_every_file(path: Path, encoder: HashingEncoder) -> None:
    with TextMemory.open(path, encoder=encoder) as memory:
        memory.remember_many([f"kept note {n}" for n in range(50)])
        memory.observe(
            [Message("user", "Where is the Xanadu treasure?"), Message("assistant", "In Xanadu.")],
            session="s",
        )
        memory.remember("plain", metadata={"place": "Xanadu"}, cues=["the Xanadu cue"])
        memory.update(memory.remember("Xanadu was here", id="u").id, text="nothing was here")
        assert any(b"Xanadu" in file.read_bytes() for file in path.parent.iterdir())
        memory.forget(session="s")
        memory.forget(where={"place": "Xanadu"})
        for file in path.parent.iterdir():
            assert b"xanadu" not in file.read_bytes().lower(), file.name


def test_by_filter_session_and_namespace(memory: TextMemory) -> None:
    memory.remember("one", metadata={"n": 1})
    memory.remember("two", metadata={"n": 2})
    memory.observe([Message("user", "three")], session="s")
    memory.remember("four", namespace="other")
    memory.remember("five", namespace=("other", "below"))
    assert memory.forget(where={"n": 1}) == 1
    assert memory.forget(session="s") == 1
    assert memory.forget(namespace="other") == 1
    assert memory.forget(namespace="other", prefix=True) == 1
    assert [m.text for m in memory.list()] == ["two"]
    assert memory.forget(where={"n": 77}) == 0


def test_an_unknown_id_forgets_nothing(memory: TextMemory) -> None:
    memory.remember("one", id="one")
    with pytest.raises(NotFoundError, match="nope"):
        memory.forget(["one", "nope"])
    assert memory.get("one").text == "one"
