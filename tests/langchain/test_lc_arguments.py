"""No adapter drops an argument of recall, and none accepts in silence what it does not know."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from langchain.agents import create_agent

from langchain_nuonuo import (
    NuonuoMiddleware,
    NuonuoRetriever,
    NuonuoStore,
    NuonuoVectorStore,
    create_memory_tools,
)
from nuonuo_memory import TextMemory
from nuonuo_memory.errors import ClosedError, InvalidInputError
from nuonuo_memory.types import Recall

OF_ONE_QUESTION = {"start", "vector"}
"""Belongs to one question, not to a component that asks many."""

SCOPE_OF_AN_OPERATION = {"k", "namespace", "prefix", "where"}
"""A LangGraph store is given these with each search, as limit, namespace and filter."""

NOT_OF_ITEMS = {"since", "until", "session", "group_by", "now"}
"""A LangGraph store's items are in no conversation and have no time of their own."""


def recalls() -> set[str]:
    return set(inspect.signature(TextMemory.recall).parameters) - {"self", "text"}


def parameters(call: Callable[..., Any], **renamed: str) -> set[str]:
    """Names that a call takes, in recall's words."""
    names = set(inspect.signature(call).parameters)
    return {renamed.get(name, name) for name in names}


def test_the_retriever_takes_what_recall_takes() -> None:
    assert recalls() - set(NuonuoRetriever.model_fields) == OF_ONE_QUESTION


def test_the_classic_memory_takes_what_recall_takes() -> None:
    classic = pytest.importorskip("langchain_nuonuo.memory").NuonuoMemory
    assert recalls() - set(classic.model_fields) == OF_ONE_QUESTION
    assert "within_session" in classic.model_fields


@pytest.mark.parametrize("call", [NuonuoMiddleware, create_memory_tools])
def test_agents_adapters_take_what_recall_takes(call: Callable[..., Any]) -> None:
    assert recalls() - parameters(call) == OF_ONE_QUESTION


@pytest.mark.parametrize(
    "name",
    [
        "similarity_search",
        "similarity_search_with_score",
        "_similarity_search_with_relevance_scores",
        "similarity_search_by_vector",
        "max_marginal_relevance_search",
        "max_marginal_relevance_search_by_vector",
    ],
)
def test_every_search_takes_what_recall_takes(name: str) -> None:
    own = {"namespace", "vector"}  # the store's, and the positional argument of some searches
    taken = parameters(getattr(NuonuoVectorStore, name), filter="where")
    assert recalls() - taken - own == set()


def test_the_store_takes_what_is_no_part_of_an_operation() -> None:
    left = recalls() - SCOPE_OF_AN_OPERATION - NOT_OF_ITEMS - OF_ONE_QUESTION
    for call in (NuonuoStore, NuonuoStore.open, NuonuoStore.aopen):
        assert left <= parameters(call)


# ------------------------------------------------------------------------- and passes them on

GIVEN: dict[str, Any] = {
    "k": 3,
    "prefix": True,
    "where": {"n": 1},
    "since": datetime(2026, 1, 1, tzinfo=UTC),
    "until": datetime(2026, 2, 1, tzinfo=UTC),
    "hops": 2,
    "group_by": "session",
    "min_confidence": 0.25,
    "now": datetime(2026, 3, 1, tzinfo=UTC),
}


@pytest.fixture
def asked(memory: TextMemory, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The arguments of every recall of the memory, which then finds nothing."""
    calls: list[dict[str, Any]] = []

    def recall(text: str, **given: Any) -> Recall:
        calls.append(given)
        return Recall(text, (), 0.0)

    async def arecall(text: str, **given: Any) -> Recall:
        return recall(text, **given)

    monkeypatch.setattr(memory, "recall", recall)
    monkeypatch.setattr(memory, "arecall", arecall)
    return calls


def told(asked: dict[str, Any]) -> dict[str, Any]:
    return {name: asked[name] for name in GIVEN}


async def test_the_retriever_passes_all_on(memory: TextMemory, asked: list[dict[str, Any]]) -> None:
    retriever = NuonuoRetriever(memory=memory, session="s", **GIVEN)
    retriever.invoke("x")
    await retriever.ainvoke("x")
    plain = NuonuoRetriever(memory=memory)
    plain.invoke("x", session="s", **GIVEN)
    await plain.ainvoke("x", session="s", **GIVEN)
    assert [told(one) for one in asked] == [GIVEN] * 4
    assert {one["session"] for one in asked} == {"s"}


async def test_the_middleware_and_its_tools_pass_all_on(
    memory: TextMemory, asked: list[dict[str, Any]], script: Any
) -> None:
    middleware = NuonuoMiddleware(
        memory, session="s", within_session=True, store=False, tools=True, **GIVEN
    )
    agent = create_agent(script("ok", "ok"), middleware=[middleware])
    agent.invoke({"messages": [("user", "x")]})
    await agent.ainvoke({"messages": [("user", "x")]})
    assert [told(one) for one in asked] == [{**GIVEN, "k": GIVEN["k"] + 1}] * 2
    assert {one["session"] for one in asked} == {"s"}
    asked.clear()
    tools = {tool.name: tool for tool in middleware.tools}
    tools["recall"].invoke({"query": "x"})
    await tools["recall"].ainvoke({"query": "x"})
    tools["follow"].invoke({"query": "x", "hops": 4})
    assert [told(one) for one in asked] == [GIVEN, GIVEN, {**GIVEN, "hops": 4}]


def test_the_classic_memory_passes_all_on(memory: TextMemory, asked: list[dict[str, Any]]) -> None:
    classic = pytest.importorskip("langchain_nuonuo.memory").NuonuoMemory
    own = classic(memory=memory, session="s", within_session=True, **GIVEN)
    own.load_memory_variables({"input": "x"})
    assert told(asked[0]) == GIVEN
    assert asked[0]["session"] == "s"


async def test_every_search_passes_all_on(memory: TextMemory, asked: list[dict[str, Any]]) -> None:
    store = NuonuoVectorStore(memory=memory)
    wanted = {**GIVEN, "session": "s", "start": {"a": 1.0}}
    given = {("filter" if name == "where" else name): value for name, value in wanted.items()}
    vector = [1.0] * memory.encoder.dimension
    for name, about in (
        ("similarity_search", "x"),
        ("similarity_search_with_score", "x"),
        ("similarity_search_with_relevance_scores", "x"),
        ("similarity_search_by_vector", vector),
        ("max_marginal_relevance_search", "x"),
        ("max_marginal_relevance_search_by_vector", vector),
    ):
        more = {"fetch_k": 3} if name.startswith("max") else {}
        getattr(store, name)(about, **given, **more)
        await getattr(store, f"a{name}")(about, **given, **more)
        assert [{key: one[key] for key in wanted} for one in asked] == [wanted] * 2, name
        asked.clear()


# ------------------------------------------------------------------ nothing wrong in silence


def builders() -> dict[str, Callable[..., Any]]:
    return {
        "NuonuoRetriever": lambda memory, **more: NuonuoRetriever(memory=memory, **more),
        "NuonuoMiddleware": NuonuoMiddleware,
        "NuonuoStore": NuonuoStore,
        "NuonuoVectorStore": lambda memory, **more: NuonuoVectorStore(memory=memory, **more),
        "create_memory_tools": create_memory_tools,
        "NuonuoMemory": lambda memory, **more: pytest.importorskip(
            "langchain_nuonuo.memory"
        ).NuonuoMemory(memory=memory, **more),
    }


@pytest.mark.parametrize("name", builders())
def test_unknown_arguments_are_refused(memory: TextMemory, name: str) -> None:
    with pytest.raises(TypeError, match="kk"):
        builders()[name](memory, kk=3)


@pytest.mark.parametrize("name", ["NuonuoRetriever", "NuonuoMemory"])
def test_the_error_names_the_fields(memory: TextMemory, name: str) -> None:
    with pytest.raises(
        TypeError, match=rf"{name} got an unexpected argument 'kk'; it takes .*\bk,"
    ):
        builders()[name](memory, kk=3)


@pytest.mark.parametrize("name", builders())
@pytest.mark.parametrize("wrong", ["memory.db", TextMemory, Path("memory.db")])
def test_what_is_no_memory_is_refused(name: str, wrong: object) -> None:
    with pytest.raises(ValueError, match=r"open one with TextMemory\.open"):
        builders()[name](wrong)


@pytest.mark.parametrize("name", builders())
def test_a_closed_memory_is_refused(memory: TextMemory, name: str) -> None:
    memory.close()
    with pytest.raises(ClosedError, match="open it again"):
        builders()[name](memory)


def test_a_class_is_no_embedder(tmp_path: Path) -> None:
    from langchain_core.embeddings import FakeEmbeddings

    with pytest.raises(InvalidInputError, match="FakeEmbeddings"):
        NuonuoVectorStore(FakeEmbeddings, path=tmp_path / "v.db")  # type: ignore[arg-type]
    assert not (tmp_path / "v.db").exists()


# ------------------------------------------------------------------------------ async twins

AT_ONCE = {"from_documents", "from_texts"} | {"as_retriever", "embeddings", "search"}
"""Of the vector store's: LangChain's own twins, or calls that do nothing yet."""


@pytest.mark.parametrize("kind", [NuonuoStore, NuonuoVectorStore])
def test_every_call_has_an_async_twin(kind: type) -> None:
    public = {name for name, _ in inspect.getmembers(kind, callable) if not name.startswith("_")}
    plain = {name for name in public if f"a{name}" in public}
    twins = {f"a{name}" for name in plain}
    own = {name for one in kind.__mro__[:2] for name in vars(one) if name in public}
    assert own - plain - twins - AT_ONCE == set()
    for name in plain & set(vars(kind)):
        if f"a{name}" in vars(kind) and name != "batch":
            twin = inspect.signature(getattr(kind, f"a{name}"))
            assert twin.parameters == inspect.signature(getattr(kind, name)).parameters, name
