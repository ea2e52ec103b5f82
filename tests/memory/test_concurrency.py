"""Threads, event loops and processes at once."""

from __future__ import annotations

import asyncio
import multiprocessing
import threading
import time
from pathlib import Path

from nuonuo_memory import Message, TextMemory
from nuonuo_memory.encoders.base import HashingEncoder


async def test_async_twins_give_the_same(memory: TextMemory) -> None:
    stored = await memory.aremember("Ada climbs on Sundays", id="ada")
    assert await memory.aget("ada") == stored
    await memory.aobserve([Message("user", "Bob swims on Mondays")], session="s")
    answer = await memory.arecall("who climbs on Sundays?", k=2)
    assert answer == memory.recall("who climbs on Sundays?", k=2)
    [many] = await memory.arecall_many(["who swims on Mondays?"], k=1)
    assert many[0].text == "Bob swims on Mondays"
    assert len(await memory.alist(session="s")) == 1
    await memory.aupdate("ada", text="Ada dives on Sundays")
    assert (await memory.aget_many(["ada", "x"]))[1] is None
    assert await memory.aforget("ada") == 1
    assert (await memory.astats()).memories == 1


async def test_an_async_block_closes(path: Path, encoder: HashingEncoder) -> None:
    async with TextMemory.open(path, encoder=encoder) as memory:
        await memory.aremember("x marks the spot")
    assert memory._core.store.closed


async def test_the_loop_goes_on_while_200_recalls_run(memory: TextMemory) -> None:
    memory.remember_many([f"fact {n} on subject {n % 7}" for n in range(200)])
    late: list[float] = []
    done = asyncio.Event()

    async def heartbeat() -> None:
        while not done.is_set():
            before = time.perf_counter()
            await asyncio.sleep(0.01)
            late.append(time.perf_counter() - before - 0.01)

    beating = asyncio.create_task(heartbeat())
    answers = await asyncio.gather(*(memory.arecall(f"subject {n % 7}", k=3) for n in range(200)))
    done.set()
    await beating
    alone = memory.recall("subject 3", k=3)
    assert answers[3] == answers[10] == alone
    late.sort()
    # The median is the loop's own; a single late beat may be this machine's.
    assert late[len(late) // 2] < 0.05


def test_threads_write_and_read_at_once(memory: TextMemory) -> None:
    failures: list[BaseException] = []

    def write(name: int) -> None:
        try:
            for n in range(10):
                memory.remember(f"thread {name} note {n}", id=f"{name}-{n}")
                assert memory.recall(f"thread {name} note {n}", k=3)
        except BaseException as error:  # noqa: BLE001 - carried to the main thread
            failures.append(error)

    threads = [threading.Thread(target=write, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert memory.stats().memories == 40


def _write_elsewhere(path: str) -> None:
    with TextMemory.open(path, encoder=HashingEncoder()) as memory:
        memory.remember("written by the other process", id="other")
        memory.forget("mine")


def test_another_process_is_followed(path: Path, encoder: HashingEncoder) -> None:
    with TextMemory.open(path, encoder=encoder) as memory:
        memory.remember("mine to be forgotten", id="mine")
        assert memory.recall("mine to be forgotten")[0].id == "mine"
        process = multiprocessing.get_context("spawn").Process(
            target=_write_elsewhere, args=(str(path),)
        )
        process.start()
        process.join()
        assert process.exitcode == 0
        assert [hit.id for hit in memory.recall("written by the other process")] == ["other"]


def test_paraphrases_come_after_the_write(path: Path, encoder: HashingEncoder) -> None:
    written = threading.Event()

    def slow(text: str) -> list[str]:
        written.wait(10)
        return ["what hobby has Robert"]

    with TextMemory.open(path, encoder=encoder, augmenter=slow) as memory:
        memory.remember("Bob plays chess", id="bob")
        assert [cue.kind for cue in memory.cues("bob")] == ["turn"]
        written.set()
        memory.flush()
        assert [cue.kind for cue in memory.cues("bob")] == ["turn", "paraphrase"]
        assert memory.recall("what hobby has Robert")[0].cue.kind == "paraphrase"
