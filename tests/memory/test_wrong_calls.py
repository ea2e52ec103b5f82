"""Wrong calls give a typed error that says what was expected, what came and what to do."""

from __future__ import annotations

import math
import os
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import torch

from nuonuo_memory import Cue, Link, MemoryConfig, Message, NewMemory, TextMemory
from nuonuo_memory.config import CueConfig, HopfieldConfig
from nuonuo_memory.encoders.base import HashingEncoder
from nuonuo_memory.errors import (
    ClosedError,
    DuplicateIdError,
    EmptyTextError,
    EncoderError,
    EncoderMismatchError,
    FilterError,
    FormatError,
    InvalidInputError,
    NamespaceError,
    NotAStoreError,
    NotFoundError,
    NuonuoError,
    ReadOnlyStoreError,
    SchemaVersionError,
    StoreError,
    VectorError,
)

NAN = math.nan
DAY = datetime(2026, 1, 1, tzinfo=UTC)

WRONG: dict[str, tuple[type[Exception], str, Callable[[TextMemory], Any]]] = {
    "empty text": (EmptyTextError, "visible character", lambda m: m.remember("  \n")),
    "text of another type": (InvalidInputError, "got bytes", lambda m: m.remember(b"x")),
    "text with NUL": (InvalidInputError, "NUL", lambda m: m.remember("a\0b")),
    "empty question": (EmptyTextError, "question", lambda m: m.recall("")),
    "one str to recall_many": (InvalidInputError, "use recall", lambda m: m.recall_many("abc")),
    "k of zero": (InvalidInputError, "at least 1", lambda m: m.recall("x", k=0)),
    "k below zero": (InvalidInputError, "-3", lambda m: m.recall("x", k=-3)),
    "k of another type": (InvalidInputError, "'5'", lambda m: m.recall("x", k="5")),
    "k true": (InvalidInputError, "True", lambda m: m.recall("x", k=True)),
    "hops below zero": (InvalidInputError, "hops", lambda m: m.follow("x", hops=-1)),
    "a start and no hops": (InvalidInputError, "hops", lambda m: m.recall("x", start={"a": 1.0})),
    "a start that is no mapping": (
        InvalidInputError,
        "start",
        lambda m: m.follow("x", start=["a"]),
    ),
    "a start of nan": (InvalidInputError, "finite", lambda m: m.follow("x", start={"a": NAN})),
    "confidence above one": (
        InvalidInputError,
        "from 0 to 1",
        lambda m: m.recall("x", min_confidence=1.5),
    ),
    "confidence NaN": (InvalidInputError, "nan", lambda m: m.recall("x", min_confidence=NAN)),
    "since after until": (
        InvalidInputError,
        "not be after",
        lambda m: m.recall("x", since=DAY, until=datetime(2025, 1, 1)),
    ),
    "time as a string": (InvalidInputError, "fromisoformat", lambda m: m.recall("x", since="May")),
    "unknown keyword": (TypeError, "unexpected keyword", lambda m: m.recall("x", top_k=3)),
    "empty namespace": (NamespaceError, "non-empty", lambda m: m.recall("x", namespace=())),
    "empty label": (NamespaceError, "label", lambda m: m.remember("x", namespace=("a", ""))),
    "label of another type": (NamespaceError, "7", lambda m: m.remember("x", namespace=("a", 7))),
    "label with a control character": (
        NamespaceError,
        "control",
        lambda m: m.remember("x", namespace="a\x1fb"),
    ),
    "namespace of another type": (NamespaceError, "42", lambda m: m.recall("x", namespace=42)),
    "filter of another type": (FilterError, "mapping", lambda m: m.recall("x", where=["a"])),
    "unknown operator": (FilterError, "near", lambda m: m.recall("x", where={"a": {"$near": 1}})),
    "vector too short": (VectorError, "256", lambda m: m.recall("x", vector=[1.0, 2.0])),
    "vector with NaN": (VectorError, "finite", lambda m: m.recall("x", vector=[NAN] * 256)),
    "vector of zeros": (VectorError, "zero", lambda m: m.recall("x", vector=[0.0] * 256)),
    "vector of words": (VectorError, "numbers", lambda m: m.recall("x", vector="abc")),
    "cue's vector too long": (
        VectorError,
        "256",
        lambda m: m.remember("x", cues=[Cue("c", vector=(1.0,) * 300)]),
    ),
    "empty cue": (EmptyTextError, "cue", lambda m: m.remember("x", cues=[" "])),
    "cue of another type": (InvalidInputError, "Cue", lambda m: m.remember("x", cues=[3])),
    "metadata of another type": (InvalidInputError, "list", lambda m: m.remember("x", metadata=[])),
    "metadata with NaN": (
        InvalidInputError,
        "finite",
        lambda m: m.remember("x", metadata={"n": NAN}),
    ),
    "metadata that JSON cannot hold": (
        InvalidInputError,
        "JSON",
        lambda m: m.remember("x", metadata={"n": object()}),
    ),
    "metadata with other names": (
        InvalidInputError,
        "str",
        lambda m: m.remember("x", metadata={1: 2}),
    ),
    "id that is taken": (DuplicateIdError, "taken", lambda m: m.remember("x", id="taken")),
    "id twice in a call": (
        DuplicateIdError,
        "twice",
        lambda m: m.remember_many([NewMemory("a", id="z"), NewMemory("b", id="z")]),
    ),
    "empty id": (InvalidInputError, "id", lambda m: m.remember("x", id="")),
    "unknown id": (NotFoundError, "absent", lambda m: m.get("absent")),
    "unknown id to update": (NotFoundError, "absent", lambda m: m.update("absent", text="x")),
    "unknown id to forget": (NotFoundError, "absent", lambda m: m.forget("absent")),
    "link to nowhere": (NotFoundError, "absent", lambda m: m.remember("x", links=[Link("absent")])),
    "link of weight zero": (
        InvalidInputError,
        "above 0",
        lambda m: m.associate("taken", "other", weight=0.0),
    ),
    "link of weight two": (
        InvalidInputError,
        "0 to 1",
        lambda m: m.associate("taken", "other", weight=2.0),
    ),
    "link to itself": (InvalidInputError, "itself", lambda m: m.associate("taken", "taken")),
    "forget nothing in particular": (InvalidInputError, "forget needs", lambda m: m.forget()),
    "forget by id and filter": (
        InvalidInputError,
        "not both",
        lambda m: m.forget("taken", where={"a": 1}),
    ),
    "message without role": (InvalidInputError, "role", lambda m: m.observe([{"content": "x"}])),
    "message of another type": (InvalidInputError, "mapping", lambda m: m.observe(["hello"])),
    "message with odd content": (
        InvalidInputError,
        "content",
        lambda m: m.observe([{"role": "user", "content": 7}]),
    ),
    "message with an odd time": (
        InvalidInputError,
        "datetime",
        lambda m: m.observe([{"role": "user", "content": "x", "at": 5}]),
    ),
    "empty session": (EmptyTextError, "session", lambda m: m.observe([], session=" ")),
    "limit below zero": (InvalidInputError, "limit", lambda m: m.list(limit=-1)),
    "import of nothing": (FormatError, "no such file", lambda m: m.import_("/nonexistent.jsonl")),
    "import of something else": (
        FormatError,
        "export",
        lambda m: m.import_(StringIO('{"a": 1}\n')),
    ),
    "import of no JSON": (FormatError, "JSON", lambda m: m.import_(StringIO("hello\n"))),
    "import of a newer export": (
        FormatError,
        "upgrade",
        lambda m: m.import_(StringIO('{"format": "nuonuo-memory-export", "version": 99}\n')),
    ),
    "export into no folder": (
        InvalidInputError,
        "no such folder",
        lambda m: m.export("/nonexistent/x.jsonl"),
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_call(memory: TextMemory, name: str) -> None:
    expected, message, call = WRONG[name]
    memory.remember("something", id="taken")
    memory.remember("something else", id="other")
    before = memory.fingerprint()
    with pytest.raises(expected, match=message) as caught:
        call(memory)
    assert isinstance(caught.value, NuonuoError | TypeError)
    assert memory.fingerprint() == before, "a wrong call must leave nothing behind"


def test_settings_are_checked() -> None:
    for make in (
        lambda: HopfieldConfig(candidates=0),
        lambda: HopfieldConfig(beta=-1.0),
        lambda: HopfieldConfig(beta=NAN),
        lambda: HopfieldConfig(max_steps=0),
        lambda: CueConfig(segment_chars=5),
    ):
        with pytest.raises(InvalidInputError, match="must be"):
            make()


def open_at(path: Path | str, **options: Any) -> TextMemory:
    return TextMemory.open(path, encoder=options.pop("encoder", HashingEncoder()), **options)


def test_opening_with_wrong_options(path: Path) -> None:
    with pytest.raises(TypeError, match="unexpected keyword"):
        open_at(path, colour="red")
    with pytest.raises(InvalidInputError, match="MemoryConfig"):
        open_at(path, config={"beta": 1})
    with pytest.raises(InvalidInputError, match="device"):
        open_at(path, device="abacus")
    with pytest.raises(InvalidInputError, match="encoder"):
        open_at(path, encoder=42)
    with pytest.raises(InvalidInputError, match="augmenter"):
        open_at(path, augmenter=42)
    assert not path.exists(), "a wrong call must not make a file"
    open_at(path, config=MemoryConfig()).close()


def test_files_that_are_not_ours(tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_text("no database at all " * 100)
    with pytest.raises(NotAStoreError):
        open_at(note)
    assert note.read_text().startswith("no database")
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as connection:
        connection.execute("create table t (x)")
    with pytest.raises(NotAStoreError):
        open_at(other)
    with pytest.raises(StoreError, match="folder"):
        open_at(tmp_path)
    with pytest.raises(StoreError):
        open_at(tmp_path / "absent" / "memory.db")


def test_a_newer_schema_is_refused(path: Path) -> None:
    open_at(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("pragma user_version = 99")
        connection.execute("update meta set value = '99' where name = 'schema_version'")
    with pytest.raises(SchemaVersionError, match="99"):
        open_at(path)


def test_another_encoder_is_refused_with_the_cure(path: Path) -> None:
    open_at(path).close()
    with pytest.raises(EncoderMismatchError, match="reencode"):
        open_at(path, encoder=HashingEncoder(64))


def test_read_only_refuses_writes_and_answers(path: Path) -> None:
    with open_at(path) as memory:
        memory.remember("the answer is here")
    with open_at(path, read_only=True) as memory:
        assert memory.recall("the answer")[0].text == "the answer is here"
        with pytest.raises(ReadOnlyStoreError):
            memory.remember("more")
    with pytest.raises(StoreError):
        open_at(path.with_name("absent.db"), read_only=True)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write all")
def test_a_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(ReadOnlyStoreError):
        open_at(tmp_path / "memory.db")


def test_a_closed_memory_says_so(path: Path) -> None:
    memory = open_at(path)
    memory.close()
    memory.close()
    for call in (
        lambda: memory.remember("x"),
        lambda: memory.recall("x"),
        lambda: memory.get("x"),
        memory.list,
        lambda: memory.observe([Message("user", "x")]),
        memory.stats,
    ):
        with pytest.raises(ClosedError, match="closed"):
            call()


class Broken:
    """An encoder that gives something else than it says."""

    name = "broken"
    dimension = 4

    def __init__(self, vectors: torch.Tensor) -> None:
        self.vectors = vectors

    def encode(self, texts: list[str]) -> torch.Tensor:
        return self.vectors

    encode_queries = encode


@pytest.mark.parametrize(
    "vectors",
    [torch.ones(1, 3), torch.ones(2, 4), torch.full((1, 4), NAN), torch.zeros(1, 4)],
    ids=["size", "count", "nan", "zero"],
)
def test_an_encoder_that_gives_wrong_vectors(vectors: torch.Tensor) -> None:
    with TextMemory.in_memory(encoder=Broken(vectors)) as memory:
        with pytest.raises(EncoderError):
            memory.remember("x")
        assert memory.stats().memories == 0


def test_a_failed_call_among_many_stores_none(memory: TextMemory) -> None:
    with pytest.raises(EmptyTextError):
        memory.remember_many(["good", "also good", " "])
    with pytest.raises(NotFoundError):
        memory.remember_many([NewMemory("good"), NewMemory("bad", links=[Link("absent")])])
    assert memory.stats().memories == 0
