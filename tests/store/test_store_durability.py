"""A process is killed at any moment, and what its writes had returned is there."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import sys
import time
from pathlib import Path

import pytest
from store_helpers import open_store, remember, row

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs POSIX")

KILLS = 100


def write_until_killed(path: Path, out: int, round_: int) -> None:
    """Write, forget and update without end, telling what had returned."""
    with open_store(path) as store:
        warm = remember(store, [row(f"{round_}-warm"), row(f"{round_}-warm-gone")])
        with store.write() as write:
            write.delete_memories(warm[1:])
        os.write(out, b"!\n")
        for i in range(1_000_000):
            number = 1 + i % 7
            rows = [row(f"{round_}-{i}-{j}", text="t" * (1 + 997 * j)) for j in range(number)]
            keys = remember(store, rows)
            os.write(out, "".join(f"+{made.id}\n" for made in rows).encode())
            if i % 3 == 0:
                with store.write() as write:
                    write.delete_memories(keys[:1])
                os.write(out, f"-{rows[0].id}\n".encode())
            if i % 5 == 4:
                with store.write() as write:
                    write.update_memory(keys[-1], text="updated " * 100)


def killed_writer(path: Path, round_: int, random_: random.Random) -> list[str]:
    """The lines that a writing child got out before it was killed."""
    wanted, delay = random_.randint(1, 12), random_.uniform(0, 0.02)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            write_until_killed(path, writing, round_)
        except BaseException as error:  # noqa: BLE001  it must not return into the tests
            sys.stderr.write(f"{type(error).__name__}: {error}\n")
        finally:
            os._exit(1)
    os.close(writing)
    text = b""
    while text.count(b"\n") < wanted and (more := os.read(reading, 4096)):
        text += more
    time.sleep(delay)
    os.kill(child, signal.SIGKILL)
    with os.fdopen(reading, "rb") as stream:
        text += stream.read()
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "the child ended by itself"
    return text.decode().splitlines()


@pytest.mark.slow
@pytest.mark.slow
def test_what_returned_survives_a_hundred_kills(path: Path) -> None:
    random_ = random.Random(0)
    present: set[str] = set()
    warm: set[str] = set()
    unsure: set[str] = set()
    told = 0
    for round_ in range(KILLS):
        lines = killed_writer(path, round_, random_)
        told += len(lines)
        present |= {line[1:] for line in lines if line[0] == "+"}
        gone = {line[1:] for line in lines if line[0] == "-"}
        present -= gone
        with open_store(path) as store:
            found = {memory.id for memory in store.find()}
            # A forgetting may have been done and not yet been told.
            first = {id_ for id_ in present if id_.startswith(f"{round_}-") and id_.endswith("-0")}
            missing = present - found
            assert missing <= first, missing
            assert len(missing) <= 1
            present -= missing
            assert not gone & found
            warm.add(f"{round_}-warm")
            unsure |= found - present - warm  # written, and killed before it could be told
            counts = store.counts()
            assert counts.cues == 2 * counts.memories
            assert counts.mentions == counts.memories
            assert sum(len(batch.keys) for batch in store.load_cues()) == counts.cues
        if round_ % 10 == 9:
            with sqlite3.connect(path) as raw:
                assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
                assert raw.execute("PRAGMA foreign_key_check").fetchall() == []
            raw.close()
    assert told > 3 * KILLS
    assert len(unsure) <= 7 * KILLS


def test_a_store_made_by_a_killed_process_opens(tmp_path: Path) -> None:
    for i in range(10):
        path = tmp_path / f"{i}.db"
        child = os.fork()
        if child == 0:
            try:
                open_store(path)
                time.sleep(1)
            finally:
                os._exit(1)
        time.sleep(0.004 * i)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        with open_store(path) as store:
            assert remember(store, [row("a")]) == [1]
