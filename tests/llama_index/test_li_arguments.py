"""No adapter drops an argument of recall, and none accepts in silence what it does not know."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from li_helpers import Caller, HashEmbedding, fact_nodes
from llama_index.core import StorageContext, VectorStoreIndex
from llama_index.core.base.llms.types import ChatMessage, MessageRole
from llama_index.core.schema import NodeWithScore, TextNode
from llama_index.core.settings import Settings
from llama_index.core.vector_stores.types import MetadataFilter, MetadataFilters
from llama_index.core.workflow import JsonSerializer

from llama_index_nuonuo import (
    AssociationPostprocessor,
    NuonuoEmbedding,
    NuonuoMemory,
    NuonuoMemoryBlock,
    NuonuoRetriever,
    NuonuoToolSpec,
    NuonuoVectorStore,
)
from nuonuo_memory import TextMemory
from nuonuo_memory.encoders import HashingEncoder
from nuonuo_memory.errors import ClosedError, InvalidInputError, StoreError
from nuonuo_memory.types import Recall

OF_ONE_QUESTION = {"start", "vector"}
"""Of one question: a `QueryBundle` carries the vector, the postprocessor makes the start."""

WORDS = {"similarity_top_k": "k", "top_n": "k", "filters": "where", "within_session": "session"}
"""LlamaIndex's words for recall's."""


def recalls() -> set[str]:
    return set(inspect.signature(TextMemory.recall).parameters) - {"self", "text"}


def in_recalls_words(names: Any) -> set[str]:
    return {WORDS.get(name, name) for name in names}


@pytest.mark.parametrize(
    "call",
    [
        NuonuoRetriever,
        NuonuoRetriever.from_nodes,
        NuonuoRetriever.from_documents,
        NuonuoRetriever.from_path,
        NuonuoToolSpec,
    ],
)
def test_calls_take_what_recall_takes(call: Callable[..., Any]) -> None:
    assert recalls() - in_recalls_words(inspect.signature(call).parameters) == OF_ONE_QUESTION


@pytest.mark.parametrize("model", [NuonuoMemory, NuonuoMemoryBlock, AssociationPostprocessor])
def test_components_take_what_recall_takes(model: Any) -> None:
    assert recalls() - in_recalls_words(model.model_fields) == OF_ONE_QUESTION


@pytest.mark.parametrize("call", [NuonuoVectorStore.query, NuonuoVectorStore.aquery])
def test_a_query_takes_what_a_vector_store_s_query_lacks(call: Callable[..., Any]) -> None:
    in_the_query = {"k", "namespace", "where", "vector"}
    assert recalls() - set(inspect.signature(call).parameters) == in_the_query


def test_constructors_of_the_retriever_take_the_same() -> None:
    own = set(inspect.signature(NuonuoRetriever).parameters) - {"memory"}
    for name in ("from_nodes", "from_documents", "from_path"):
        assert own <= set(inspect.signature(getattr(NuonuoRetriever, name)).parameters)


# ------------------------------------------------------------------------- and passes them on

FILTERS = MetadataFilters(filters=[MetadataFilter(key="n", value=1)])
GIVEN: dict[str, Any] = {
    "prefix": True,
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


def test_the_retriever(memory: TextMemory, asked: list[dict[str, Any]], call: Caller) -> None:
    more = {"similarity_top_k": 3, "filters": FILTERS, "session": "s", "namespace": "ada"}
    call(NuonuoRetriever(memory, **more, **GIVEN), "retrieve", "x")
    made = NuonuoRetriever.from_nodes([TextNode(text="x")], memory=memory, **more, **GIVEN)
    call(made, "retrieve", "x")
    wanted = {"k": 3, "where": {"n": {"$eq": 1}}, "session": "s", "namespace": "ada"}
    for one in asked:
        assert told(one) == GIVEN
        assert {name: one[name] for name in wanted} == wanted


def test_the_agent_memory(memory: TextMemory, asked: list[dict[str, Any]], call: Caller) -> None:
    chat = NuonuoMemory.from_memory(
        memory, session_id="s", within_session=True, filters=FILTERS, **GIVEN
    )
    chat.put(ChatMessage(role=MessageRole.USER, content="Hello there."))
    call(chat, "get")
    assert told(asked[0]) == GIVEN
    assert asked[0]["session"] == "s"
    assert {"n": {"$eq": 1}} in asked[0]["where"]["$and"]


async def test_the_block(memory: TextMemory, asked: list[dict[str, Any]]) -> None:
    block = NuonuoMemoryBlock.from_memory(memory, within_session=True, filters=FILTERS, **GIVEN)
    await block.aget([ChatMessage(role=MessageRole.USER, content="Hello.")], session_id="s")
    assert told(asked[0]) == GIVEN
    assert asked[0]["session"] == "s"
    assert asked[0]["where"] == {"n": {"$eq": 1}}


def test_the_postprocessor(memory: TextMemory, asked: list[dict[str, Any]], call: Caller) -> None:
    NuonuoRetriever(memory).add_nodes(fact_nodes())
    made = AssociationPostprocessor.from_memory(
        memory, top_n=2, session="s", filters=FILTERS, **GIVEN
    )
    node = NodeWithScore(node=fact_nodes()[0], score=1.0)
    call(made, "postprocess_nodes", [node], query_str="x")
    assert told(asked[0]) == GIVEN
    assert (asked[0]["k"], asked[0]["session"], asked[0]["start"]) == (2, "s", {"ada": 1.0})


def test_the_tools(memory: TextMemory, asked: list[dict[str, Any]], call: Caller) -> None:
    spec = NuonuoToolSpec(memory, "ada", session="s", filters=FILTERS, follow_hops=4, **GIVEN)
    call(spec, "recall", "x")
    call(spec, "follow", "x")
    call(spec, "follow", "x", 1)
    assert [told(one) for one in asked] == [GIVEN, {**GIVEN, "hops": 4}, {**GIVEN, "hops": 1}]
    assert {one["session"] for one in asked} == {"s"}


def test_the_vector_store_under_an_index(
    memory: TextMemory, asked: list[dict[str, Any]], call: Caller, embedder: HashEmbedding
) -> None:
    store = NuonuoVectorStore.from_memory(memory)
    context = StorageContext.from_defaults(vector_store=store)
    index = VectorStoreIndex(fact_nodes(), storage_context=context, embed_model=embedder)
    given = {**GIVEN, "session": "s", "start": {"a": 1.0}}
    call(index.as_retriever(vector_store_kwargs=given), "retrieve", "x")
    assert {name: asked[0][name] for name in given} == given


def test_what_a_component_recalls_by_survives_json(
    tmp_path: Path, embedder: HashEmbedding, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Settings, "_embed_model", embedder)
    serialiser = JsonSerializer()
    for kind in (NuonuoMemory, NuonuoMemoryBlock, AssociationPostprocessor):
        made: Any = kind(path=str(tmp_path / "m.db"), filters=FILTERS, **GIVEN)
        again = serialiser.deserialize(serialiser.serialize(made))
        assert {name: getattr(again, name) for name in GIVEN} == GIVEN
        assert again.filters == FILTERS


# ------------------------------------------------------------------ nothing wrong in silence

MODELS = [NuonuoMemory, NuonuoMemoryBlock, AssociationPostprocessor, NuonuoVectorStore]


@pytest.mark.parametrize("model", MODELS)
def test_unknown_fields_are_refused_with_those_known(memory: TextMemory, model: Any) -> None:
    message = rf"{model.__name__} got an unexpected argument 'foo'; it takes .*\bnamespace,"
    with pytest.raises(TypeError, match=message):
        model(foo=1)
    with pytest.raises(TypeError, match=message):
        model.from_memory(memory, foo=1)


def test_other_unknown_arguments_are_refused(memory: TextMemory, embedder: HashEmbedding) -> None:
    wrong: list[Callable[..., Any]] = [
        lambda **more: NuonuoRetriever(memory, **more),
        lambda **more: NuonuoRetriever.from_nodes([], memory=memory, **more),
        lambda **more: NuonuoRetriever.from_documents([], memory=memory, **more),
        lambda **more: NuonuoRetriever.from_path("x.db", **more),
        lambda **more: NuonuoToolSpec(memory, **more),
        lambda **more: NuonuoEmbedding(HashingEncoder(), **more),
        lambda **more: NuonuoMemory.from_defaults(embed_model=embedder, **more),
        lambda **more: NuonuoMemory.from_memory(memory).get("x", **more),
        lambda **more: NuonuoVectorStore.from_memory(memory).add([], **more),
        lambda **more: NuonuoVectorStore.from_memory(memory).delete("x", **more),
        lambda **more: AssociationPostprocessor.from_nodes([], embed_model=embedder, **more),
    ]
    for call in wrong:
        with pytest.raises(TypeError, match="kk"):
            call(kk=3)


async def test_unknown_arguments_of_async_calls_are_refused(memory: TextMemory) -> None:
    with pytest.raises(TypeError, match="session_id"):
        await NuonuoMemoryBlock.from_memory(memory).aget([], session="s")
    with pytest.raises(TypeError, match="initial_token_count"):
        await NuonuoMemory.from_memory(memory).aget(inptu="x")


@pytest.mark.parametrize("wrong", ["memory.db", TextMemory, Path("memory.db")])
def test_what_is_no_memory_is_refused(wrong: Any) -> None:
    for call in (NuonuoRetriever, NuonuoToolSpec, *(model.from_memory for model in MODELS)):  # type: ignore[attr-defined]
        with pytest.raises(InvalidInputError, match=r"open one with TextMemory\.open"):
            call(wrong)
    with pytest.raises(InvalidInputError, match=r"open one with TextMemory\.open"):
        NuonuoMemory(session_id="s").attach(wrong)


def test_a_closed_memory_is_refused(memory: TextMemory) -> None:
    memory.close()
    for call in (NuonuoRetriever, NuonuoToolSpec, *(model.from_memory for model in MODELS)):  # type: ignore[attr-defined]
        with pytest.raises(ClosedError, match="open it again"):
            call(memory)


def test_a_class_is_no_embedder() -> None:
    with pytest.raises(InvalidInputError, match="HashingEncoder"):
        NuonuoEmbedding(HashingEncoder)  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match="HashEmbedding"):
        NuonuoRetriever.from_nodes([], embed_model=HashEmbedding)  # type: ignore[arg-type]


def test_a_size_that_the_embedder_lacks_is_refused(
    memory: TextMemory, embedder: HashEmbedding, tmp_path: Path
) -> None:
    path = str(tmp_path / "v.db")
    with pytest.raises(InvalidInputError, match="embed_dim is 5"):
        NuonuoVectorStore(path=path, embed_dim=5).open(embedder)
    with pytest.raises(InvalidInputError, match="embed_dim is 5"):
        NuonuoVectorStore.from_memory(memory, embed_dim=5)
    assert not Path(path).exists()
    NuonuoVectorStore.from_memory(memory, embed_dim=256)


def test_a_missing_export_is_told(tmp_path: Path, embedder: HashEmbedding) -> None:
    with pytest.raises(StoreError, match="no such file"):
        NuonuoVectorStore.from_persist_path(tmp_path / "none.jsonl", embedder)


def test_the_prompt_s_other_tokens_count(memory: TextMemory) -> None:
    chat = NuonuoMemory.from_memory(memory, session_id="s", token_limit=60, similarity_top_k=0)
    for n in range(6):
        chat.put(ChatMessage(role=MessageRole.USER, content=f"Remark number {n} about bees."))
    assert len(chat.get()) > len(chat.get(initial_token_count=40)) >= 1


# ------------------------------------------------------------------------------ async twins

TWINS = {
    NuonuoRetriever: {"add_nodes", "close", "retrieve"},
    NuonuoMemory: {"close", "get", "get_all", "open", "put", "put_messages", "reset", "set"},
    NuonuoMemoryBlock: {"close", "open"},
    NuonuoVectorStore: {"clear", "close", "delete", "delete_nodes", "get_nodes", "open", "query"},
    AssociationPostprocessor: {"close", "open", "postprocess_nodes"},
    NuonuoToolSpec: {"forget", "follow", "recall", "remember", "update"},
}


@pytest.mark.parametrize("kind", TWINS)
def test_every_call_has_an_async_twin(kind: type) -> None:
    for name in TWINS[kind]:
        twin = getattr(kind, f"a{name}")
        assert inspect.iscoroutinefunction(inspect.unwrap(twin)), name
        if f"a{name}" in vars(kind) and name in vars(kind):
            expected = inspect.signature(getattr(kind, name)).parameters
            assert inspect.signature(twin).parameters == expected, name
