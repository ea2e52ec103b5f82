"""The vector store: LangChain's standard suite, indexing, filters, MMR, relevance."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding, Embeddings
from langchain_core.indexing import InMemoryRecordManager, aindex, index
from langchain_core.vectorstores import VectorStore
from langchain_tests.integration_tests import VectorStoreIntegrationTests

from langchain_nuonuo import NuonuoVectorStore
from nuonuo_memory import TextMemory
from nuonuo_memory.encoders.base import HashingEncoder
from nuonuo_memory.errors import (
    DuplicateIdError,
    EmptyTextError,
    EncoderError,
    InvalidInputError,
    NuonuoError,
)


class CountingEmbeddings(Embeddings):
    """Hashed words, as a user's own embedder, counting its calls."""

    def __init__(self) -> None:
        self.encoder = HashingEncoder()
        self.documents = 0
        self.queries = 0

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        self.documents += len(texts)
        vectors: list[list[float]] = self.encoder.encode(texts).tolist()
        return vectors

    def embed_query(self, text: str) -> list[float]:
        self.queries += 1
        vector: list[float] = self.encoder.encode([text])[0].tolist()
        return vector


class TestStandard(VectorStoreIntegrationTests):
    @pytest.fixture
    def vectorstore(self) -> Iterator[VectorStore]:  # type: ignore[override]
        store = NuonuoVectorStore(self.get_embeddings())
        yield store
        store.memory.close()


TEXTS = ["red apple tree", "green apple tree", "fast blue car", "slow blue boat"]


@pytest.fixture
def store() -> Iterator[NuonuoVectorStore]:
    store = NuonuoVectorStore(CountingEmbeddings())
    store.add_texts(TEXTS, [{"n": n, "kind": text.split()[2]} for n, text in enumerate(TEXTS)])
    yield store
    store.memory.close()


def _texts(documents: list[Document]) -> list[str]:
    return [document.page_content for document in documents]


def test_filters_by_mapping_and_by_function(store: NuonuoVectorStore) -> None:
    assert _texts(store.similarity_search("blue", filter={"n": {"$gte": 3}})) == [TEXTS[3]]
    found = store.similarity_search("apple", k=1, filter=lambda d: d.metadata["kind"] == "boat")
    assert _texts(found) == [TEXTS[3]]
    assert store.similarity_search("apple", filter=lambda d: False) == []


async def test_scores_and_relevance(store: NuonuoVectorStore) -> None:
    scored = store.similarity_search_with_score("blue car", k=4)
    scores = [score for _, score in scored]
    assert scores == sorted(scores, reverse=True)
    assert scored[0][0].page_content == TEXTS[2]
    relevant = store.similarity_search_with_relevance_scores("fast blue car", k=4)
    assert all(0.0 <= score <= 1.0 for _, score in relevant)
    assert relevant[0][1] == pytest.approx(1.0, abs=1e-3)
    assert await store.asimilarity_search_with_relevance_scores("fast blue car", k=4) == relevant
    strict = store.similarity_search_with_relevance_scores("fast blue car", score_threshold=0.9)
    assert _texts([document for document, _ in strict]) == [TEXTS[2]]


def test_as_retriever_in_every_mode(store: NuonuoVectorStore) -> None:
    options: dict[str, dict[str, Any]] = {
        "similarity": {"k": 2},
        "mmr": {"k": 2, "fetch_k": 4},
        "similarity_score_threshold": {"k": 2, "score_threshold": 0.2},
    }
    for kind, search in options.items():
        retriever = store.as_retriever(search_type=kind, search_kwargs=search)
        assert retriever.invoke("fast blue car")[0].page_content == TEXTS[2]
        filtered = store.as_retriever(
            search_type=kind, search_kwargs={**search, "filter": {"kind": "boat"}}
        )
        assert set(_texts(filtered.invoke("slow blue boat"))) == {TEXTS[3]}


async def test_mmr_prefers_different_documents(store: NuonuoVectorStore) -> None:
    store.add_texts(["red apple tree again", "red apple tree once more"])
    near = store.max_marginal_relevance_search("red apple tree", k=3, fetch_k=6, lambda_mult=1.0)
    far = store.max_marginal_relevance_search("red apple tree", k=3, fetch_k=6, lambda_mult=0.1)
    assert all("apple" in text for text in _texts(near))
    assert any("blue" in text for text in _texts(far))
    again = await store.amax_marginal_relevance_search(
        "red apple tree", k=3, fetch_k=6, lambda_mult=0.1
    )
    assert again == far
    vector = store.memory.encoder.encode(["red apple tree"])[0].tolist()
    by_vector = store.max_marginal_relevance_search_by_vector(vector, k=1)
    assert _texts(by_vector) == ["red apple tree"]
    assert store.max_marginal_relevance_search("x", filter={"kind": "none"}) == []


async def test_search_by_vector(store: NuonuoVectorStore) -> None:
    vector = store.memory.encoder.encode(["slow blue boat"])[0].tolist()
    assert _texts(store.similarity_search_by_vector(vector, k=1)) == [TEXTS[3]]
    assert _texts(await store.asimilarity_search_by_vector(vector, k=1)) == [TEXTS[3]]
    with pytest.raises(InvalidInputError):
        store.similarity_search_by_vector([1.0, 2.0], k=1)


async def test_index_with_a_record_manager() -> None:
    store = NuonuoVectorStore(CountingEmbeddings())
    manager = InMemoryRecordManager("test")
    manager.create_schema()
    documents = [Document(f"text {n}", metadata={"source": f"s{n % 2}"}) for n in range(4)]
    options: dict[str, Any] = {
        "cleanup": "full",
        "source_id_key": "source",
        "key_encoder": "sha256",
    }
    assert index(documents, manager, store, **options)["num_added"] == 4
    assert index(documents, manager, store, **options)["num_skipped"] == 4
    changed = [*documents[:3], Document("new text", metadata={"source": "s1"})]
    result = await aindex(changed, manager, store, **options)
    assert (result["num_added"], result["num_deleted"]) == (1, 1)
    assert sorted(_texts(store.similarity_search("text", k=10))) == [
        "new text",
        "text 0",
        "text 1",
        "text 2",
    ]
    store.memory.close()


def test_many_cues_and_association(store: NuonuoVectorStore) -> None:
    store.add_documents([Document("The deadline is 3 May.")], cues=[["When is it due?"]])
    assert _texts(store.similarity_search("When is it due?", k=1)) == ["The deadline is 3 May."]
    assert len(store.similarity_search("blue", k=2, hops=2)) == 2
    with pytest.raises(TypeError, match="fetch_k"):
        store.similarity_search("blue", fetch_k=3)  # type: ignore[call-arg]


def test_ids_are_kept_replaced_and_unique(store: NuonuoVectorStore) -> None:
    ids = store.add_texts(["first"], ids=["a"])
    assert ids == ["a"]
    assert store.add_documents([Document("second", id="a")]) == ["a"]
    assert _texts(store.get_by_ids(["a", "none", "a"])) == ["second"]
    assert store.add_texts(["third", "fourth"], ids=["b", "b"]) == ["b", "b"]
    assert _texts(store.get_by_ids(["b"])) == ["fourth"]
    with pytest.raises(InvalidInputError, match="one for each"):
        store.add_texts(["x", "y"], ids=["1"])
    with pytest.raises(EmptyTextError):
        store.add_texts([""])


def test_namespaces_do_not_mix() -> None:
    with TextMemory.in_memory(encoder=HashingEncoder()) as memory:
        one, two = (NuonuoVectorStore(memory=memory, namespace=name) for name in ("one", "two"))
        one.add_texts(["apple"], ids=["a"])
        two.add_texts(["pear"], ids=["b"])
        assert _texts(two.similarity_search("apple", k=5)) == ["pear"]
        assert two.get_by_ids(["a"]) == []
        assert two.delete(["a"])
        assert _texts(one.get_by_ids(["a"])) == ["apple"]
        with pytest.raises(DuplicateIdError, match="another"):
            two.add_texts(["thief"], ids=["a"])
        assert two.delete()
        assert _texts(one.similarity_search("apple", k=5)) == ["apple"]


def test_the_users_embedder_is_used_and_not_loaded_twice(tmp_path: Any) -> None:
    embedder = CountingEmbeddings()
    with TextMemory.open(tmp_path / "m.db", encoder=embedder) as memory:
        store = NuonuoVectorStore(embedder, memory=memory)
        assert store.embeddings is embedder
        before = embedder.documents
        store.add_texts(["one short text"])
        assert embedder.documents == before + 1
        store.similarity_search("text")  # the first asks for the encoder's background too
        queries = embedder.queries
        store.similarity_search("another text")
        assert embedder.queries == queries + 1
    reopened = NuonuoVectorStore.from_texts(["another"], embedder, path=tmp_path / "m.db")
    assert len(reopened.similarity_search("text", k=5)) == 2
    reopened.memory.close()
    with pytest.raises(InvalidInputError, match="not both"):
        NuonuoVectorStore(embedder, memory=memory, path="x.db")


def test_another_embedder_than_the_memorys_is_refused(memory: TextMemory) -> None:
    with pytest.raises(InvalidInputError, match="hashing-256"):
        NuonuoVectorStore(DeterministicFakeEmbedding(size=256), memory=memory)


def test_from_texts_and_another_embedder(tmp_path: Any) -> None:
    fake = DeterministicFakeEmbedding(size=8)
    store = NuonuoVectorStore.from_texts(["a", "b"], fake, [{"n": 1}, {"n": 2}], ids=["1", "2"])
    assert store.get_by_ids(["2"]) == [Document(id="2", page_content="b", metadata={"n": 2})]
    store.memory.close()


def test_an_embedder_that_fails_stores_nothing() -> None:
    class Broken(CountingEmbeddings):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            raise ConnectionError("no network")

    store = NuonuoVectorStore(Broken())
    with pytest.raises(EncoderError, match="no network"):
        store.add_texts(["text"])
    assert store.memory.list() == []
    store.memory.close()
    with pytest.raises(NuonuoError):
        store.similarity_search("x")


def test_a_bad_document_is_named_and_a_blank_one_skipped_on_request(memory: TextMemory) -> None:
    store = NuonuoVectorStore(memory=memory)
    good = [Document(f"page {n} of the manual", metadata={"page": n}) for n in range(3)]
    bad = {
        "modified": Document("x", metadata={"modified": datetime(2026, 1, 1, tzinfo=UTC)}),
        "price": Document("x", id="scan", metadata={"price": float("nan")}),
    }
    for field, document in bad.items():
        with pytest.raises(InvalidInputError, match=f"document 3.*{field}"):
            store.add_documents([*good, document])
    with pytest.raises(EmptyTextError, match=r"document 3 \(id 'blank'\)"):
        store.add_documents([*good, Document(" ", id="blank")])
    assert memory.list() == []
    blanks = [Document(""), *good, Document(" ", id="blank")]
    assert len(store.add_documents(blanks, skip_blank=True)) == 3
    assert store.add_texts(["", "half \ud83d emoji"], skip_blank=True)
    assert [one.text for one in memory.list()][-1] == "half \ufffd emoji"
    assert len(memory.list()) == 4
