"""Many recalls at once in one event loop: the loop stays free and the answers are the same."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from langchain_nuonuo import NuonuoRetriever, NuonuoStore, NuonuoVectorStore
from nuonuo_memory import NewMemory, TextMemory

BOUND = 0.25
"""Seconds that a heartbeat may be late here, where other work may share the processor; the
benchmark `benchmarks/langchain_locomo.py` reports the figure on a quiet one."""


async def lateness(work: Callable[[], Awaitable[Any]]) -> tuple[Any, float]:
    """Return what the work returns, and how late a heartbeat of 5 ms was at worst."""
    late = 0.0

    async def beat() -> None:
        nonlocal late
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.005)
            late = max(late, time.perf_counter() - before - 0.005)

    beating = asyncio.create_task(beat())
    await asyncio.sleep(0.01)
    late = 0.0
    try:
        return await work(), late
    finally:
        beating.cancel()


@pytest.fixture
def filled(memory: TextMemory) -> TextMemory:
    names = ["Ada", "Bob", "Carol", "Dave", "Erin"]
    memory.remember_many(
        [
            NewMemory(f"{names[n % 5]} bought item number {n} in shop {n % 7}.", id=f"m{n}")
            for n in range(200)
        ]
    )
    return memory


QUERIES = [f"Who bought item number {n}?" for n in range(200)]


@pytest.mark.timing
async def test_200_concurrent_recalls(filled: TextMemory) -> None:
    retriever = NuonuoRetriever(memory=filled, k=3)
    one_by_one = [retriever.invoke(query) for query in QUERIES]
    for _ in range(3):
        together, late = await lateness(
            lambda: asyncio.gather(*(retriever.ainvoke(query) for query in QUERIES))
        )
        assert together == one_by_one
        if late < BOUND:
            return
    pytest.fail(f"a heartbeat was {late:.3f} s late in each of three runs")


async def test_the_other_adapters_leave_the_loop_free_too(filled: TextMemory) -> None:
    vectors = NuonuoVectorStore(memory=filled)
    store = NuonuoStore(filled, fields=["t"])
    store.put(("a",), "b", {"t": "item number 3"})
    calls: list[Callable[[], Awaitable[Any]]] = [
        lambda: asyncio.gather(*(vectors.asimilarity_search(query, k=3) for query in QUERIES[:30])),
        lambda: asyncio.gather(*(store.asearch(("a",), query=query) for query in QUERIES[:30])),
    ]
    for call in calls:
        late = [(await lateness(call))[1]]
        while late[-1] >= BOUND and len(late) < 3:
            late.append((await lateness(call))[1])
        assert min(late) < BOUND


async def test_a_cancelled_recall_leaves_the_memory_whole(filled: TextMemory) -> None:
    retriever = NuonuoRetriever(memory=filled, k=1)
    tasks = [asyncio.create_task(retriever.ainvoke(query)) for query in QUERIES[:50]]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    done = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(result, asyncio.CancelledError) for result in done[::2])
    assert all(isinstance(result, list) for result in done[1::2])
    assert retriever.invoke(QUERIES[0])[0].id == "m0"
