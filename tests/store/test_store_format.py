"""A store that an older version made still opens; what marks a file as ours."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from make_store_fixture import DIMENSION, fill
from store_helpers import open_store

from nuonuo_memory.store.rows import LinkRow, Query, StrengthRow
from nuonuo_memory.store.sqlite.store import Store

OLD = Path(__file__).parents[1] / "data" / "stores"


@pytest.fixture(params=["v1.sqlite", "v2.sqlite", "made now"])
def origin(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def made(origin: str, path: Path) -> Path:
    if origin == "made now":
        with open_store(path, encoder_name="fixture", dimension=DIMENSION) as store:
            fill(store)
    else:
        shutil.copy(OLD / origin, path)
    return path


@pytest.mark.parametrize("read_only", [False, True])
def test_a_store_of_any_version_holds_what_was_stored(
    made: Path, origin: str, read_only: bool
) -> None:
    with Store.open(made, encoder_name="fixture", dimension=4, read_only=read_only) as store:
        first, second = store.find()
        assert (first.id, first.namespace, first.text) == (
            "memory-0",
            ("acme", "ada"),
            "Ada has 2 cats.",
        )
        assert second.metadata == {"topic": "pets", "cats": 3, "deep": {"sure": True}}
        assert (second.role, second.session, second.turn) == ("user", "2026-01-05", 1)
        assert (second.at, second.created_at) == (1767571201.0, 1767571300.0)
        assert store.existing_digests(("acme", "bob"), ["digest-1", "digest-2"]) == {
            "digest-1": second.key
        }
        assert store.find_keys(Query(("acme",), prefix=True, where={"deep.sure": True})).size == 2
        (cues,) = store.load_cues()
        np.testing.assert_array_equal(cues.vectors, np.eye(2, 4, dtype=np.float16))
        strengths = [row for rows in store.load_strengths() for row in rows]
        used = [StrengthRow(second.key, 2, 1767571300.0)]
        assert strengths == ([] if origin == "v1.sqlite" else used)
        (terms,) = store.load_terms()
        assert terms.ids.tolist() == [11, first.key, 11, second.key]
        assert [mention.name for mention in store.mentions_of(first.key)] == ["cats"]
        assert store.links_of(second.key) == [
            LinkRow(second.key, first.key, "reply", "answer", 0.5, 1)
        ]
        assert store.version() == 4
        assert [change.op for change in store.changes(0)] == ["add", "add", "add", "delete"]


def test_an_old_store_can_be_written_to(made: Path) -> None:
    with Store.open(made) as store:
        with store.write() as write:
            write.delete_memories(store.find_keys(Query(("acme", "ada"))).tolist())
        assert [found.path for found in store.namespaces()] == [("acme", "bob")]
    assert b"Ada has" not in made.read_bytes()


def test_the_file_says_whose_it_is(made: Path, origin: str) -> None:
    version = "1" if origin == "v1.sqlite" else "2"
    with sqlite3.connect(made) as raw:
        assert raw.execute("PRAGMA application_id").fetchone() == (0x6E756F32,)
        assert raw.execute("PRAGMA user_version").fetchone() == (int(version),)
        assert raw.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        meta = dict(raw.execute("SELECT name, value FROM meta"))
    raw.close()
    assert meta.keys() == {"format", "schema_version", "encoder_name", "dimension", "created_at"}
    assert (meta["format"], meta["schema_version"]) == ("nuonuo-memory", version)


def test_old_files_get_the_tables_of_today(made: Path, tmp_path: Path) -> None:
    def tables(file: Path) -> set[tuple[str, str]]:
        with sqlite3.connect(f"file:{file}?immutable=1", uri=True) as raw:
            found = raw.execute("SELECT name, sql FROM sqlite_master").fetchall()
        raw.close()
        return {(name, "".join((sql or "").split())) for name, sql in found}

    open_store(tmp_path / "new.db").close()
    Store.open(made).close()
    assert tables(made) == tables(tmp_path / "new.db"), (
        "the schema changed: raise SCHEMA_VERSION and write a migration"
    )
