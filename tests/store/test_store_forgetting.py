"""What was forgotten is in no file of the store any more."""

from __future__ import annotations

import random
import re
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from store_helpers import ENCODER, open_store, remember, row

from nuonuo_memory.store.rows import CueRow, LinkRow, MemoryRow, MentionRow, TermRow
from nuonuo_memory.store.sqlite.store import Store

WIDTH = 16  # dimensions: 32 bytes of vector, unique to its memory


def all_bytes(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(folder.iterdir()))


class Diary:
    """A store in which every value of memory `i` carries the marker `Q<what><i>Z`."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.random = random.Random(seed)
        self.folder = folder
        self.path = folder / "memory.db"
        self.store = self.open()
        self.live: dict[int, int] = {}
        self.made = 0

    def open(self) -> Store:
        return Store.open(self.path, encoder_name=ENCODER, dimension=WIDTH)

    def mark(self, what: str, i: int, times: int = 1) -> str:
        return " ".join([f"Q{what}{i:06d}Z"] * times)

    def add(self, number: int) -> None:
        new = list(range(self.made, self.made + number))
        self.made += number
        with self.store.write() as write:
            keys = write.add_memories([self.memory(i) for i in new])
            self.live.update(zip(new, keys, strict=True))
            for i in new:
                self.add_parts(write, i)

    def memory(self, i: int) -> MemoryRow:
        return MemoryRow(
            id=self.mark("i", i),
            namespace=("all", self.mark("n", i - i % 5)),
            text=self.mark("t", i, self.random.choice([1, 3, 20, 900])),
            metadata={"key": self.mark("m", i), self.mark("k", i): 1},
            role=self.mark("r", i),
            session=self.mark("s", i),
            digest=self.mark("d", i),
        )

    def add_parts(self, write: object, i: int) -> None:
        key = self.live[i]
        number = self.random.randint(1, 4)
        marked = self.mark("v", i).ljust(2 * WIDTH, ".").encode()  # text as float16 numbers
        drawn = np.tile(np.frombuffer(marked, dtype="<f2"), (number, 1))
        times = self.random.choice([1, 5, 400])
        cues = [CueRow(key, "turn", self.mark("c", i, times)) for _ in range(number)]
        write.add_cues(cues, drawn)
        ids = np.frombuffer(self.mark("w", i).ljust(16).encode(), dtype="<i8")
        write.set_terms([TermRow(key, ids, np.ones(2, dtype=np.int32))])
        write.add_mentions([MentionRow(key, self.mark("e", i), text=self.mark("f", i))])
        other = self.random.choice(list(self.live.values()))
        write.add_links([LinkRow(key, other, label=self.mark("l", i))])

    def forget(self, number: int) -> None:
        chosen = self.random.sample(sorted(self.live), min(len(self.live), number))
        with self.store.write() as write:
            write.delete_memories([self.live.pop(i) for i in chosen])
        assert not self.store.erasure_pending

    def rewrite(self, number: int) -> None:
        """Give memories another number, so that nothing may be left of the old one."""
        for i in self.random.sample(sorted(self.live), min(len(self.live), number)):
            new, self.made = self.made, self.made + 1
            key = self.live.pop(i)
            with self.store.write() as write:
                write.delete_memories([key])
                (self.live[new],) = write.add_memories([self.memory(new)])
                self.add_parts(write, new)
        for i in self.random.sample(sorted(self.live), min(len(self.live), number)):
            with self.store.write() as write:
                write.update_memory(self.live[i], text=self.mark("t", i), metadata={})
                write.delete_cues([self.live[i]])
                write.delete_links([self.live[i]])
                write.delete_mentions([self.live[i]])
                self.add_parts(write, i)

    def reopen(self) -> None:
        self.store.close()
        self.store = self.open()

    def residue(self) -> set[str]:
        """Markers in the files of memories that are forgotten."""
        data = all_bytes(self.folder)
        found = set()
        for what, number in set(re.findall(rb"Q([a-z])(\d{6})Z", data)):
            i = int(number)
            members = range(i, i + 5) if what == b"n" else [i]
            if not any(j in self.live for j in members):
                found.add(f"{what.decode()}{i}")
        return found


@pytest.mark.parametrize("seed", range(12))
def test_no_pattern_of_forgetting_leaves_a_trace(seed: int, tmp_path: Path) -> None:
    diary = Diary(tmp_path, seed)
    for _ in range(16):
        action = diary.random.random()
        if action < 0.45 or not diary.live:
            diary.add(diary.random.choice([1, 1, 2, 30, 120]))
        elif action < 0.8:
            diary.forget(diary.random.choice([1, 1, 3, 20, 100]))
        elif action < 0.9:
            diary.rewrite(3)
        else:
            diary.reopen()
        assert diary.residue() == set()
    diary.store.close()
    assert diary.residue() == set()


def test_the_markers_are_there_to_be_found(tmp_path: Path) -> None:
    diary = Diary(tmp_path, 0)
    diary.add(10)
    keys, diary.live = diary.live, {}
    assert {name[0] for name in diary.residue()} == set("intmkrsdcwelvf")
    diary.live = keys
    diary.forget(10)
    assert diary.residue() == set()
    diary.store.close()


def test_compaction_gives_the_room_back_and_leaves_no_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nuonuo_memory.store.sqlite.erasure._FEW", 100)
    diary = Diary(tmp_path, 5)
    sizes = []
    for _ in range(6):
        diary.add(150)
        peak = diary.path.with_name("memory.db-wal").stat().st_size
        diary.forget(145)
        sizes.append(diary.path.stat().st_size)
        assert diary.residue() == set()
        assert len(diary.store.find()) == len(diary.live)
    assert sizes[-1] < peak  # of one round of six
    diary.forget(len(diary.live))
    assert diary.store.compact()
    assert diary.path.stat().st_size < 200_000
    diary.store.close()


def test_a_reader_elsewhere_delays_erasing_and_is_reported(path: Path) -> None:
    with open_store(path) as store:
        keys = remember(store, [row("a", text="SECRETSECRET"), row("b")])
        reader = sqlite3.connect(path, isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM memories").fetchone()
        with store.write() as write:
            write.delete_memories(keys[:1])
        assert store.get(["a"]) == [None]
        assert store.erasure_pending
        assert not store.erase(patience=0.1)
        reader.execute("COMMIT")
        remember(store, [row("c")])  # the next write tries again
        assert not store.erasure_pending
        assert b"SECRETSECRET" not in all_bytes(path.parent)
        reader.close()


def test_a_process_killed_before_erasing_is_made_up_for(path: Path) -> None:
    with open_store(path) as store:
        keys = remember(store, [row("a", text="SECRETSECRET"), row("b")])
        keeper = sqlite3.connect(path, isolation_level=None)
        keeper.execute("BEGIN")
        keeper.execute("SELECT count(*) FROM memories").fetchone()
        with store.write() as write:
            write.delete_memories(keys[:1])
        store._database.engine.dispose()
        assert b"SECRETSECRET" in all_bytes(path.parent)
        keeper.execute("COMMIT")
        with open_store(path):
            assert b"SECRETSECRET" not in all_bytes(path.parent)
        keeper.close()


def test_an_interrupted_compaction_is_finished_on_opening(path: Path) -> None:
    with open_store(path) as store:
        keys = remember(store, [row(f"m{i}", text=f"<{i}>" * 50) for i in range(200)])
        with store.write() as write:
            write.delete_memories(keys[:150])
    with sqlite3.connect(path) as raw:
        raw.execute("DELETE FROM cues WHERE NOT live")
        raw.execute("UPDATE counters SET last = 1 WHERE name = 'vacuum_due'")
    raw.close()
    size = path.stat().st_size
    with open_store(path) as store:
        assert path.stat().st_size < size
        assert store.counts().memories == 50
    with sqlite3.connect(path) as raw:
        due = raw.execute("SELECT last FROM counters WHERE name = 'vacuum_due'").fetchone()
    raw.close()
    assert due == (0,)


def test_replaced_texts_of_parts_are_gone(path: Path) -> None:
    with open_store(path) as store:
        (key,) = remember(store, [row("a", text="SECRETTEXT", metadata={"x": "SECRETMETA"})])
        with store.write() as write:
            write.update_memory(key, text="new", metadata={})
        data = all_bytes(path.parent)
        assert b"SECRETTEXT" not in data
        assert b"SECRETMETA" not in data
