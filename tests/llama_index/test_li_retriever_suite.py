"""One body of tests for every retriever: ours, LlamaIndex's vector index, its BM25.

Where one of theirs behaves otherwise, the reason stands in `DIFFERENCES` and in
docs/llama-index.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from li_helpers import FACTS, Caller, HashEmbedding, fact_nodes
from llama_index.core import VectorStoreIndex
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.bridge.pydantic import Field
from llama_index.core.callbacks import CallbackManager, CBEventType
from llama_index.core.callbacks.base_handler import BaseCallbackHandler
from llama_index.core.instrumentation import get_dispatcher
from llama_index.core.instrumentation.event_handlers.base import BaseEventHandler
from llama_index.core.instrumentation.events import BaseEvent
from llama_index.core.schema import BaseNode, Document, IndexNode, QueryBundle, TextNode
from llama_index.core.vector_stores.types import MetadataFilter, MetadataFilters

from llama_index_nuonuo import NuonuoRetriever

DIFFERENCES = {
    ("bm25", "empty"): "BM25 cannot be built from no nodes",
    ("bm25", "embedding"): "BM25 knows no vectors",
    ("bm25", "custom strings"): "BM25 knows no vectors",
    ("bm25", "filter"): "BM25 fills up with nodes that do not meet the filter, at score 0",
    ("bm25", "filter to nothing"): "BM25 raises when the filter leaves nothing",
}

Build = Callable[..., BaseRetriever]


@pytest.fixture(params=["nuonuo", "vector", "bm25"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def build(kind: str, embedder: HashEmbedding) -> Iterator[Build]:
    opened: list[NuonuoRetriever] = []

    def make(nodes: Sequence[BaseNode], **settings: Any) -> BaseRetriever:
        if kind == "nuonuo":
            opened.append(NuonuoRetriever.from_nodes(nodes, embed_model=embedder, **settings))
            return opened[-1]
        if kind == "vector":
            index = VectorStoreIndex(list(nodes), embed_model=embedder)
            return index.as_retriever(**settings)
        bm25 = pytest.importorskip("llama_index.retrievers.bm25", reason="BM25 is not installed")
        return bm25.BM25Retriever.from_defaults(nodes=list(nodes), **settings)

    yield make
    for retriever in opened:
        retriever.close()


def differs(kind: str, what: str) -> None:
    if (kind, what) in DIFFERENCES:
        pytest.skip(f"difference: {DIFFERENCES[kind, what]}")


def ids(found: Sequence[Any]) -> list[str]:
    return [node.node.node_id for node in found]


def test_the_best_node_comes_first(build: Build, call: Caller) -> None:
    retriever = build(fact_nodes(), similarity_top_k=3)
    for name, text in FACTS.items():
        assert ids(call(retriever, "retrieve", text))[0] == name


def test_scores_fall_and_k_is_kept(build: Build, call: Caller) -> None:
    found = call(build(fact_nodes(), similarity_top_k=3), "retrieve", "the Analytical Engine")
    scores = [node.get_score(raise_error=True) for node in found]
    assert len(found) == 3
    assert scores == sorted(scores, reverse=True)


def test_k_beyond_the_corpus(build: Build, call: Caller) -> None:
    found = call(build(fact_nodes(), similarity_top_k=50), "retrieve", "tea")
    assert len(found) <= len(FACTS)
    assert len(set(ids(found))) == len(found)


def test_a_bundle_is_the_same_as_its_words(build: Build, call: Caller) -> None:
    retriever = build(fact_nodes(), similarity_top_k=3)
    words = call(retriever, "retrieve", "where was Ada born")
    bundle = call(retriever, "retrieve", QueryBundle("where was Ada born"))
    assert ids(words) == ids(bundle)


def test_nodes_come_back_as_they_were(build: Build, call: Caller) -> None:
    stored = fact_nodes()[4]
    (found,) = call(build(fact_nodes(), similarity_top_k=1), "retrieve", stored.text)
    assert isinstance(found.node, TextNode)
    assert found.node.text == stored.text
    assert found.node.relationships == stored.relationships
    assert found.node.ref_doc_id == stored.ref_doc_id
    assert stored.metadata.items() <= found.node.metadata.items()
    assert found.node.get_content("llm") == stored.get_content("llm")


def test_changing_a_result_changes_nothing_stored(build: Build, call: Caller) -> None:
    retriever = build(fact_nodes(), similarity_top_k=1)
    (first,) = call(retriever, "retrieve", FACTS["tea"])
    first.node.metadata["topic"] = "changed"
    (again,) = call(retriever, "retrieve", FACTS["tea"])
    assert again.node.metadata["topic"] == "plants"


def test_nothing_stored_finds_nothing(build: Build, kind: str, call: Caller) -> None:
    differs(kind, "empty")
    assert call(build([]), "retrieve", "anything") == []


def test_filters_limit_what_is_found(build: Build, kind: str, call: Caller) -> None:
    differs(kind, "filter")
    filters = MetadataFilters(filters=[MetadataFilter(key="topic", value="people")])
    found = call(build(fact_nodes(), similarity_top_k=2, filters=filters), "retrieve", "tea")
    assert set(ids(found)) <= {"ada", "babbage"}


def test_a_filter_that_nothing_meets(build: Build, kind: str, call: Caller) -> None:
    differs(kind, "filter to nothing")
    filters = MetadataFilters(filters=[MetadataFilter(key="topic", value="none")])
    assert call(build(fact_nodes(), filters=filters), "retrieve", "tea") == []


def test_a_given_embedding_is_used(
    build: Build, kind: str, call: Caller, embedder: HashEmbedding
) -> None:
    differs(kind, "embedding")
    bundle = QueryBundle("something else", embedding=embedder.get_query_embedding(FACTS["whale"]))
    assert ids(call(build(fact_nodes(), similarity_top_k=1), "retrieve", bundle)) == ["whale"]


def test_custom_strings_are_used(build: Build, kind: str, call: Caller) -> None:
    differs(kind, "custom strings")
    bundle = QueryBundle("qqq", custom_embedding_strs=[FACTS["whale"], "krill and blue whales"])
    assert ids(call(build(fact_nodes(), similarity_top_k=1), "retrieve", bundle)) == ["whale"]


def test_an_index_node_stands_for_its_object(build: Build, call: Caller) -> None:
    target = TextNode(id_="whole", text="The whole table of train times.")
    pointer = IndexNode(id_="pointer", text="train times", index_id="table", obj=target)
    retriever = build([*fact_nodes(), pointer], similarity_top_k=1)
    assert ids(call(retriever, "retrieve", "train times")) == ["whole"]


class Events(BaseEventHandler):
    names: list[str] = Field(default_factory=list)

    @classmethod
    def class_name(cls) -> str:
        return "Events"

    def handle(self, event: BaseEvent, **kwargs: Any) -> None:
        self.names.append(event.class_name())


class Calls(BaseCallbackHandler):
    def __init__(self) -> None:
        super().__init__([], [])
        self.kinds: list[CBEventType] = []

    def on_event_start(self, event_type: CBEventType, *args: Any, **kwargs: Any) -> str:
        self.kinds.append(event_type)
        return str(kwargs.get("event_id", ""))

    def on_event_end(self, *args: Any, **kwargs: Any) -> None: ...
    def start_trace(self, trace_id: str | None = None) -> None: ...
    def end_trace(self, *args: Any, **kwargs: Any) -> None: ...


def test_events_and_callbacks_are_sent(build: Build, call: Caller) -> None:
    events, calls = Events(), Calls()
    retriever = build(fact_nodes(), similarity_top_k=1)
    retriever.callback_manager = CallbackManager([calls])
    root = get_dispatcher()
    root.add_event_handler(events)
    try:
        call(retriever, "retrieve", "tea")
    finally:
        root.event_handlers.remove(events)
    assert [name for name in events.names if name.startswith("Retrieval")] == [
        "RetrievalStartEvent",
        "RetrievalEndEvent",
    ]
    assert CBEventType.RETRIEVE in calls.kinds


def test_a_document_can_be_a_node(build: Build, call: Caller) -> None:
    document = Document(doc_id="manual", text="How to bleed a radiator.", metadata={"page": 3})
    (found,) = call(
        build([*fact_nodes(), document], similarity_top_k=1), "retrieve", "bleed a radiator"
    )
    assert found.node.node_id == "manual"
    assert found.node.metadata["page"] == 3
