"""One body of tests for every vector store: ours and LlamaIndex's simple one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from li_helpers import FACTS, Caller, HashEmbedding, fact_nodes
from llama_index.core import StorageContext, VectorStoreIndex
from llama_index.core.schema import NodeRelationship, RelatedNodeInfo, TextNode
from llama_index.core.vector_stores import SimpleVectorStore
from llama_index.core.vector_stores.types import (
    BasePydanticVectorStore,
    FilterCondition,
    FilterOperator,
    MetadataFilter,
    MetadataFilters,
    VectorStoreQuery,
    VectorStoreQueryMode,
)

from llama_index_nuonuo import NuonuoVectorStore


@pytest.fixture(params=["nuonuo", "simple"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def store(kind: str, embedder: HashEmbedding) -> Iterator[BasePydanticVectorStore]:
    if kind == "simple":
        yield SimpleVectorStore()
        return
    ours = NuonuoVectorStore().open(embedder)
    yield ours
    ours.close()


def embedded(embedder: HashEmbedding, nodes: list[TextNode] | None = None) -> list[TextNode]:
    nodes = fact_nodes() if nodes is None else nodes
    for node in nodes:
        node.embedding = embedder.get_text_embedding(node.get_content("embed"))
    return nodes


def asked(embedder: HashEmbedding, text: str, k: int = 10, **more: Any) -> VectorStoreQuery:
    return VectorStoreQuery(
        query_embedding=embedder.get_query_embedding(text),
        query_str=text,
        similarity_top_k=k,
        **more,
    )


def test_add_returns_the_ids(
    store: BasePydanticVectorStore, call: Caller, embedder: HashEmbedding
) -> None:
    assert call(store, "add", embedded(embedder)) == list(FACTS)
    assert call(store, "add", []) == []


def test_query_is_by_similarity(
    store: BasePydanticVectorStore, call: Caller, embedder: HashEmbedding
) -> None:
    call(store, "add", embedded(embedder))
    result = call(store, "query", asked(embedder, FACTS["tea"], 3))
    assert result.ids[0] == "tea"
    assert len(result.ids) == len(result.similarities) == 3
    assert result.similarities == sorted(result.similarities, reverse=True)
    expected = {
        node.node_id: embedder.similarity(
            node.get_embedding(), embedder.get_query_embedding(FACTS["tea"])
        )
        for node in embedded(embedder)
    }
    for found, similarity in zip(result.ids, result.similarities, strict=True):
        assert similarity == pytest.approx(expected[found], abs=2e-3)


def test_an_empty_store_finds_nothing(
    store: BasePydanticVectorStore, call: Caller, embedder: HashEmbedding
) -> None:
    assert list(call(store, "query", asked(embedder, "tea")).ids or []) == []


def test_the_same_id_again_replaces(
    store: BasePydanticVectorStore, call: Caller, embedder: HashEmbedding
) -> None:
    call(store, "add", embedded(embedder))
    changed = TextNode(id_="tea", text="Coffee is roasted.", metadata={"topic": "drinks"})
    call(store, "add", embedded(embedder, [changed]))
    result = call(store, "query", asked(embedder, "topic: drinks\n\nCoffee is roasted.", 50))
    assert result.ids[0] == "tea"
    assert len(result.ids) == len(FACTS)


def test_delete_takes_a_document_s_nodes(
    store: BasePydanticVectorStore, call: Caller, embedder: HashEmbedding
) -> None:
    call(store, "add", embedded(embedder))
    call(store, "delete", "doc-0")
    call(store, "delete", "unknown")
    left = call(store, "query", asked(embedder, "tea")).ids
    assert sorted(left) == sorted(name for at, name in enumerate(FACTS) if at % 2)


def test_delete_nodes_and_clear(
    store: BasePydanticVectorStore, call: Caller, embedder: HashEmbedding
) -> None:
    call(store, "add", embedded(embedder))
    call(store, "delete_nodes", ["tea", "unknown"])
    people = MetadataFilters(filters=[MetadataFilter(key="topic", value="people")])
    call(store, "delete_nodes", filters=people)
    left = call(store, "query", asked(embedder, "tea")).ids
    assert sorted(left) == ["bicycle", "whale", "zürich"]
    call(store, "clear")
    assert list(call(store, "query", asked(embedder, "tea")).ids or []) == []


def test_node_ids_limit_a_query(
    store: BasePydanticVectorStore, call: Caller, embedder: HashEmbedding
) -> None:
    call(store, "add", embedded(embedder))
    result = call(store, "query", asked(embedder, "tea", node_ids=["ada", "whale"]))
    assert sorted(result.ids) == ["ada", "whale"]


ROWS: dict[str, dict[str, Any]] = {
    "a": {"n": 1, "name": "Ada Lovelace", "tags": ["x", "y"], "empty": ""},
    "b": {"n": 2, "name": "Charles Babbage", "tags": ["y"], "empty": []},
    "c": {"n": 3, "name": "ADA the cat", "tags": ["z", "x"], "empty": "no"},
    "d": {"name": "Dora", "empty": None},
}
OPERATORS: list[tuple[str, FilterOperator, Any, str]] = [
    ("n", FilterOperator.EQ, 2, "b"),
    ("n", FilterOperator.NE, 2, "acd"),
    ("n", FilterOperator.GT, 1, "bc"),
    ("n", FilterOperator.GTE, 2, "bc"),
    ("n", FilterOperator.LT, 2, "a"),
    ("n", FilterOperator.LTE, 2, "ab"),
    ("n", FilterOperator.IN, [1, 3, 9], "ac"),
    ("n", FilterOperator.NIN, [1, 3, 9], "bd"),
    ("name", FilterOperator.EQ, "Dora", "d"),
    ("name", FilterOperator.IN, ["Dora", "Ada Lovelace"], "ad"),
    ("tags", FilterOperator.CONTAINS, "x", "ac"),
    ("tags", FilterOperator.ANY, ["x", "q"], "ac"),
    ("tags", FilterOperator.ALL, ["x", "y"], "a"),
    ("name", FilterOperator.TEXT_MATCH, "Ada", "a"),
    ("name", FilterOperator.TEXT_MATCH_INSENSITIVE, "ada", "ac"),
    ("empty", FilterOperator.IS_EMPTY, None, "abd"),
    ("tags", FilterOperator.IS_EMPTY, None, "d"),
    ("unknown", FilterOperator.IS_EMPTY, None, "abcd"),
    ("unknown", FilterOperator.EQ, 1, ""),
    ("unknown", FilterOperator.NE, 1, "abcd"),
]


def rows(embedder: HashEmbedding) -> list[TextNode]:
    return embedded(
        embedder,
        [TextNode(id_=name, text=f"row {name}", metadata=of) for name, of in ROWS.items()],
    )


def found(store: BasePydanticVectorStore, embedder: HashEmbedding, filters: Any) -> str:
    result = store.query(asked(embedder, "row", filters=filters))
    return "".join(sorted(result.ids or []))


@pytest.mark.parametrize(("key", "operator", "value", "expected"), OPERATORS)
def test_every_operator(
    store: BasePydanticVectorStore,
    embedder: HashEmbedding,
    key: str,
    operator: FilterOperator,
    value: Any,
    expected: str,
) -> None:
    store.add(rows(embedder))
    one = MetadataFilter(key=key, operator=operator, value=value)
    assert found(store, embedder, MetadataFilters(filters=[one])) == expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [(FilterCondition.AND, "b"), (FilterCondition.OR, "abc"), (FilterCondition.NOT, "d")],
)
def test_every_condition(
    store: BasePydanticVectorStore,
    embedder: HashEmbedding,
    condition: FilterCondition,
    expected: str,
) -> None:
    store.add(rows(embedder))
    both = [
        MetadataFilter(key="n", operator=FilterOperator.GTE, value=2),
        MetadataFilter(key="tags", operator=FilterOperator.CONTAINS, value="y"),
    ]
    assert found(store, embedder, MetadataFilters(filters=both, condition=condition)) == expected


def test_filters_within_filters(
    store: BasePydanticVectorStore, kind: str, embedder: HashEmbedding
) -> None:
    if kind == "simple":
        pytest.skip("difference: LlamaIndex's simple store takes no nested filters")
    store.add(rows(embedder))
    inner = MetadataFilters(
        filters=[
            MetadataFilter(key="n", value=1),
            MetadataFilter(key="name", value="Dora"),
        ],
        condition=FilterCondition.OR,
    )
    outer = MetadataFilters(
        filters=[inner, MetadataFilter(key="tags", operator=FilterOperator.CONTAINS, value="x")]
    )
    assert found(store, embedder, outer) == "a"


def test_values_of_two_types_never_match(
    store: BasePydanticVectorStore, kind: str, embedder: HashEmbedding
) -> None:
    if kind == "simple":
        pytest.skip("difference: LlamaIndex's simple store raises TypeError")
    store.add(rows(embedder))
    one = MetadataFilter(key="name", operator=FilterOperator.GT, value=1)
    assert found(store, embedder, MetadataFilters(filters=[one])) == ""


def test_under_an_index(
    store: BasePydanticVectorStore, call: Caller, embedder: HashEmbedding
) -> None:
    context = StorageContext.from_defaults(vector_store=store)
    index = VectorStoreIndex(fact_nodes(), storage_context=context, embed_model=embedder)
    retriever = index.as_retriever(similarity_top_k=2)
    nodes = call(retriever, "retrieve", FACTS["whale"])
    assert nodes[0].node.node_id == "whale"
    assert nodes[0].node.text == FACTS["whale"]
    index.insert_nodes([TextNode(id_="new", text="A violin has four strings.")])
    retriever = index.as_retriever(similarity_top_k=2)
    assert call(retriever, "retrieve", "violin strings")[0].node.node_id == "new"
    index.delete_ref_doc("doc-0")
    retriever = index.as_retriever(similarity_top_k=9)
    assert "ada" not in [one.node.node_id for one in call(retriever, "retrieve", FACTS["ada"])]


def test_an_unknown_mode_is_refused(
    store: BasePydanticVectorStore, embedder: HashEmbedding
) -> None:
    store.add(embedded(embedder))
    with pytest.raises(ValueError, match="mode"):
        store.query(asked(embedder, "tea", mode=VectorStoreQueryMode.SPARSE))


def test_variety_leaves_out_near_copies(
    store: BasePydanticVectorStore, call: Caller, embedder: HashEmbedding
) -> None:
    twin = TextNode(id_="twin", text="Green tea grows best on misty mountain slopes!")
    other = TextNode(id_="other", text="Black tea is rolled and dried in the valley.")
    plain = [TextNode(id_=name, text=text) for name, text in FACTS.items()]
    call(store, "add", embedded(embedder, [*plain, twin, other]))
    wanted = asked(embedder, "tea on misty slopes", 2, mode=VectorStoreQueryMode.MMR)
    varied = call(store, "query", wanted, mmr_threshold=0.3)
    assert len({"tea", "twin"} & set(varied.ids)) == 1
    nearest = call(store, "query", wanted, mmr_threshold=1.0)
    assert set(nearest.ids) == {"tea", "twin"}


def test_relationships_survive(store: BasePydanticVectorStore, embedder: HashEmbedding) -> None:
    node = TextNode(
        id_="one", text="one", relationships={NodeRelationship.NEXT: RelatedNodeInfo(node_id="b")}
    )
    store.add(embedded(embedder, [node]))
    if store.stores_text:
        (back,) = store.get_nodes(["one"])
        assert back.next_node is not None
        assert back.next_node.node_id == "b"


def test_a_store_of_given_vectors_alone_finds_near_ones() -> None:
    generator = torch.Generator().manual_seed(0)
    common = torch.randn(24, generator=generator)  # most embedders' vectors have much in common
    rows = torch.nn.functional.normalize(torch.randn(300, 24, generator=generator) + common)
    questions = torch.nn.functional.normalize(torch.randn(20, 24, generator=generator) + common)
    store = NuonuoVectorStore(embed_dim=24).open()
    store.add(
        [
            TextNode(id_=str(at), text=f"node {at}", embedding=row.tolist())
            for at, row in enumerate(rows)
        ]
    )
    right = 0
    for question in questions:
        wanted = VectorStoreQuery(query_embedding=question.tolist(), similarity_top_k=5)
        result = store.query(wanted)
        assert result.similarities == sorted(result.similarities or [], reverse=True)
        nearest = set((rows @ question).topk(5).indices.tolist())
        right += len(nearest & {int(id_) for id_ in result.ids or []})
    assert right >= 0.9 * 5 * len(questions)  # the common part counts in a cosine, not in a recall
    store.close()
