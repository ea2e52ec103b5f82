"""A file of every version comes to the newest, step by step, and never half."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import Connection
from store_helpers import row

from nuonuo_memory.errors import SchemaVersionError
from nuonuo_memory.store.sqlite import schema
from nuonuo_memory.store.sqlite.migrations import run
from nuonuo_memory.store.sqlite.store import Store

FIXTURES = Path(__file__).parents[1] / "data" / "stores"
VERSIONS = range(1, schema.SCHEMA_VERSION + 1)


def version_of(path: Path) -> tuple[int, str]:
    with sqlite3.connect(path) as raw:
        number = raw.execute("PRAGMA user_version").fetchone()[0]
        text = raw.execute("SELECT value FROM meta WHERE name = 'schema_version'").fetchone()[0]
    raw.close()
    return number, text


@pytest.fixture
def old(path: Path) -> Path:
    shutil.copy(FIXTURES / "v1.sqlite", path)
    return path


def test_there_is_a_fixture_of_every_version_and_a_step_to_each() -> None:
    assert [FIXTURES / f"v{number}.sqlite" for number in VERSIONS] == sorted(FIXTURES.iterdir())
    assert [step.version for step in run.STEPS] == list(VERSIONS[1:])


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_comes_to_the_newest(path: Path, version: int) -> None:
    shutil.copy(FIXTURES / f"v{version}.sqlite", path)
    assert version_of(path) == (version, str(version))
    for _ in range(2):
        with Store.open(path) as store:
            assert [found.id for found in store.find()] == ["memory-0", "memory-1"]
        assert version_of(path) == (schema.SCHEMA_VERSION, str(schema.SCHEMA_VERSION))


@pytest.mark.parametrize("version", VERSIONS)
def test_a_file_that_is_only_read_keeps_its_version(path: Path, version: int) -> None:
    shutil.copy(FIXTURES / f"v{version}.sqlite", path)
    before = path.read_bytes()
    with Store.open(path, read_only=True) as store:
        assert len(store.find()) == 2
        list(store.load_strengths())
    assert path.read_bytes() == before


def broken(connection: Connection) -> None:
    connection.exec_driver_sql("CREATE TABLE half (x)")
    connection.exec_driver_sql("UPDATE contents SET text = 'changed'")
    raise RuntimeError("no further")


def killed(connection: Connection) -> None:
    connection.exec_driver_sql("CREATE TABLE half (x)")
    connection.exec_driver_sql("UPDATE contents SET text = 'changed'")
    os.kill(os.getpid(), signal.SIGKILL)


def assert_whole(path: Path, version: int) -> None:
    assert version_of(path) == (version, str(version))
    with sqlite3.connect(path) as raw:
        tables = {name for (name,) in raw.execute("SELECT name FROM sqlite_master")}
        assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    raw.close()
    assert "half" not in tables
    with Store.open(path, read_only=True) as store:
        assert [found.text for found in store.find()] == ["Ada has 2 cats.", "Bob has 3 cats."]


def test_a_step_that_fails_leaves_the_version_before_it(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = (*run.STEPS, run.Step(3, broken))
    monkeypatch.setattr(schema, "SCHEMA_VERSION", 3)
    monkeypatch.setattr(run, "STEPS", later)
    with pytest.raises(RuntimeError, match="no further"):
        Store.open(old)
    monkeypatch.undo()
    assert_whole(old, 2)  # the first step was whole, and stays
    with Store.open(old) as store, store.write() as write:
        write.add_memories([row("new")])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs POSIX")
def test_a_process_killed_within_a_step_leaves_the_version_before_it(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "STEPS", (run.Step(2, killed),))
    child = os.fork()
    if child == 0:
        try:
            Store.open(old)
        finally:
            os._exit(1)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])
    monkeypatch.undo()
    assert_whole(old, 1)
    with Store.open(old) as store:
        assert list(store.load_strengths()) == []
    assert_whole(old, schema.SCHEMA_VERSION)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs POSIX")
def test_two_processes_take_each_step_once(old: Path) -> None:
    children = []
    for _ in range(4):
        child = os.fork()
        if child == 0:
            status = 1
            try:
                with Store.open(old, timeout=30.0) as store:
                    status = 0 if len(store.find()) == 2 else 2
            finally:
                os._exit(status)
        children.append(child)
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0] * 4
    assert_whole(old, schema.SCHEMA_VERSION)


def test_a_newer_version_is_refused_and_left_alone(path: Path) -> None:
    shutil.copy(FIXTURES / f"v{schema.SCHEMA_VERSION}.sqlite", path)
    with sqlite3.connect(path) as raw:
        raw.execute(f"PRAGMA user_version={schema.SCHEMA_VERSION + 1}")
    raw.close()
    before = path.read_bytes()
    for read_only in (False, True):
        with pytest.raises(SchemaVersionError, match="upgrade nuonuo-memory"):
            Store.open(path, read_only=read_only)
    assert path.read_bytes() == before
