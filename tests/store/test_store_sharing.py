"""Several processes and several threads on one store."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from store_helpers import open_store, remember, row

from nuonuo_memory.store.sqlite.store import Store

posix = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs POSIX")


def in_children(number: int, action: Callable[[int], None]) -> None:
    """Run an action in several processes at once."""
    children = []
    for i in range(number):
        child = os.fork()
        if child == 0:
            status = 1
            try:
                action(i)
                status = 0
            except BaseException as error:  # noqa: BLE001  it has to cross the process boundary
                sys.stderr.write(f"{type(error).__name__}: {error}\n")
            finally:
                os._exit(status)
        children.append(child)
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    assert codes == [0] * number


@posix
def test_two_processes_open_a_new_store_at_once(tmp_path: Path) -> None:
    for round_ in range(8):
        path = tmp_path / f"{round_}.db"
        start = time.monotonic() + 0.05

        def first_write(i: int, path: Path = path, start: float = start) -> None:
            time.sleep(max(0.0, start - time.monotonic()))
            with open_store(path, timeout=30.0) as store:
                remember(store, [row(f"from {i}")])

        in_children(3, first_write)
        with open_store(path) as store:
            assert {memory.id for memory in store.find()} == {f"from {i}" for i in range(3)}


@posix
def test_processes_see_each_others_changes(path: Path) -> None:
    with open_store(path) as store:
        keys = remember(store, [row("mine")])
        seen = store.version()

        def write(i: int) -> None:
            with open_store(path) as other:
                assert other.version() == seen
                remember(other, [row("theirs")])
                with other.write() as writer:
                    writer.delete_memories(keys)

        in_children(1, write)
        assert store.version() > seen
        assert [change.op for change in store.changes(seen)] == ["add", "delete"]
        assert [memory.id for memory in store.find()] == ["theirs"]


@posix
def test_processes_write_at_once_and_lose_nothing(path: Path) -> None:
    open_store(path).close()

    def write(i: int) -> None:
        with open_store(path, timeout=60.0) as store:
            for j in range(20):
                keys = remember(store, [row(f"{i}-{j}"), row(f"{i}-{j}-gone")])
                with store.write() as writer:
                    writer.delete_memories(keys[1:])

    in_children(3, write)
    with open_store(path) as store:
        assert {memory.id for memory in store.find()} == {
            f"{i}-{j}" for i in range(3) for j in range(20)
        }
        seqs = [change.seq for change in store.changes(0)]
        assert seqs == list(range(1, store.version() + 1))


def test_two_stores_in_one_process_follow_each_other(path: Path) -> None:
    with open_store(path) as one, open_store(path) as two:
        for i in range(5):
            remember(one, [row(f"one {i}")])
            assert two.version() == one.version() == 2 * i + 1
            remember(two, [row(f"two {i}")])
            assert two.version() == one.version() == 2 * i + 2


def test_threads_write_and_read_at_once(store: Store) -> None:
    stop = threading.Event()

    def write(i: int) -> None:
        for j in range(15):
            keys = remember(store, [row(f"{i}-{j}-{part}", session=f"{i}-{j}") for part in "ab"])
            if j % 3 == 0:
                with store.write() as writer:
                    writer.delete_memories(keys)

    def read() -> int:
        rounds = 0
        while not stop.is_set():
            version = store.version()
            found = store.find()
            sessions = [memory.session for memory in found]
            assert all(sessions.count(session) == 2 for session in sessions)  # whole writes only
            assert store.version() >= version
            rounds += 1
        return rounds

    with ThreadPoolExecutor(5) as pool:
        readers = [pool.submit(read) for _ in range(2)]
        writers = [pool.submit(write, i) for i in range(3)]
        for done in writers:
            done.result()
        stop.set()
        assert all(reader.result() > 0 for reader in readers)
    assert store.counts().memories == 3 * 10 * 2
    assert store.version() == len(store.changes(0))


def test_asking_for_the_version_is_cheap(store: Store) -> None:
    remember(store, [row("a")])
    times = []
    for _ in range(300):
        start = time.perf_counter()
        store.version()
        times.append(time.perf_counter() - start)
    assert min(times) < 50e-6
