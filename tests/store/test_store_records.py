"""Writing and reading, in a file and in memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from store_helpers import DIMENSION, open_store, remember, row, vectors

from nuonuo_memory.errors import (
    DuplicateIdError,
    InvalidInputError,
    NamespaceError,
    NotFoundError,
    VectorError,
)
from nuonuo_memory.store.rows import Change, CueRow, LinkRow, MemoryRow, Query, TermRow
from nuonuo_memory.store.sqlite.store import Store


def test_a_memory_comes_back_as_it_was(store: Store) -> None:
    given = MemoryRow(
        id="m-1",
        namespace=("acme", "alice"),
        text="naïve ‘quotes’ 🎉 end",
        metadata={"tags": ["a", "ü"], "deep": {"n": 1.5, "b": True, "none": None}},
        role="user",
        session="2026-01-05",
        turn=3,
        at=1.25,
        digest="d",
        created_at=2.5,
        updated_at=3.5,
    )
    (key,) = remember(store, [given])
    (found,) = store.get(["m-1"])
    assert found is not None
    assert found.key == key
    for name in MemoryRow.__dataclass_fields__:
        if name not in ("key", "namespace_key"):
            assert getattr(found, name) == getattr(given, name), name
    assert store.get_keys([key]) == {key: found}
    assert store.get(["no", "m-1"]) == [None, found]
    assert store.keys(["m-1", "no"]) == {"m-1": key}


def test_cues_and_vectors_come_back(store: Store) -> None:
    keys = remember(store, [row(f"m{i}") for i in range(5)], cues=3)
    batches = list(store.load_cues(size=4))
    assert [len(batch.keys) for batch in batches] == [4, 4, 4, 3]
    loaded = np.concatenate([batch.vectors for batch in batches])
    assert loaded.dtype == np.float16
    np.testing.assert_array_equal(loaded, vectors(15).astype(np.float16))
    owners = np.concatenate([batch.memory_keys for batch in batches])
    assert owners.tolist() == [key for key in keys for _ in range(3)]
    cues = store.cues_of(keys[1])
    assert [cue.text for cue in cues] == [f"cue {i} of {keys[1]}" for i in range(3)]
    assert store.cue_rows([cues[0].key, 10**9]) == {cues[0].key: cues[0]}
    (some,) = store.load_cues(memory_keys=np.array([keys[4], keys[0]]))
    assert set(some.memory_keys.tolist()) == {keys[0], keys[4]}


def test_terms_attributes_mentions_and_links_come_back(store: Store) -> None:
    keys = remember(store, [row("a", session="s", turn=0), row("b", role="user", at=5.0)])
    (terms,) = store.load_terms()
    assert terms.memory_keys.tolist() == keys
    assert terms.pointers.tolist() == [0, 2, 4]
    assert terms.ids.tolist() == [keys[0], 7, keys[1], 7]
    assert terms.counts.tolist() == [1, 2, 1, 2]
    (attributes,) = store.load_attributes()
    assert attributes.ids == ("a", "b")
    assert attributes.sessions == ("s", None)
    assert attributes.roles == (None, "user")
    assert attributes.turns.tolist() == [0, -1]
    assert np.isnan(attributes.at[0])
    assert attributes.at[1] == 5.0
    (mentions,) = store.load_mentions()
    assert [mention.name for mention in mentions] == [f"name of {key}" for key in keys]
    assert store.mentions_of(keys[0]) == mentions[:1]
    (links,) = store.load_links()
    assert (
        links
        == store.links_of(keys[1])
        == [LinkRow(keys[1], keys[0], "reply", f"from {keys[1]}", 0.5, links[0].key)]
    )


def test_an_empty_store_loads_nothing(store: Store) -> None:
    assert not list(store.load_cues())
    assert not list(store.load_terms())
    assert not list(store.load_cues(memory_keys=np.array([1, 2])))
    assert store.find() == []
    assert store.find_keys().dtype == np.int64
    assert store.version() == 0
    assert store.counts().memories == 0


def test_find_orders_by_time_and_pages(store: Store) -> None:
    remember(store, [row("c", at=3.0), row("a", at=1.0), row("b1", at=2.0), row("b2", at=2.0)])
    assert [memory.id for memory in store.find()] == ["a", "b1", "b2", "c"]
    assert [memory.id for memory in store.find(limit=2, offset=1)] == ["b1", "b2"]
    assert [memory.id for memory in store.find(offset=3)] == ["c"]
    assert [memory.id for memory in store.find(Query(since=2.0, until=2.0))] == ["b1", "b2"]
    assert store.count(Query(since=2.0)) == 3


def test_namespaces_are_apart_and_found_by_prefix(store: Store) -> None:
    names = [("a",), ("a", "b"), ("a", "bc"), ("ab",), ("a\x1fb",), ("a", "b", "c"), ("A",)]
    remember(store, [row(f"m{i}", namespace=name) for i, name in enumerate(names)])
    for i, name in enumerate(names):
        assert [memory.id for memory in store.find(Query(name))] == [f"m{i}"]
        below = [f"m{j}" for j, other in enumerate(names) if other[: len(name)] == name]
        assert [memory.id for memory in store.find(Query(name, prefix=True))] == below
        assert len(store.namespace_keys(name, prefix=True)) == len(below)
    assert store.count(Query((), prefix=True)) == len(names)
    assert {found.path for found in store.namespaces()} == set(names)
    assert {found.path for found in store.namespaces(("a",))} == {
        name for name in names if name[0] == "a"
    }
    assert store.find(Query(("none",))) == []


def test_sessions(store: Store) -> None:
    remember(store, [row("a", session="s1"), row("b", session="s2"), row("c")])
    assert [memory.id for memory in store.find(Query(session="s2"))] == ["b"]
    assert store.find_keys(Query(("default",), session="s1")).tolist() == [store.keys(["a"])["a"]]


def test_digests_keep_a_message_from_coming_twice(store: Store) -> None:
    (key,) = remember(store, [row("a", digest="x")])
    remember(store, [row("b", digest="x", namespace=("other",))])
    assert store.existing_digests(("default",), ["x", "y"]) == {"x": key}
    with pytest.raises(DuplicateIdError), store.write() as write:
        write.add_memories([row("c", digest="x")])
    assert store.get(["c"]) == [None]


def test_update_changes_what_is_given(store: Store) -> None:
    keys = remember(store, [row("a", metadata={"n": 1}, at=1.0), row("b")])
    before = store.get(["a"])[0]
    with store.write() as write:
        write.update_memory(keys[0], text="another text", digest="new")
        write.delete_cues([keys[0]])
        write.add_cues([CueRow(keys[0], "turn", "another text")], vectors(1))
        write.set_terms([TermRow(keys[0], np.array([9]), np.array([1], dtype=np.int32))])
    after = store.get(["a"])[0]
    assert before is not None
    assert after is not None
    assert (after.text, after.metadata, after.at) == ("another text", {"n": 1}, 1.0)
    assert after.created_at == before.created_at
    assert after.updated_at >= before.updated_at
    assert [cue.text for cue in store.cues_of(keys[0])] == ["another text"]
    (terms,) = store.load_terms(memory_keys=np.array(keys[:1]))
    assert terms.ids.tolist() == [9]
    with pytest.raises(NotFoundError, match="expected the key"), store.write() as write:
        write.update_memory(10**9, text="x")


def test_deleting_removes_all_that_depends(store: Store) -> None:
    keys = remember(store, [row(f"m{i}", namespace=(f"n{i // 2}",)) for i in range(6)])
    with store.write() as write:
        assert write.delete_memories([*keys[1:4], 10**9]) == keys[1:4]
    assert [memory.id for memory in store.find()] == ["m0", "m4", "m5"]
    assert {found.path for found in store.namespaces()} == {("n0",), ("n2",)}
    assert store.namespace_keys(("n1",)) == []
    counts = store.counts()
    assert (counts.memories, counts.cues, counts.mentions, counts.namespaces) == (3, 6, 3, 2)
    (links,) = store.load_links()
    assert [(link.source_key, link.target_key) for link in links] == [(keys[5], keys[4])]
    (terms,) = store.load_terms()
    assert terms.memory_keys.tolist() == [keys[0], *keys[4:]]
    assert not list(store.load_cues(memory_keys=np.array(keys[1:4])))
    assert store.mentions_of(keys[1]) == []


def test_keys_are_never_used_twice(store: Store) -> None:
    first = remember(store, [row("a"), row("b")])
    with store.write() as write:
        write.delete_memories(first)
    store.compact()
    again = remember(store, [row("a"), row("b")])
    assert min(again) > max(first)
    assert [memory.id for memory in store.find()] == ["a", "b"]


def test_parts_can_be_removed(store: Store) -> None:
    a, b, c = remember(store, [row("a"), row("b"), row("c")])
    with store.write() as write:
        write.add_links([LinkRow(c, a, "user", "x"), LinkRow(c, b, "user", "y")])
        write.add_cues([CueRow(a, "paraphrase", "p")], vectors(1))
    with store.write() as write:
        assert write.delete_links([c], target_key=b, kinds=["user"]) == 1
        assert write.delete_mentions([a, b]) == 2
        assert write.delete_cues([a], kinds=["turn"]) == 2
        assert write.delete_cues([a], kinds=["turn"]) == 0
    assert [(link.target_key, link.kind) for link in store.links_of(c)] == [
        (b, "reply"),
        (a, "user"),
    ]
    assert [cue.kind for cue in store.cues_of(a)] == ["paraphrase"]
    assert store.counts().cues_by_kind == {"paraphrase": 1, "turn": 4}


def test_the_change_log_says_what_happened(store: Store) -> None:
    a, b = remember(store, [row("a"), row("b")])
    group = store.namespace_keys(("default",))[0]
    assert store.changes(0) == [Change(1, "add", a, group), Change(2, "add", b, group)]
    with store.write() as write:
        write.add_cues([CueRow(a, "user", "x")], vectors(1))
        write.add_links([LinkRow(b, a)])
    with store.write() as write:
        write.update_memory(a, metadata={"n": 1})
        write.delete_memories([b])
        gone = write.add_memories([row("c")])
        write.delete_memories(gone)
    assert [(change.op, change.memory_key) for change in store.changes(2)] == [
        ("cues", a),
        ("links", b),
        ("update", a),
        ("delete", b),
    ]
    assert store.changes(store.version()) == []
    assert store.version() == 6


def test_a_long_forgotten_follower_is_told_to_reload(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nuonuo_memory.store.sqlite.changes.KEPT", 100)
    for i in range(3):
        remember(store, [row(f"m{i}-{j}") for j in range(600)], cues=0)
    assert store.version() == 1800
    assert [change.op for change in store.changes(10)] == ["reload"]
    assert len(store.changes(1790)) == 10


def test_a_failed_write_leaves_nothing(store: Store) -> None:
    remember(store, [row("a")])
    before = (store.version(), store.counts(), store.find())

    def fails() -> None:
        with store.write() as write:
            write.add_memories([row("b")])
            write.delete_memories([1])
            raise RuntimeError

    def fails_late() -> None:
        with store.write() as write:
            write.add_memories([row("b", namespace=("new",))])
            write.add_cues([CueRow(10**9, "turn", "x")], vectors(1))

    with pytest.raises(RuntimeError):
        fails()
    with pytest.raises(NotFoundError):
        fails_late()
    assert (store.version(), store.counts(), store.find()) == before
    assert store.namespace_keys(("new",)) == []


def test_a_write_reads_what_it_wrote(store: Store) -> None:
    with store.write() as write:
        write.add_memories([row("a")])
        assert store.count() == 1


def test_wrong_input_is_refused(store: Store) -> None:
    def adding(**keywords: object) -> None:
        with store.write() as write:
            write.add_memories([row("x", **keywords)])

    for namespace in ((), ("",), ("a\0b",), "bare", (1,)):
        with pytest.raises(NamespaceError):
            adding(namespace=namespace)
    for metadata in ({"n": float("nan")}, {1: 2}, {"x": object()}, {"x": ["a\0"]}, {"a\0": 1}):
        with pytest.raises(InvalidInputError, match="must"):
            adding(metadata=metadata)
    for broken in ("\ud800", "a\udfff"):
        with pytest.raises(InvalidInputError, match="UTF-8"):
            adding(text=broken)
    with pytest.raises(DuplicateIdError, match="twice"), store.write() as write:
        write.add_memories([row("x"), row("x")])
    remember(store, [row("x")])
    with pytest.raises(DuplicateIdError, match="'x'"):
        adding()
    key = store.keys(["x"])["x"]
    wrong = [
        vectors(1)[:, 1:],
        vectors(2),
        vectors(1)[0],
        vectors(1).astype(int),
        np.full((1, DIMENSION), np.nan),
        np.full((1, DIMENSION), 1e6),
    ]
    for array in wrong:
        with pytest.raises(VectorError), store.write() as write:
            write.add_cues([CueRow(key, "turn", "x")], array)
    assert store.counts().memories == 1


def test_vectors_can_be_replaced_in_one_write(store: Store, path: Path) -> None:
    remember(store, [row(f"m{i}") for i in range(4)])
    new = vectors(8, seed=1, dimension=4)

    def encoded() -> object:
        done = 0
        for cues in store.load_cue_texts(size=3):
            keys = np.array([cue.key for cue in cues])
            yield keys, new[done : done + len(keys)]
            done += len(keys)

    version = store.version()
    with pytest.raises(InvalidInputError, match="8 cues, got 0"):
        store.replace_vectors([], encoder_name="other", dimension=4)
    assert store.replace_vectors(encoded(), encoder_name="other", dimension=4) == 8
    assert (store.encoder_name, store.dimension) == ("other", 4)
    (batch,) = store.load_cues()
    np.testing.assert_array_equal(batch.vectors, new.astype(np.float16))
    assert [change.op for change in store.changes(version)] == ["reload"]
    if store.path is not None:
        with open_store(store.path, encoder_name="other", dimension=4) as again:
            assert again.counts().cues == 8


def test_importing_the_store_is_light() -> None:
    code = (
        "import sys, nuonuo_memory.store;"
        "print([name for name in ('torch', 'pandas', 'langchain_core') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
