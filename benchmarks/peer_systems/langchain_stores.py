"""LangChain: its in-memory vector store, and BM25 and vectors together as its guide shows."""

from __future__ import annotations

from collections.abc import Sequence

from langchain_classic.retrievers import EnsembleRetriever
from langchain_community.retrievers import BM25Retriever
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import InMemoryVectorStore

from peer_systems.base import Adapter, Place, Question, Turn, place_in
from peer_systems.embedder import embedder


class _Embeddings(Embeddings):
    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Encode texts."""
        vectors: list[list[float]] = embedder().documents(texts).tolist()
        return vectors

    def embed_query(self, text: str) -> list[float]:
        """Encode a question."""
        vector: list[float] = embedder().query(text).tolist()
        return vector


class LangChain(Adapter):
    """`InMemoryVectorStore`, written to a file and read from it."""

    def start(self, *, reopen: bool) -> None:
        """Make an empty store, or load one."""
        path = str(self.folder / "store.json")
        self._store = (
            InMemoryVectorStore.load(path, _Embeddings())
            if reopen
            else InMemoryVectorStore(_Embeddings())
        )

    def add(self, turns: Sequence[Turn]) -> None:
        """Add a session's documents."""
        self._store.add_documents(
            [Document(turn.line, id=turn.key, metadata=turn.metadata) for turn in turns]
        )

    def ready(self) -> None:
        """Write the store."""
        self._store.dump(str(self.folder / "store.json"))

    def search(self, question: Question, k: int) -> list[Place]:
        """Search by similarity."""
        found = self._store.similarity_search(question.text, k=k)
        return [place_in(one.metadata) for one in found]


class LangChainEnsemble(LangChain):
    """`EnsembleRetriever` over BM25 and the vector store, half and half."""

    def start(self, *, reopen: bool) -> None:
        """Make the store; BM25 is made anew from its documents."""
        super().start(reopen=reopen)
        self._retrievers: dict[int, EnsembleRetriever] = {}

    def search(self, question: Question, k: int) -> list[Place]:
        """Ask both, and put their ranks together."""
        if k not in self._retrievers:
            held = self._store.store.values()
            documents = [Document(one["text"], metadata=one["metadata"]) for one in held]
            words = BM25Retriever.from_documents(documents, k=k)
            vectors = self._store.as_retriever(search_kwargs={"k": k})
            self._retrievers[k] = EnsembleRetriever(retrievers=[words, vectors], weights=[0.5, 0.5])
        found = self._retrievers[k].invoke(question.text)
        return [place_in(one.metadata) for one in found[:k]]
