"""The association postprocessor over retrievers that know nothing of it."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from li_helpers import Caller, HashEmbedding
from llama_index.core import VectorStoreIndex
from llama_index.core.llms import MockLLM
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.retrievers import QueryFusionRetriever
from llama_index.core.schema import MetadataMode, NodeWithScore, TextNode
from llama_index.core.settings import Settings
from llama_index.core.vector_stores import MetadataFilter, MetadataFilters
from llama_index.core.workflow import JsonSerializer

from llama_index_nuonuo import AssociationPostprocessor, NuonuoRetriever
from llama_index_nuonuo.nodes import HIT_KEY
from llama_index_nuonuo.postprocessor import activation
from nuonuo_memory.errors import EmptyTextError, InvalidInputError

QUESTION = "Who approves what Marta Quist deploys?"
NODES = {
    "marta": "Marta Quist deploys the Halberd gateway every Friday.",
    "halberd": "The Halberd gateway belongs to the platform group led by Ingrid Solberg.",
    "ingrid": "Ingrid Solberg approves changes after reading the weekly report.",
    **{f"filler {n}": f"Budget {n} is filed on a Tuesday by hand." for n in range(8)},
}


def nodes() -> list[TextNode]:
    return [TextNode(id_=name, text=text) for name, text in NODES.items()]


@pytest.fixture
def postprocessor(embedder: HashEmbedding) -> Iterator[AssociationPostprocessor]:
    made = AssociationPostprocessor.from_nodes(nodes(), embed_model=embedder, top_n=3)
    yield made
    made.close()


@pytest.fixture
def index(embedder: HashEmbedding) -> VectorStoreIndex:
    return VectorStoreIndex(nodes(), embed_model=embedder)


def test_it_adds_what_the_nodes_lead_to(
    index: VectorStoreIndex, postprocessor: AssociationPostprocessor, call: Caller
) -> None:
    plain = index.as_retriever(similarity_top_k=2).retrieve(QUESTION)
    assert "halberd" not in {one.node.node_id for one in plain}
    reached = call(postprocessor, "postprocess_nodes", plain, query_str=QUESTION)
    found = {one.node.node_id: one.node for one in reached}
    assert {"marta", "halberd"} <= set(found)
    assert len(reached) == 3
    path = found["halberd"].metadata[HIT_KEY]["path"]
    assert path
    assert path[-1]["target"] == "halberd"
    scores = [one.get_score() for one in reached]
    assert scores == sorted(scores, reverse=True)
    for one in reached:
        assert HIT_KEY not in one.node.get_content(metadata_mode=MetadataMode.LLM)


def test_what_came_in_is_not_changed(
    index: VectorStoreIndex, postprocessor: AssociationPostprocessor
) -> None:
    plain = index.as_retriever(similarity_top_k=2).retrieve(QUESTION)
    before = [one.model_copy(deep=True) for one in plain]
    postprocessor.postprocess_nodes(plain, query_str=QUESTION)
    assert plain == before


def test_nodes_of_elsewhere_are_kept(postprocessor: AssociationPostprocessor) -> None:
    foreign = NodeWithScore(node=TextNode(id_="foreign", text="elsewhere"), score=0.9)
    known = NodeWithScore(node=nodes()[0], score=0.8)
    only = postprocessor.postprocess_nodes([foreign], query_str=QUESTION)
    assert [one.node.node_id for one in only] == ["foreign"]
    postprocessor.top_n = 50
    both = postprocessor.postprocess_nodes([foreign, known], query_str=QUESTION)
    assert both[-1].node.node_id == "foreign"
    assert both[0].node.node_id == "marta"


def test_without_a_limit_nodes_are_added(index: VectorStoreIndex, embedder: HashEmbedding) -> None:
    made = AssociationPostprocessor.from_nodes(nodes(), embed_model=embedder)
    made.added = 2
    plain = index.as_retriever(similarity_top_k=2).retrieve(QUESTION)
    assert 2 < len(made.postprocess_nodes(plain, query_str=QUESTION)) <= 4
    made.close()


def test_nothing_comes_of_nothing(postprocessor: AssociationPostprocessor) -> None:
    assert postprocessor.postprocess_nodes([], query_str=QUESTION) == []


def test_the_question_is_needed(postprocessor: AssociationPostprocessor) -> None:
    with pytest.raises(InvalidInputError, match="query_str"):
        postprocessor.postprocess_nodes([NodeWithScore(node=nodes()[0], score=1.0)])


def test_in_a_query_engine(
    index: VectorStoreIndex, postprocessor: AssociationPostprocessor
) -> None:
    def engine(*processors: AssociationPostprocessor) -> RetrieverQueryEngine:
        return RetrieverQueryEngine.from_args(
            index.as_retriever(similarity_top_k=2),
            llm=MockLLM(),
            node_postprocessors=list(processors),
        )

    assert NODES["halberd"] not in str(engine().query(QUESTION))
    assert NODES["halberd"] in str(engine(postprocessor).query(QUESTION))
    answered = asyncio.run(engine(postprocessor).aquery(QUESTION))
    assert NODES["halberd"] in str(answered)


def test_it_survives_json(
    tmp_path: Path, embedder: HashEmbedding, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = AssociationPostprocessor.from_nodes(
        nodes(), path=tmp_path / "nodes.db", embed_model=embedder, top_n=3
    )
    made.close()
    monkeypatch.setattr(Settings, "_embed_model", embedder)
    serialiser = JsonSerializer()
    again = serialiser.deserialize(serialiser.serialize(made))
    start = [NodeWithScore(node=nodes()[0], score=0.8)]
    assert len(again.postprocess_nodes(start, query_str=QUESTION)) == 3
    again.close()


@pytest.mark.parametrize(
    "scores",
    [
        {"a": 0.03, "b": 0.02, "c": 0.01},
        {"a": 15.0, "b": 9.0, "c": 2.0},
        {"a": -1.0, "b": -2.0, "c": -9.0},
    ],
)
def test_activation_knows_no_scale(scores: dict[str, float | None]) -> None:
    start = activation(scores)
    assert math.isclose(sum(start.values()), 1.0)
    assert list(start) == sorted(start, key=lambda key: -start[key])
    assert math.isclose(start["a"] / start["c"], math.exp(3.0))


def test_equal_or_missing_scores_start_alike() -> None:
    assert activation({"a": None, "b": None}) == {"a": 0.5, "b": 0.5}
    assert activation({"a": 0.7, "b": 0.7}) == {"a": 0.5, "b": 0.5}
    assert activation({}) == {}


def tenant(name: str) -> MetadataFilters:
    return MetadataFilters(filters=[MetadataFilter(key="tenant", value=name)])


def of_two_tenants() -> list[TextNode]:
    """The nodes in the middle of the chain are another tenant's."""
    owners = {"halberd": "other"}
    return [
        TextNode(id_=name, text=text, metadata={"tenant": owners.get(name, "own")})
        for name, text in NODES.items()
    ]


@pytest.mark.parametrize("given", ["filters", "retriever", "query"])
def test_it_returns_and_passes_nothing_that_the_filters_exclude(
    embedder: HashEmbedding, given: str, call: Caller
) -> None:
    index = VectorStoreIndex(of_two_tenants(), embed_model=embedder)
    retriever = index.as_retriever(similarity_top_k=3, filters=tenant("own"))
    options: dict[str, Any] = {
        "filters": {"filters": tenant("own")},
        "retriever": {"retriever": retriever},
        "query": {},
    }[given]
    made = AssociationPostprocessor.from_nodes(
        of_two_tenants(), embed_model=embedder, added=8, hops=3, **options
    )
    every = index.as_retriever(similarity_top_k=9).retrieve(QUESTION)
    assert "halberd" in {one.node.node_id for one in every}
    asked = made.with_filters(tenant("own")) if given == "query" else made
    for nodes_in in (retriever.retrieve(QUESTION), every):
        found = call(asked, "postprocess_nodes", nodes_in, query_str=QUESTION)
        assert {one.node.metadata["tenant"] for one in found} == {"own"}
        for one in found:
            path = one.node.metadata[HIT_KEY]["path"]
            assert "halberd" not in {end for hop in path for end in (hop["source"], hop["target"])}
    assert made.with_filters(tenant("nobody")).postprocess_nodes(every, query_str=QUESTION) == []
    made.close()


def test_filters_are_taken_of_retrievers_that_say_them(embedder: HashEmbedding) -> None:
    own = NuonuoRetriever.from_nodes(
        of_two_tenants(), embed_model=embedder, filters=tenant("own"), namespace="n"
    )
    made = AssociationPostprocessor.from_nodes(
        of_two_tenants(), embed_model=embedder, retriever=own, filters=tenant("other")
    )
    assert made.filters is not None
    assert made.filters.filters == [tenant("other"), tenant("own")]
    fused = QueryFusionRetriever([own], llm=MockLLM(), num_queries=1)
    with pytest.raises(InvalidInputError, match="filters="):
        AssociationPostprocessor.from_nodes([], embed_model=embedder, retriever=fused)
    made.close()
    own.close()


def test_blank_nodes_are_skipped_on_request(embedder: HashEmbedding) -> None:
    blank = [*nodes(), TextNode(id_="scan", text=" ")]
    with pytest.raises(EmptyTextError, match="scan"):
        AssociationPostprocessor.from_nodes(blank, embed_model=embedder)
    with AssociationPostprocessor.from_nodes(
        blank, embed_model=embedder, skip_blank=True
    ).memory as memory:
        assert len(memory.list()) == len(NODES)
    bad = [*nodes(), TextNode(id_="bad", text="x", metadata={"price": math.nan})]
    with pytest.raises(InvalidInputError, match=r"node 11 \(id 'bad'\).*price"):
        AssociationPostprocessor.from_nodes(bad, embed_model=embedder)
