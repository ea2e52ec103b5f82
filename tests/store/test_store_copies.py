"""Snapshots, whole copies, private files, and what is said of a place that is none."""

from __future__ import annotations

import logging
import os
import stat
from pathlib import Path

import pytest
from store_helpers import DIMENSION, ENCODER, open_store, remember, row, vectors

from nuonuo_memory.errors import ClosedError, InvalidInputError, StoreError, StoreFullError
from nuonuo_memory.store import Store as StoreProtocol
from nuonuo_memory.store import open_store as open_any
from nuonuo_memory.store.rows import CueRow, Query
from nuonuo_memory.store.sqlite.store import Store


def test_the_factory_opens_what_the_rest_works_with(path: Path) -> None:
    store: StoreProtocol = open_any(path, encoder_name=ENCODER, dimension=DIMENSION)
    with store, store.write() as write:
        (key,) = write.add_memories([row("a")])
        write.add_cues([CueRow(key, "turn", "cue")], vectors(1))
    with open_any(path, read_only=True) as store:
        assert store.count() == 1


def test_a_snapshot_sees_one_moment(path: Path) -> None:
    with open_store(path) as store, open_store(path) as other:
        remember(store, [row("a")])
        with store.snapshot():
            assert store.count() == 1
            remember(other, [row("b")])
            assert [found.id for found in store.find()] == ["a"]
            assert sum(len(batch.keys) for batch in store.load_cues()) == 2
            with store.snapshot():
                assert store.count() == 1
            assert store.version() == other.version() == 2  # tells of it all the same
            with pytest.raises(StoreError, match="outer"), store.write():
                pass
        assert store.count() == 2
        assert store.version() == 2
        assert [change.op for change in store.changes(1)] == ["add"]


def test_a_snapshot_of_a_closed_store(store: Store) -> None:
    store.close()
    with pytest.raises(ClosedError), store.snapshot():
        pass


def test_counts_of_some_memories(store: Store) -> None:
    remember(store, [row("a", namespace=("x",)), row("b", namespace=("x", "y"))])
    remember(store, [row("c", namespace=("z",), metadata={"n": 1})])
    whole = store.counts()
    assert (whole.memories, whole.cues, whole.links, whole.mentions, whole.namespaces) == (
        3,
        6,
        1,
        3,
        3,
    )
    below = store.counts(Query(("x",), prefix=True))
    assert (below.memories, below.cues, below.links, below.namespaces) == (2, 4, 1, 2)
    alone = store.counts(Query(("x",)))
    assert (alone.memories, alone.links, alone.cues_by_kind) == (1, 0, {"turn": 2})
    assert store.counts(Query(where={"n": 1})).mentions == 1
    assert store.counts(Query(("nobody",))).memories == 0


def test_a_copy_is_whole_and_holds_nothing_forgotten(path: Path, tmp_path: Path) -> None:
    with open_store(path) as store:
        keys = remember(store, [row(f"m{i}", text=f"secret {i} " * 40) for i in range(50)])
        with store.write() as write:
            write.delete_memories(keys[10:])
        to = tmp_path / "copy.db"
        store.copy_to(to)
        remember(store, [row("later")])
        with open_store(to) as copy:
            assert [found.id for found in copy.find()] == [f"m{i}" for i in range(10)]
            assert copy.counts().cues == 20
    assert b"secret 49" not in to.read_bytes()
    with pytest.raises(InvalidInputError, match="there already"), open_store(to) as copy:
        copy.copy_to(path)


def test_a_copy_of_a_store_that_is_only_read(path: Path, tmp_path: Path) -> None:
    with open_store(path) as store:
        remember(store, [row("a")])
    before = path.read_bytes()
    with open_store(path, read_only=True) as store:
        store.copy_to(tmp_path / "copy.db")
        assert path.read_bytes() == before
    with open_store(tmp_path / "copy.db") as copy:
        assert copy.count() == 1


def test_a_copy_onto_a_full_disk(store: Store) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs a full device")
    with pytest.raises((InvalidInputError, StoreFullError)):
        store.copy_to(Path("/dev/full"))


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_files_are_private(path: Path) -> None:
    with open_store(path) as store:
        remember(store, [row("a")])
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
        store.compact()
    assert modes == {path.name + end: 0o600 for end in ("", "-wal", "-shm")}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_the_rights_of_a_file_that_was_there_stay(path: Path) -> None:
    path.touch(mode=0o640)
    path.chmod(0o640)
    with open_store(path) as store:
        remember(store, [row("a")])
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (":memory:", "in_memory"),
        (Path(":memory:"), "in_memory"),
        ("", "path"),
        ("a\0b", "path"),
        ("\ud800.db", "encoded"),
        (b"bytes.db", "path"),
        (7, "path"),
        ("x" * 5000, "name"),
    ],
)
def test_places_that_are_none(
    given: object, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for read_only in (False, True):
        with pytest.raises((InvalidInputError, StoreError), match=message):
            open_store(given, read_only=read_only)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_the_log_tells_what_happens_and_never_a_memory(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "nuonuo_memory")
    with open_store(path) as store:
        keys = remember(store, [row("an id", text="a secret")])
        with open_store(path) as other, other.snapshot(), store.write() as write:
            write.delete_memories(keys)
        assert store.erasure_pending is False or store.erase()
    assert "made a store" in caplog.text
    assert "opened" in caplog.text
    assert not [word for word in ("secret", "an id", "cue 0") if word in caplog.text]
