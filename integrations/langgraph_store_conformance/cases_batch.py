"""Cases: several operations in one batch, and several batches at once."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from langgraph.store.base import (
    GetOp,
    InvalidNamespaceError,
    ListNamespacesOp,
    Op,
    PutOp,
    SearchOp,
)

from langgraph_store_conformance.driver import Driver
from langgraph_store_conformance.registry import case, expect, require

NS = ("users", "ada")


@case()
async def results_keep_the_order_of_operations(store: Driver) -> None:
    """'the order of results matches the order of input operations'."""
    await store.fill(NS, {"a": {"n": 1}, "b": {"n": 2}})
    ops: list[Op] = [
        GetOp(NS, "b"),
        SearchOp(NS, filter={"n": 1}),
        PutOp(NS, "c", {"n": 3}),
        ListNamespacesOp(),
        GetOp(NS, "a"),
        GetOp(NS, "none"),
    ]
    got, found, put, namespaces, other, missing = await store.batch(ops)
    expect(got.value, {"n": 2}, "first get")
    expect([item.key for item in found], ["a"], "search")
    expect(put, None, "result of a put")
    expect([tuple(namespace) for namespace in namespaces], [NS], "namespaces")
    expect(other.value, {"n": 1}, "second get")
    expect(missing, None, "get of an unknown key")


@case()
async def a_batch_may_be_a_generator(store: Driver) -> None:
    """Batch takes 'an iterable of operations'."""
    await store.batch(PutOp(NS, str(n), {"n": n}) for n in range(3))
    got = await store.batch(GetOp(NS, str(n)) for n in range(3))
    expect([item.value["n"] for item in got], [0, 1, 2], "values")


@case(level="expected")
async def an_empty_batch_gives_no_results(store: Driver) -> None:
    """A batch of nothing is nothing."""
    expect(await store.batch([]), [], "results")


@case()
async def a_large_batch_is_stored_whole(store: Driver) -> None:
    """A batch applies every put."""
    await store.batch([PutOp(NS, f"k{n:03d}", {"n": n}) for n in range(300)])
    got = await store.batch([GetOp(NS, f"k{n:03d}") for n in range(300)])
    expect([item and item.value["n"] for item in got], list(range(300)), "values")
    expect(len(await store.search(NS, limit=1000)), 300, "items found")


@case()
async def a_batch_deletes(store: Driver) -> None:
    """A PutOp with value None marks the item for deletion."""
    await store.fill(NS, {"a": {"n": 1}, "b": {"n": 2}})
    await store.batch([PutOp(NS, "a", None), PutOp(NS, "c", {"n": 3})])
    expect(sorted(await store.keys(NS)), ["b", "c"], "keys left")


@case(level="expected")
async def the_last_put_of_a_key_wins(store: Driver) -> None:
    """As in LangGraph's own stores."""
    await store.batch([PutOp(NS, "a", {"n": 1}), PutOp(NS, "a", {"n": 2})])
    expect(await store.value(NS, "a"), {"n": 2}, "value")
    await store.batch([PutOp(NS, "a", {"n": 3}), PutOp(NS, "a", None)])
    expect(await store.get(NS, "a"), None, "item put, then deleted")
    await store.batch([PutOp(NS, "a", None), PutOp(NS, "a", {"n": 4})])
    expect(await store.value(NS, "a"), {"n": 4}, "item deleted, then put")


@case(level="expected")
async def reads_see_the_state_before_the_batch(store: Driver) -> None:
    """As in LangGraph's own stores."""
    await store.put(NS, "a", {"n": 1})
    ops: list[Op] = [PutOp(NS, "a", {"n": 2}), GetOp(NS, "a"), SearchOp(NS), ListNamespacesOp()]
    ops.append(PutOp(("other",), "b", {"n": 3}))
    _, got, found, namespaces, _ = await store.batch(ops)
    expect(got.value, {"n": 1}, "get after a put in the same batch")
    expect([item.value for item in found], [{"n": 1}], "search in the same batch")
    expect([tuple(namespace) for namespace in namespaces], [NS], "namespaces in the same batch")
    expect(await store.value(NS, "a"), {"n": 2}, "value after the batch")


@case()
async def a_label_with_a_period_addresses_nothing(store: Driver) -> None:
    """'a label such as foo.bar cannot address the namespace (foo, bar)'."""
    await store.put(("foo", "bar"), "a", {"n": 1})
    ops: list[Op] = [GetOp(("foo.bar",), "a"), SearchOp(("foo.bar",))]
    for op in ops:
        try:
            (result,) = await store.batch([op])
        except InvalidNamespaceError:
            continue
        require(not result, f"{op!r} found {result!r}")


@case(level="expected", modes=("sync",))
async def threads_may_share_a_store(store: Driver) -> None:
    """Calls from several threads do not disturb each other."""

    def work(worker: int) -> list[int]:
        for n in range(10):
            store.store.put(("worker", str(worker)), str(n), {"n": n})
        got = [store.store.get(("worker", str(worker)), str(n)) for n in range(10)]
        return [item.value["n"] for item in got if item is not None]

    with ThreadPoolExecutor(8) as pool:
        for result in pool.map(work, range(8)):
            expect(result, list(range(10)), "values one thread wrote")
    expect(len(await store.search(("worker",), limit=100)), 80, "items in all")


@case(level="expected", modes=("async",))
async def tasks_may_share_a_store(store: Driver) -> None:
    """Tasks of one loop do not disturb each other."""

    async def work(worker: int) -> list[int]:
        for n in range(5):
            await store.put(("worker", str(worker)), str(n), {"n": n})
        got = [await store.get(("worker", str(worker)), str(n)) for n in range(5)]
        return [item.value["n"] for item in got if item is not None]

    for result in await asyncio.gather(*(work(worker) for worker in range(16))):
        expect(result, list(range(5)), "values one task wrote")
    expect(len(await store.search(("worker",), limit=100)), 80, "items in all")
