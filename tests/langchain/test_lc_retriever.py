"""The retriever: LangChain's standard suite, and what the suite does not ask."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.documents import Document
from langchain_core.load import dumpd
from langchain_core.runnables import RunnableLambda, RunnableParallel, RunnablePassthrough
from langchain_tests.integration_tests import RetrieversIntegrationTests

from langchain_nuonuo import NuonuoRetriever
from nuonuo_memory import Link, NewMemory, TextMemory
from nuonuo_memory.encoders.base import HashingEncoder
from nuonuo_memory.errors import ClosedError, EmptyTextError, InvalidInputError, NuonuoError

FACTS = [
    "Ada was born on the third of May.",
    "Ada lives in Lisbon near the river.",
    "Bob plays the violin in an orchestra.",
    "The deployment of Falcon needs an approval.",
    "Carol grows tomatoes on her balcony.",
]


@pytest.fixture
def filled(memory: TextMemory) -> TextMemory:
    memory.remember_many(
        [
            NewMemory(text, metadata={"n": n, "topic": "people"}, id=f"m{n}")
            for n, text in enumerate(FACTS)
        ]
    )
    return memory


class TestStandard(RetrieversIntegrationTests):
    memory: TextMemory

    @pytest.fixture(autouse=True)
    def _open(self) -> Iterator[None]:
        with TextMemory.in_memory(encoder=HashingEncoder()) as memory:
            memory.remember_many([NewMemory(text) for text in FACTS])
            type(self).memory = memory
            yield

    @property
    def retriever_constructor(self) -> type[NuonuoRetriever]:
        return NuonuoRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        return {"memory": self.memory}

    @property
    def retriever_query_example(self) -> str:
        return "Where does Ada live?"


def test_documents_say_what_brought_them_to_mind(filled: TextMemory) -> None:
    filled.remember("Zoe paints.", cues=["Who is the artist?"], at=datetime(2026, 1, 5, tzinfo=UTC))
    best = NuonuoRetriever(memory=filled, k=2).invoke("Who is the artist?")[0]
    assert best.page_content == "Zoe paints."
    assert best.id is not None
    assert best.metadata["cue"] == "Who is the artist?"
    assert best.metadata["cue_kind"] == "user"
    assert best.metadata["at"] == "2026-01-05T00:00:00+00:00"
    assert 0.0 <= best.metadata["confidence"] <= 1.0
    assert best.metadata["similarity"] == pytest.approx(1.0, abs=1e-3)
    assert "path" not in best.metadata


def test_scores_fall_and_equal_the_facades(filled: TextMemory) -> None:
    found = NuonuoRetriever(memory=filled, k=4).invoke("violin orchestra Ada")
    recall = filled.recall("violin orchestra Ada", k=4)
    assert [document.id for document in found] == [hit.id for hit in recall]
    scores = [document.metadata["score"] for document in found]
    assert scores == [hit.score for hit in recall] == sorted(scores, reverse=True)


def test_hops_give_the_path(memory: TextMemory) -> None:
    memory.remember("Grace likes tulips.", id="b")
    memory.remember("Falcon goes live in June.", id="a", links=[Link("b", "managed by", 1.0)])
    found = NuonuoRetriever(memory=memory, hops=2).invoke("When does Falcon go live?")
    steps = [step for document in found for step in document.metadata.get("path", [])]
    assert any(step["target"] == "b" and step["link"] == "managed by" for step in steps)


@pytest.mark.parametrize("mode", ["sync", "async"])
async def test_every_option_may_be_given_at_call_time(filled: TextMemory, mode: str) -> None:
    filled.remember("Ada is in another place.", namespace="other")
    retriever = NuonuoRetriever(memory=filled)

    async def ask(**options: Any) -> list[Document]:
        if mode == "sync":
            return retriever.invoke("Where does Ada live?", **options)
        return await retriever.ainvoke("Where does Ada live?", **options)

    assert len(await ask(k=2)) == 2
    assert [d.page_content for d in await ask(namespace="other")] == ["Ada is in another place."]
    assert {d.metadata["n"] for d in await ask(where={"n": {"$gte": 3}})} == {3, 4}
    assert await ask(min_confidence=1.0) == []
    assert len(await ask(hops=1, k=3)) == 3
    assert await ask(hops=1, min_confidence=1.0) == []
    assert len(await ask(namespace=("default",), prefix=True)) == 5
    assert await ask(namespace="nobody") == []
    assert await ask(session="nowhere") == []
    assert await ask(until=datetime(2000, 1, 1, tzinfo=UTC)) == []
    assert len(await ask(group_by="topic")) == 1
    assert len(await ask(hops=2, start={"m0": 1.0}, k=2)) == 2


@pytest.mark.parametrize("wrong", [{"top_k": 3}, {"filter": {"n": 1}}, {"K": 1}])
async def test_wrong_names_are_refused_not_dropped(
    filled: TextMemory, wrong: dict[str, Any]
) -> None:
    retriever = NuonuoRetriever(memory=filled)
    message = f"{next(iter(wrong))!r}; it takes group_by, hops, k"
    with pytest.raises(TypeError, match=message):
        retriever.invoke("Ada?", **wrong)
    with pytest.raises(TypeError, match=message):
        await retriever.ainvoke("Ada?", **wrong)


async def test_errors_of_the_engine_come_through(filled: TextMemory) -> None:
    retriever = NuonuoRetriever(memory=filled)
    for wrong in (
        {"k": 0},
        {"min_confidence": 2.0},
        {"namespace": ""},
        {"where": {"n": {"$x": 1}}},
    ):
        with pytest.raises(InvalidInputError):
            retriever.invoke("Ada?", **wrong)
        with pytest.raises(InvalidInputError):
            await retriever.ainvoke("Ada?", **wrong)
    with pytest.raises(EmptyTextError):
        retriever.invoke("  ")
    filled.close()
    with pytest.raises(ClosedError):
        retriever.invoke("Ada?")


class _Watcher(BaseCallbackHandler):
    def __init__(self) -> None:
        self.events: list[tuple[str, Any]] = []

    def on_retriever_start(self, serialized: Any, query: str, **kwargs: Any) -> None:
        self.events.append(("start", kwargs))

    def on_retriever_end(self, documents: Any, **kwargs: Any) -> None:
        self.events.append(("end", documents))

    def on_retriever_error(self, error: BaseException, **kwargs: Any) -> None:
        self.events.append(("error", error))


async def test_callbacks_tags_and_metadata(filled: TextMemory) -> None:
    retriever = NuonuoRetriever(memory=filled, tags=["mine"], metadata={"team": "a"}, k=2)
    for mode in ("sync", "async"):
        watcher = _Watcher()
        config: Any = {"callbacks": [watcher], "tags": ["call"], "metadata": {"run": 1}}
        if mode == "sync":
            retriever.invoke("Ada?", config)
        else:
            await retriever.ainvoke("Ada?", config)
        (start, details), (end, documents) = watcher.events
        assert (start, end, len(documents)) == ("start", "end", 2)
        assert set(details["tags"]) == {"mine", "call"}
        expected = {"team": "a", "run": 1, "ls_retriever_name": "nuonuo"}
        assert expected.items() <= details["metadata"].items()
        assert details["metadata"]["ls_vector_store_provider"] == "nuonuo-memory"
        assert details["metadata"]["ls_embedding_model"] == filled.encoder.name
    watcher = _Watcher()
    with pytest.raises(NuonuoError):
        retriever.invoke("Ada?", {"callbacks": [watcher]}, namespace="")
    assert [event for event, _ in watcher.events] == ["start", "error"]


def test_in_chains(filled: TextMemory) -> None:
    retriever = NuonuoRetriever(memory=filled, k=1)
    text = RunnableLambda(lambda documents: documents[0].page_content)
    chain = {"context": retriever | text, "question": RunnablePassthrough()} | RunnableLambda(dict)
    assert chain.invoke("Where does Ada live?")["context"] == FACTS[1]
    both = RunnableParallel(a=retriever, b=retriever | text)
    assert both.invoke("Who plays the violin?")["b"] == FACTS[2]
    assert [d[0].page_content for d in retriever.batch(["violin", "tomatoes"])] == [
        FACTS[2],
        FACTS[4],
    ]


def test_in_an_ensemble(filled: TextMemory) -> None:
    retrievers = pytest.importorskip("langchain_classic.retrievers")
    one, other = NuonuoRetriever(memory=filled, k=3), NuonuoRetriever(memory=filled, k=3, hops=1)
    ensemble = retrievers.EnsembleRetriever(retrievers=[one, other], id_key=None)
    assert ensemble.invoke("Who plays the violin?")[0].page_content == FACTS[2]


def test_as_a_tool(filled: TextMemory) -> None:
    from langchain_core.tools.retriever import create_retriever_tool

    tool = create_retriever_tool(NuonuoRetriever(memory=filled, k=1), "facts", "Facts of people.")
    assert tool.invoke({"query": "Who plays the violin?"}) == FACTS[2]


def test_documents_are_the_callers_own(filled: TextMemory) -> None:
    filled.remember("Deep metadata.", metadata={"tags": ["a"]}, id="deep")
    retriever = NuonuoRetriever(memory=filled, k=1)
    retriever.invoke("Deep metadata")[0].metadata["tags"].append("b")
    assert retriever.invoke("Deep metadata")[0].metadata["tags"] == ["a"]


def test_it_can_be_traced_and_copied(filled: TextMemory) -> None:
    retriever = NuonuoRetriever(memory=filled, k=1)
    assert dumpd(retriever)["type"] == "not_implemented"
    assert dumpd(retriever.invoke("Ada?"))[0]["kwargs"]["metadata"]["score"]
    wider = retriever.model_copy(update={"k": 3})
    assert (len(retriever.invoke("Ada?")), len(wider.invoke("Ada?"))) == (1, 3)
    configured = retriever.with_config(tags=["x"])
    assert len(configured.invoke("Ada?")) == 1
