"""Each thing that can be wrong with a file or a disk has its error, and nothing is half-written."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from store_helpers import open_store, remember, row

from nuonuo_memory.errors import (
    ClosedError,
    EncoderMismatchError,
    InvalidInputError,
    NotAStoreError,
    ReadOnlyStoreError,
    SchemaVersionError,
    StoreBusyError,
    StoreError,
    StoreFullError,
)
from nuonuo_memory.store.sqlite.schema import SCHEMA_VERSION
from nuonuo_memory.store.sqlite.store import Store

NOBODY = 65534


@pytest.fixture
def filled(path: Path) -> Path:
    with open_store(path) as store:
        remember(store, [row(f"m{i}", text=f"text {i} " * 50) for i in range(200)])
    return path


def files(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


def test_a_file_of_another_kind(path: Path) -> None:
    for content in (b"hello", b"x" * 5000, b"\0" * 4096, b"PK\x03\x04" + b"\0" * 999):
        path.write_bytes(content)
        with pytest.raises(NotAStoreError, match="expected a nuonuo-memory store"):
            open_store(path)
        assert files(path.parent) == {path.name: content}


def test_another_applications_database(path: Path) -> None:
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE t (x)")
    other.close()
    before = files(path.parent)
    with pytest.raises(NotAStoreError, match="another SQLite database"):
        open_store(path)
    assert files(path.parent) == before


def test_an_empty_file_becomes_a_store(path: Path) -> None:
    path.touch()
    with open_store(path) as store:
        assert store.counts().memories == 0


@pytest.mark.parametrize("keep", [100, 4096, 10_000, 0.5, 0.99])
def test_a_truncated_file(filled: Path, keep: float) -> None:
    data = filled.read_bytes()
    size = int(keep if keep > 1 else keep * len(data))
    filled.write_bytes(data[:size])
    with pytest.raises(NotAStoreError, match=r"damaged|no SQLite database"):
        open_store(filled)
    with pytest.raises(NotAStoreError):
        open_store(filled, read_only=True)


def test_damage_in_the_middle_is_seen_when_it_is_read(filled: Path) -> None:
    data = bytearray(filled.read_bytes())
    for start in range(4096, len(data), 4096):
        data[start : start + 200] = os.urandom(200)
    filled.write_bytes(bytes(data))

    def read() -> None:
        with open_store(filled) as store:
            store.find()

    with pytest.raises(NotAStoreError, match="damaged"):
        read()


def test_a_newer_schema(filled: Path) -> None:
    with sqlite3.connect(filled) as raw:
        assert raw.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        raw.execute("PRAGMA user_version=99")
    raw.close()
    with pytest.raises(SchemaVersionError, match=r"got 99; upgrade"):
        open_store(filled)


def test_another_encoder(filled: Path) -> None:
    with pytest.raises(EncoderMismatchError, match="nuonuo reencode") as caught:
        open_store(filled, encoder_name="other")
    assert "'test-encoder' (8 dimensions)" in str(caught.value)
    assert "'other' (8 dimensions)" in str(caught.value)
    with pytest.raises(EncoderMismatchError, match="9 dimensions"):
        open_store(filled, dimension=9)
    with Store.open(filled) as store:
        assert (store.encoder_name, store.dimension) == ("test-encoder", 8)


def test_paths_that_lead_nowhere(tmp_path: Path) -> None:
    with pytest.raises(NotAStoreError, match="got a folder"):
        open_store(tmp_path)
    with pytest.raises(StoreError, match="create it first"):
        open_store(tmp_path / "none" / "memory.db")
    with pytest.raises(StoreError, match="there is none"):
        open_store(tmp_path / "none.db", read_only=True)
    for wrong in ({"encoder_name": None}, {"dimension": None}, {"dimension": 0}):
        with pytest.raises(InvalidInputError, match="expected the encoder's name"):
            open_store(tmp_path / "none.db", **wrong)
    assert list(tmp_path.iterdir()) == []


def test_odd_names_are_just_names(tmp_path: Path) -> None:
    for name in ("a b.db", "ü?mode=ro.db", "100%41.db", "#x.db", ":memory:"):
        with open_store(tmp_path / name) as store:
            remember(store, [row("a")])
        assert (tmp_path / name).exists()
        with open_store(tmp_path / name, read_only=True) as store:
            assert store.counts().memories == 1


def test_read_only_reads_and_writes_nothing(filled: Path) -> None:
    before = files(filled.parent)
    with open_store(filled, read_only=True) as store:
        assert store.counts().memories == 200
        assert len(store.find(limit=3)) == 3
        assert store.version() == 200
        assert store.erase()
        with pytest.raises(ReadOnlyStoreError, match="read_only=True"):
            remember(store, [row("x")])
        assert files(filled.parent) == before
    assert files(filled.parent) == before


def test_read_only_follows_a_writer_that_comes_later(filled: Path) -> None:
    with open_store(filled, read_only=True) as reader:
        assert reader.version() == 200
        for round_ in range(2):
            with open_store(filled) as writer:
                remember(writer, [row(f"new{round_}")])
                assert reader.version() == writer.version()
                assert reader.get([f"new{round_}"])[0] is not None
            assert reader.version() == 201 + round_
            assert reader.counts().memories == 201 + round_


def as_nobody(action: Callable[[], None]) -> None:
    """Run in a child that has no rights of its own, where this process is root."""
    if os.getuid() != 0:
        action()
        return
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            action()
            status = 0
        except BaseException as error:  # noqa: BLE001  it has to cross the process boundary
            sys.stderr.write(f"{type(error).__name__}: {error}\n")
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.fixture
def locked_folder(filled: Path) -> Path:
    """A folder that may be read but not written to."""
    folder = Path("/tmp") / f"nuonuo-read-only-{os.getpid()}"  # above pytest's private folders
    folder.mkdir()
    shutil.copy(filled, folder / "memory.db")
    (folder / "memory.db").chmod(stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH)
    folder.chmod(0o555)
    yield folder / "memory.db"
    folder.chmod(0o755)
    shutil.rmtree(folder)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs POSIX")
def test_a_read_only_folder(locked_folder: Path) -> None:
    def action() -> None:
        with pytest.raises(StoreError, match="rights"):
            open_store(locked_folder)
        with pytest.raises(StoreError, match="rights"):
            open_store(locked_folder.with_name("new.db"))
        with open_store(locked_folder, read_only=True) as store:
            assert store.counts().memories == 200

    as_nobody(action)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs POSIX")
def test_a_read_only_file(locked_folder: Path) -> None:
    locked_folder.parent.chmod(0o777)

    def action() -> None:
        with pytest.raises(ReadOnlyStoreError, match="read_only=True"):
            open_store(locked_folder)
        with open_store(locked_folder, read_only=True) as store:
            assert store.counts().memories == 200

    as_nobody(action)


@pytest.mark.parametrize("pages", [0, 3, 10])
def test_a_full_disk_keeps_nothing_of_the_write(filled: Path, pages: int) -> None:
    with open_store(filled) as store:
        before = (store.version(), store.counts())
        with store._database.reading() as connection:
            used = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            connection.exec_driver_sql(f"PRAGMA max_page_count={used + pages}")
        with pytest.raises(StoreFullError, match="free some space"):
            remember(store, [row(f"big{i}", text="x" * 10_000) for i in range(20)])
        after = store.counts()
        assert (store.version(), after.memories, after.cues) == (200, 200, 400)
        assert before[0] == 200
        with store._database.reading() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count=1000000")
        remember(store, [row("big")])
        assert store.counts().memories == 201


def test_a_writer_that_does_not_finish(filled: Path) -> None:
    with open_store(filled, timeout=0.1) as store:
        other = sqlite3.connect(filled, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusyError, match="longer timeout"):
            remember(store, [row("x")])
        assert store.counts().memories == 200  # reading goes on
        other.execute("ROLLBACK")
        other.close()
        remember(store, [row("x")])


def test_opening_while_another_holds_the_file(path: Path) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreBusyError, match="locked"):
        open_store(path, timeout=0.1)
    other.execute("ROLLBACK")
    other.close()
    with open_store(path) as store:
        assert store.version() == 0


def test_a_closed_store(path: Path) -> None:
    for where in (path, None):
        store = open_store(where)
        remember(store, [row("a")])
        store.close()
        store.close()
        assert store.closed
        for call in (store.find, store.version, store.counts):
            with pytest.raises(ClosedError, match="was closed"):
                call()
        with pytest.raises(ClosedError, match="was closed"):
            remember(store, [row("b")])
        with pytest.raises(ClosedError):
            list(store.load_cues())


def test_a_write_within_a_write(store: Store) -> None:
    with store.write(), pytest.raises(StoreError, match="finish the outer"):
        remember(store, [row("a")])
    remember(store, [row("a")])
