"""The LangGraph store: our conformance suite in full, and what is ours alone."""

from __future__ import annotations

import asyncio
import pickle
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.store.base import BaseStore, GetOp, MatchCondition, PutOp, SearchOp

from langchain_nuonuo import NuonuoStore
from langchain_nuonuo import store as store_module
from langchain_nuonuo.store_keys import id_of, inner, matches, outer
from langgraph_store_conformance import StoreFactory
from langgraph_store_conformance.driver import Mode
from langgraph_store_conformance.suite import StoreConformanceTests
from nuonuo_memory import TextMemory
from nuonuo_memory.encoders.base import HashingEncoder
from nuonuo_memory.errors import ClosedError, EncoderMismatchError, InvalidInputError

NS = ("users", "ada")


class TestConformance(StoreConformanceTests):
    ttl_seconds: ClassVar[float] = 0.3

    @pytest.fixture
    def store_factory(self) -> StoreFactory:
        return NuonuoStore.open


class TestConformanceOnDisk(StoreConformanceTests):
    modes: ClassVar[tuple[Mode, ...]] = ("sync",)
    ttl_seconds: ClassVar[float] = 0.3

    @pytest.fixture
    def store_factory(self, tmp_path: Path) -> StoreFactory:
        return lambda **options: NuonuoStore.open(tmp_path / "store.db", **options)


def test_it_lives_beside_conversations_in_one_memory(memory: TextMemory) -> None:
    store = NuonuoStore(memory, fields=["text"])
    memory.observe([{"role": "user", "content": "I like red apples"}])
    store.put(NS, "a", {"text": "Ada likes blue cars"})
    assert [hit.text for hit in memory.recall("red apples", k=9)] == ["I like red apples"]
    assert [item.key for item in store.search((), query="red apples")] == ["a"]
    assert memory.forget(namespace="default") == 1
    assert store.get(NS, "a") is not None


def test_search_is_our_recall(memory: TextMemory) -> None:
    store = NuonuoStore(memory, fields=["text"])
    store.put(NS, "a", {"text": "Ada moved. She now lives in Lisbon. The cat came too."})
    store.put(NS, "b", {"text": "Bob was in Lisbon once."})
    found = store.search(NS, query="She now lives in Lisbon", limit=2)
    recall = memory.recall("She now lives in Lisbon", k=2, namespace=("langgraph-store", *NS))
    assert [item.score for item in found] == [hit.score for hit in recall]
    assert found[0].key == "a"


def test_items_survive_the_process(tmp_path: Path) -> None:
    with NuonuoStore.open(tmp_path / "s.db") as store:
        store.put(("with\ncontrol", " "), "a", {"n": 1})
        created = store.get(("with\ncontrol", " "), "a")
    with NuonuoStore.open(tmp_path / "s.db") as store:
        assert store.list_namespaces() == [("with\ncontrol", " ")]
        assert store.get(("with\ncontrol", " "), "a") == created
    with pytest.raises(EncoderMismatchError):
        TextMemory.open(tmp_path / "s.db", encoder=_Lambda())


class _Lambda:
    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [[1.0, 0.0] for _ in texts]

    def embed_query(self, text: str) -> list[float]:
        return [1.0, 0.0]


def test_embedding_functions_sync_and_async() -> None:
    def embed(texts: list[str]) -> list[list[float]]:
        return [[float("car" in text), 1.0] for text in texts]

    async def aembed(texts: list[str]) -> list[list[float]]:
        return embed(texts)

    for function in (embed, aembed):
        with NuonuoStore.open(index={"dims": 2, "embed": function, "fields": ["t"]}) as store:
            store.put(NS, "a", {"t": "car"})
            store.put(NS, "b", {"t": "pear"})
            assert store.search(NS, query="car")[0].key == "a"


async def test_embedding_functions_of_the_running_loop() -> None:
    async def aembed(texts: list[str]) -> list[list[float]]:
        await asyncio.sleep(0)
        return [[float("car" in text), 1.0] for text in texts]

    with NuonuoStore.open(index={"dims": 2, "embed": aembed, "fields": ["t"]}) as store:
        await store.aput(NS, "a", {"t": "car"})
        assert [item.key for item in await store.asearch(NS, query="car")] == ["a"]


@pytest.mark.parametrize(
    ("namespace", "other"),
    [(("a", "b"), ("a/b",)), (("%0A",), ("\n",)), ((" ",), ("  ",)), (("%7F",), (" %7F",))],
)
def test_different_namespaces_stay_different(namespace: Any, other: Any) -> None:
    root = ("root",)
    assert inner(root, namespace) != inner(root, other)
    assert id_of(root, namespace, "k") != id_of(root, other, "k")
    for one in (namespace, other):
        assert outer(root, inner(root, one)) == one


def test_wrong_configurations_are_refused(memory: TextMemory, tmp_path: Path) -> None:
    def embed(texts: list[str]) -> list[list[float]]:
        return [[1.0, 0.0] for _ in texts]

    path = tmp_path / "s.db"
    with pytest.raises(InvalidInputError, match=r"dims=384.*vectors of 2"):
        NuonuoStore.open(path, index={"dims": 384, "embed": embed})
    with pytest.raises(InvalidInputError, match="'embed'"):
        NuonuoStore.open(path, index={"dims": 384})  # type: ignore[typeddict-item]
    with pytest.raises(TypeError, match=r"'field'; it takes dims, embed, fields"):
        NuonuoStore.open(path, index={"dims": 2, "embed": embed, "field": ["t"]})  # type: ignore[typeddict-unknown-key]
    with pytest.raises(InvalidInputError, match=r"write \['text'\]"):
        NuonuoStore.open(path, index={"dims": 2, "embed": embed, "fields": "text"})  # type: ignore[typeddict-item]
    assert not path.exists()
    with pytest.raises(TypeError, match="default_ttl"):
        NuonuoStore.open(ttl={"ttl": 5})  # type: ignore[typeddict-unknown-key]
    with pytest.raises(InvalidInputError, match=r"write \['text'\]"):
        NuonuoStore(memory, fields="text")


async def test_it_opens_and_closes_without_holding_the_loop(tmp_path: Path) -> None:
    async with await NuonuoStore.aopen(tmp_path / "s.db", ttl={"default_ttl": 1e-6}) as store:
        await store.aput(NS, "a", {"n": 1})
        assert await store.asweep_ttl() == 1
    with pytest.raises(ClosedError):
        store.get(NS, "a")


def test_least_confidence_and_hops_reach_the_recall(memory: TextMemory) -> None:
    NuonuoStore(memory, fields=["t"]).put(NS, "a", {"t": "Ada likes tea"})
    unsure = NuonuoStore(memory, fields=["t"], min_confidence=1.0)
    assert [item.score for item in unsure.search(NS, query="tea")] == [None]
    following = NuonuoStore(memory, fields=["t"], hops=2)
    assert following.search(NS, query="tea")[0].score is not None


def test_unknown_operations_are_refused(memory: TextMemory) -> None:
    store = NuonuoStore(memory)
    with pytest.raises(ValueError, match="expected a Get"):
        store.batch(["get"])  # type: ignore[list-item]
    with pytest.raises(ValueError, match="prefix or suffix"):
        matches(MatchCondition("middle", ("a",)), ("a",))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"\$near"):
        store.search(NS, filter={"n": {"$near": 1}})
    with pytest.raises(ValueError, match="finite"):
        store.put(NS, "a", {"n": float("nan")})
    assert store.get(NS, "a") is None


async def test_abatch_equals_batch(memory: TextMemory) -> None:
    store = NuonuoStore(memory, fields=["t"])
    store.batch([PutOp(NS, str(n), {"t": f"text number {n}"}) for n in range(20)])
    ops = [SearchOp(NS, query="number 7", limit=3), GetOp(NS, "3"), SearchOp(NS, {"t": "x"})]
    assert await store.abatch(ops) == store.batch(ops)


async def test_many_at_once_equal_one_by_one(memory: TextMemory) -> None:
    store = NuonuoStore(memory, fields=["t"])
    store.batch([PutOp(NS, str(n), {"t": f"text number {n} of many"}) for n in range(30)])
    queries = [f"number {n}" for n in range(30)]
    together = await asyncio.gather(*(store.asearch(NS, query=query, limit=3) for query in queries))
    assert together == [store.search(NS, query=query, limit=3) for query in queries]


def test_items_survive_pickling(memory: TextMemory) -> None:
    store = NuonuoStore(memory)
    store.put(NS, "a", {"n": [1, {"b": None}]})
    items = [store.get(NS, "a"), *store.search(NS, query="b")]
    assert pickle.loads(pickle.dumps(items)) == items


def test_sweep_counts_what_expired(memory: TextMemory) -> None:
    store = NuonuoStore(memory, ttl={"default_ttl": 1e-6})
    store.put(NS, "a", {"n": 1})
    store.put(NS, "b", {"n": 1}, ttl=None)
    assert len(memory.list(namespace="langgraph-store", prefix=True)) == 1  # put sweeps
    store.put(NS, "c", {"n": 1})
    assert store.sweep_ttl() == 1
    assert store.sweep_ttl() == 0
    assert [item.key for item in store.search(NS)] == ["b"]


async def test_in_a_graph(memory: TextMemory) -> None:
    def write(state: MessagesState, *, store: BaseStore) -> dict[str, Any]:
        store.put(NS, "fact", {"text": state["messages"][-1].text})
        return {}

    async def read(state: MessagesState, *, store: BaseStore) -> dict[str, Any]:
        found = await store.asearch(NS, query="what does Ada like?")
        return {"messages": [("assistant", found[0].value["text"])]}

    builder = StateGraph(MessagesState)
    builder.add_node("write", write)
    builder.add_node("read", read)
    builder.add_edge(START, "write")
    builder.add_edge("write", "read")
    builder.add_edge("read", END)
    graph = builder.compile(store=NuonuoStore(memory, fields=["text"]))
    result = await graph.ainvoke({"messages": [("user", "Ada likes tea")]})
    assert result["messages"][-1].text == "Ada likes tea"


def test_what_expired_is_gone_from_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also in a store made without `ttl`, and with items that expire at several times."""
    clock = SimpleNamespace(now=1_000_000.0)
    monkeypatch.setattr(store_module, "time", SimpleNamespace(time=lambda: clock.now))
    memory = TextMemory.open(tmp_path / "s.db", encoder=HashingEncoder())
    store = NuonuoStore(memory)
    for n in range(3):
        store.put(("codes",), str(n), {"text": f"code heron 778{n}"}, ttl=10 * n + 2)
    for left in (2, 1):
        clock.now += 650
        store.put(("other",), "x", {"text": "something else"})
        held = memory.recall("code heron", namespace=NuonuoStore.ROOT, prefix=True, k=9)
        assert sum("heron" in hit.text for hit in held) == left
    store.put(("codes",), "3", {"text": "code heron 7783"}, ttl=1)
    store.get(("codes",), "2", refresh_ttl=True)  # looked at, so it lives on
    clock.now += 600
    again = NuonuoStore(memory)
    assert again.list_namespaces(prefix=("codes",)) == [("codes",)]
    assert len(memory.list(namespace=(*NuonuoStore.ROOT, "codes"))) == 1
    memory.close()
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert [b"heron 778%d" % n in written for n in range(4)] == [False, False, True, False]
