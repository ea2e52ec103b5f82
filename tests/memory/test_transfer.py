"""Export, import and backup carry everything, whole or not at all."""

from __future__ import annotations

import base64
import json
import os
import sqlite3
import stat
import threading
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nuonuo_memory import Link, Message, TextMemory
from nuonuo_memory.encoders.base import HashingEncoder
from nuonuo_memory.errors import (
    DuplicateIdError,
    FormatError,
    InvalidInputError,
    NotFoundError,
)
from nuonuo_memory.maintenance.backup import backup
from nuonuo_memory.maintenance.inspection import stats
from nuonuo_memory.maintenance.transfer import export, import_

posix = pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")


class DenseEncoder:
    """Vectors as a network gives them: dense, and no value of them exact in float16."""

    name = "dense"
    dimension = 48

    def encode(self, texts: list[str]) -> torch.Tensor:
        seeds = [int.from_bytes(sha256(text.encode()).digest()[:8], "big") for text in texts]
        rows = [np.random.default_rng(seed).standard_normal(self.dimension) for seed in seeds]
        vectors = torch.tensor(np.array(rows), dtype=torch.float32)
        return torch.nn.functional.normalize(vectors, dim=1)

    encode_queries = encode


@pytest.fixture
def filled(memory: TextMemory) -> TextMemory:
    memory.observe(
        [Message("user", "Where do I keep the tent?"), Message("assistant", "In the attic.")],
        session="s",
        at=datetime(2026, 2, 3, tzinfo=UTC),
    )
    memory.remember("Ümläute & 漢字", metadata={"a": [1, None]}, id="b", namespace=("x", "y"))
    memory.remember("tied", id="c", links=[Link("b", "why", 0.5)], namespace=("x", "y"))
    memory.remember("further below", id="d", namespace=("x", "y", "z"))
    memory.reinforce(["b"])
    return memory


def exported(memory: TextMemory, **options: Any) -> StringIO:
    out = StringIO()
    export(memory._core, out, **options)
    out.seek(0)
    return out


def test_a_copy_is_equal(filled: TextMemory, tmp_path: Path, encoder: HashingEncoder) -> None:
    filled.update("b", text="Umlaute and 漢字")
    out = tmp_path / "out.jsonl"
    assert filled.export(out) == 5
    with TextMemory.in_memory(encoder=encoder) as copy:
        assert copy.import_(out) == 5
        assert copy.fingerprint() == filled.fingerprint()
        assert copy.get("b") == filled.get("b")
    assert not list(tmp_path.glob(".*part"))


def test_vectors_travel_bit_for_bit() -> None:
    with (
        TextMemory.in_memory(encoder=DenseEncoder()) as memory,
        TextMemory.in_memory(encoder=DenseEncoder()) as copy,
        TextMemory.in_memory(encoder=DenseEncoder()) as again,
    ):
        memory.remember_many([f"Memory number {i} is about thing {i * 7}." for i in range(200)])
        assert copy.import_(exported(memory)) == 200
        assert copy.fingerprint() == memory.fingerprint()
        assert again.import_(exported(copy)) == 200
        assert again.fingerprint() == memory.fingerprint()
        assert exported(memory).getvalue() == exported(again).getvalue()


def test_a_vector_of_another_length_is_made_one(encoder: HashingEncoder) -> None:
    with TextMemory.in_memory(encoder=encoder) as memory:
        memory.remember("a kettle", id="k")
        head, line = exported(memory).getvalue().splitlines()
        record = json.loads(line)
        zero = np.zeros(256, dtype="<f2").tobytes()
        for data, works in ((np.full(256, 7, dtype="<f2").tobytes(), True), (zero, False)):
            for cue in record["cues"]:
                cue["vector"] = base64.b64encode(data).decode()
            with TextMemory.in_memory(encoder=encoder) as copy:
                lines = StringIO(f"{head}\n{json.dumps(record)}\n")
                if works:
                    copy.import_(lines)
                    assert abs(float(copy.vectors(["k"]).norm()) - 1) < 1e-3
                else:
                    with pytest.raises(FormatError, match="zero"):
                        copy.import_(lines)


def test_another_encoder_encodes_anew(filled: TextMemory) -> None:
    with TextMemory.in_memory(encoder=HashingEncoder(64)) as copy:
        assert copy.import_(exported(filled)) == 5
        assert copy.recall("where is the tent kept?", k=1)[0].memory.session == "s"


def test_importing_twice_changes_nothing(filled: TextMemory) -> None:
    before = filled.fingerprint()
    with pytest.raises(DuplicateIdError):
        filled.import_(exported(filled))
    with pytest.raises(DuplicateIdError):  # observed turns alone, too
        filled.import_(exported(filled, namespace="default"))
    assert filled.fingerprint() == before


def test_a_damaged_line_imports_nothing(filled: TextMemory, encoder: HashingEncoder) -> None:
    lines = exported(filled).getvalue().splitlines()
    record = json.loads(lines[3])
    wrong: list[dict[str, Any]] = [
        {name: value for name, value in record.items() if name != "text"},
        record | {"turn": "x"},
        record | {"turn": -1},
        record | {"at": "0001-01-01T00:00:00+14:00"},
        record | {"at": 5},
        record | {"metadata": {"n": float("inf")}},
        record | {"cues": [{"text": "t"}]},
        record | {"cues": [{"text": "t", "kind": "turn", "vector": "!"}]},
        record | {"cues": {"a": 1}},
        record | {"uses": 1, "strength": -1.0},
        record | {"uses": 1, "strength": 10**400},
        record | {"links": [{"target": 3}]},
        record | {"session": 3},
        record | {"namespace": []},
    ]
    for line in ["{", "[]", "[" * 100_000, "\ud800", *(json.dumps(one) for one in wrong)]:
        with TextMemory.in_memory(encoder=encoder) as copy:
            broken = StringIO("\n".join([*lines[:3], line, *lines[4:]]))
            with pytest.raises(FormatError, match="line 4"):
                copy.import_(broken)
            assert copy.stats().memories == 0


def test_what_is_no_text_is_refused(memory: TextMemory, tmp_path: Path) -> None:
    latin = TextIOWrapper(BytesIO(b'{"format": "\xff"}'), encoding="utf-8")
    with pytest.raises(FormatError, match="UTF-8"):
        memory.import_(latin)
    with pytest.raises(InvalidInputError, match="bytes"):
        memory.import_(BytesIO(b"{}"))  # type: ignore[arg-type]
    for wrong in (5, None, "a\0b", "\ud800"):
        with pytest.raises(InvalidInputError, match="expected"):
            memory.import_(wrong)  # type: ignore[arg-type]
        with pytest.raises(InvalidInputError, match="expected"):
            memory.export(wrong)  # type: ignore[arg-type]
    for folder in (tmp_path, tmp_path / "none" / "x"):
        with pytest.raises(InvalidInputError, match="expected"):
            memory.export(folder)


# --------------------------------------------------------------------------- one namespace


def test_one_namespace_and_what_is_below_it(filled: TextMemory, encoder: HashingEncoder) -> None:
    assert export(filled._core, StringIO(), namespace=("x", "y"), prefix=False) == 2
    with TextMemory.in_memory(encoder=encoder) as copy:
        assert copy.import_(exported(filled, namespace=("x",))) == 3
        assert copy.namespaces() == [("x", "y"), ("x", "y", "z")]
        assert copy.links("c") == filled.links("c")
    with pytest.raises(NotFoundError, match="holds none"):
        export(filled._core, StringIO(), namespace="nobody")
    with pytest.raises(NotFoundError):
        export(filled._core, StringIO(), namespace="x", prefix=False)


def test_an_export_is_put_at_another_namespace(filled: TextMemory, encoder: HashingEncoder) -> None:
    with TextMemory.in_memory(encoder=encoder, namespace="new") as copy:
        import_(copy._writing, exported(filled, namespace=("x", "y")), namespace=("new", "home"))
        assert copy.namespaces() == [("new", "home"), ("new", "home", "z")]
        import_(copy._writing, exported(filled, namespace="default"), namespace="new")
        assert copy.recall("where is the tent?", k=1)[0].memory.namespace == ("new",)
        first, second = copy.list(session="s")
        assert [hop.target for hop in copy.links(first.id)] == [second.id]
    with TextMemory.in_memory(encoder=encoder) as copy:
        with pytest.raises(InvalidInputError, match="one namespace"):
            import_(copy._writing, exported(filled), namespace="new")
        assert copy.stats().memories == 0


def test_a_whole_export_of_one_namespace_is_put_elsewhere(encoder: HashingEncoder) -> None:
    with TextMemory.in_memory(encoder=encoder) as memory:
        memory.remember("a kettle")
        with TextMemory.in_memory(encoder=encoder) as copy:
            import_(copy._writing, exported(memory), namespace="alice")
            assert copy.namespaces() == [("alice",)]


def test_links_out_of_the_namespace_stay_behind(memory: TextMemory) -> None:
    memory.remember("below", id="below", namespace=("a", "b"))
    memory.remember("above", id="above", namespace=("a",), links=[Link("below", "to")])
    lines = exported(memory, namespace="a", prefix=False).getvalue().splitlines()
    assert json.loads(lines[1])["links"] == []


def test_counts_of_one_namespace(filled: TextMemory) -> None:
    core = filled._core
    whole = stats(core)
    below = stats(core, ("x", "y"))
    alone = stats(core, ("x", "y"), prefix=False)
    turns = stats(core, "default")
    assert (whole.memories, below.memories, alone.memories, turns.memories) == (5, 3, 2, 2)
    assert (whole.namespaces, below.namespaces, alone.namespaces) == (3, 2, 1)
    for name in ("memories", "cues", "links", "namespaces"):
        assert getattr(whole, name) == getattr(below, name) + getattr(turns, name), name
    assert whole.engine_bytes == alone.engine_bytes
    with pytest.raises(NotFoundError, match="nobody"):
        stats(core, "nobody")


# ----------------------------------------------------------------------------------- backup


def test_a_backup_is_the_whole_store(
    filled: TextMemory, tmp_path: Path, encoder: HashingEncoder
) -> None:
    filled.calibrate(samples=4)
    seen: list[tuple[int, int]] = []
    to = tmp_path / "copy.db"
    assert backup(filled._core, to, progress=lambda *at: seen.append(at)) == 5
    assert seen[-1][0] == seen[-1][1] > 0
    before = filled.fingerprint()
    filled.remember("later")
    with TextMemory.open(to, encoder=encoder) as copy:
        assert copy.fingerprint() == before
        assert copy._core.store.calibration == filled._core.store.calibration
    assert sorted(file.name for file in tmp_path.iterdir() if file.name.startswith("copy")) == [
        "copy.db"
    ]


def test_a_backup_of_a_memory_that_is_not_on_disk(tmp_path: Path) -> None:
    with TextMemory.in_memory(encoder=DenseEncoder()) as memory:
        memory.remember_many(["a kettle", "a door"])
        assert backup(memory._core, tmp_path / "copy.db") == 2
        with TextMemory.open(tmp_path / "copy.db", encoder=DenseEncoder()) as copy:
            assert copy.fingerprint() == memory.fingerprint()


def test_a_backup_of_one_namespace_holds_nothing_of_others(
    filled: TextMemory, tmp_path: Path, encoder: HashingEncoder
) -> None:
    to = tmp_path / "copy.db"
    seen: list[tuple[int, int]] = []
    assert backup(filled._core, to, namespace="x", progress=lambda *at: seen.append(at)) == 3
    assert seen == [(3, 3)]
    data = to.read_bytes()
    for word in ("the tent", "attic", "Where", "default"):
        assert word.encode() not in data
    with TextMemory.open(to, encoder=encoder) as copy, TextMemory.in_memory(encoder=encoder) as one:
        one.import_(exported(filled, namespace="x"))
        assert copy.fingerprint() == one.fingerprint()
        assert copy.get("b") == filled.get("b")
        strengths = [row for page in copy._core.store.load_strengths() for row in page]
        assert [row.uses for row in strengths] == [1]
    with pytest.raises(NotFoundError):
        backup(filled._core, tmp_path / "none.db", namespace="nobody")
    assert not (tmp_path / "none.db").exists()


def test_a_backup_never_takes_the_place_of_a_file(filled: TextMemory, tmp_path: Path) -> None:
    there = tmp_path / "there.db"
    there.write_text("precious")
    for namespace in (None, "x"):
        with pytest.raises(InvalidInputError, match="there already"):
            backup(filled._core, there, namespace=namespace)
        with pytest.raises(InvalidInputError, match="no such folder"):
            backup(filled._core, tmp_path / "none" / "x.db", namespace=namespace)
        with pytest.raises(InvalidInputError, match="which is none"):
            backup(filled._core, tmp_path, namespace=namespace)
    assert there.read_text() == "precious"
    assert not list(tmp_path.glob(".nuonuo*"))


def test_a_backup_that_fails_leaves_nothing(filled: TextMemory, tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    before = sorted(tmp_path.iterdir())
    for namespace in (None, "x"):
        with pytest.raises(KeyboardInterrupt):
            backup(filled._core, tmp_path / "copy.db", namespace=namespace, progress=stop)
    assert sorted(tmp_path.iterdir()) == before
    assert filled.remember("and on it goes").text


def test_a_backup_amid_writes_is_of_one_moment(path: Path, tmp_path: Path) -> None:
    """Each write stores ten memories at once, and so every copy holds whole tens."""
    stop = threading.Event()
    with TextMemory.open(path, encoder=DenseEncoder()) as memory:
        memory.remember_many([f"first {i}" for i in range(10)])

        def write() -> None:
            with TextMemory.open(path, encoder=DenseEncoder()) as other:
                number = 0
                while not stop.is_set():
                    other.remember_many([f"{number} and {i}" for i in range(10)])
                    number += 1

        writer = threading.Thread(target=write)
        writer.start()
        try:
            for turn in range(6):
                to = tmp_path / f"copy{turn}.db"
                namespace = None if turn % 2 else "default"
                count = backup(memory._core, to, namespace=namespace)
                assert count % 10 == 0
                with sqlite3.connect(to) as raw:
                    held = raw.execute("SELECT count(*) FROM memories").fetchone()[0]
                    assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
                raw.close()
                assert held == count
                assert export(memory._core, StringIO()) % 10 == 0
        finally:
            stop.set()
            writer.join()


@posix
def test_files_that_we_make_are_their_owners(
    filled: TextMemory, path: Path, tmp_path: Path
) -> None:
    (tmp_path / "out.jsonl").touch(mode=0o644)
    filled.export(tmp_path / "out.jsonl")
    backup(filled._core, tmp_path / "whole.db")
    backup(filled._core, tmp_path / "part.db", namespace="x")
    made = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    assert {path.name, f"{path.name}-wal", "out.jsonl", "whole.db", "part.db"} <= made.keys()
    assert set(made.values()) == {0o600}, made
