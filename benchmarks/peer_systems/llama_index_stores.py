"""LlamaIndex: its vector index, and BM25 and vectors fused by their ranks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llama_index.core import StorageContext, VectorStoreIndex, load_index_from_storage
from llama_index.core.embeddings import BaseEmbedding
from llama_index.core.llms import MockLLM
from llama_index.core.retrievers import QueryFusionRetriever
from llama_index.core.schema import TextNode
from llama_index.retrievers.bm25 import BM25Retriever

from peer_systems.base import Adapter, Place, Question, Turn, place_in
from peer_systems.embedder import embedder


class _Embedding(BaseEmbedding):
    def _get_query_embedding(self, query: str) -> list[float]:
        vector: list[float] = embedder().query(query).tolist()
        return vector

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._get_query_embedding(text)

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        vectors: list[list[float]] = embedder().documents(texts).tolist()
        return vectors

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_query_embedding(query)


class LlamaIndex(Adapter):
    """`VectorStoreIndex` over its simple store; metadata is kept out of what is encoded."""

    def start(self, *, reopen: bool) -> None:
        """Make an empty index, or load one."""
        self._retrievers: dict[int, Any] = {}
        if reopen:
            held = StorageContext.from_defaults(persist_dir=str(self.folder))
            self._index: Any = load_index_from_storage(held, embed_model=_Embedding())
        else:
            self._index = VectorStoreIndex(nodes=[], embed_model=_Embedding())

    def add(self, turns: Sequence[Turn]) -> None:
        """Insert a session's nodes."""
        self._index.insert_nodes(
            [
                TextNode(
                    id_=turn.key,
                    text=turn.line,
                    metadata=turn.metadata,
                    excluded_embed_metadata_keys=list(turn.metadata),
                    excluded_llm_metadata_keys=list(turn.metadata),
                )
                for turn in turns
            ]
        )

    def ready(self) -> None:
        """Write the index."""
        self._index.storage_context.persist(persist_dir=str(self.folder))

    def search(self, question: Question, k: int) -> list[Place]:
        """Retrieve nodes."""
        if k not in self._retrievers:
            self._retrievers[k] = self._retriever(k)
        found = self._retrievers[k].retrieve(question.text)
        return [place_in(one.node.metadata) for one in found[:k]]

    def _retriever(self, k: int) -> Any:
        return self._index.as_retriever(similarity_top_k=k)


class LlamaIndexFusion(LlamaIndex):
    """`QueryFusionRetriever` by reciprocal rank, without questions that a model would add."""

    def _retriever(self, k: int) -> Any:
        nodes = list(self._index.docstore.docs.values())
        words = BM25Retriever.from_defaults(nodes=nodes, similarity_top_k=min(k, len(nodes)))
        return QueryFusionRetriever(
            [super()._retriever(k), words],
            llm=MockLLM(),
            mode="reciprocal_rerank",
            num_queries=1,
            similarity_top_k=k,
            use_async=False,
        )
