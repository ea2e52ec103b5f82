"""Recall, or recall and follow, as a LlamaIndex retriever."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self, TypedDict, Unpack

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.callbacks.base import CallbackManager
from llama_index.core.ingestion import run_transformations
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.schema import (
    BaseNode,
    Document,
    IndexNode,
    NodeWithScore,
    QueryBundle,
    TransformComponent,
)
from llama_index.core.vector_stores.types import MetadataFilters

from llama_index_nuonuo.connection import open_memory
from llama_index_nuonuo.filters import Where, where_of
from llama_index_nuonuo.nodes import linked, relations_of, scored
from nuonuo_memory.memory import TextMemory


class RetrieverBase(TypedDict, total=False):
    """What every LlamaIndex retriever takes."""

    callback_manager: CallbackManager | None
    object_map: dict[str, Any] | None
    objects: list[IndexNode] | None
    verbose: bool


class RetrieverSettings(RetrieverBase, total=False):
    """What a `NuonuoRetriever` takes beside its memory."""

    similarity_top_k: int
    hops: int
    filters: MetadataFilters | None
    namespace: tuple[str, ...] | str | None
    prefix: bool


class SearchOptions(TypedDict):
    """What `recall` and `follow` are both asked with."""

    k: int
    namespace: tuple[str, ...] | str | None
    prefix: bool
    where: Where | None
    vector: Sequence[float] | None


class NuonuoRetriever(BaseRetriever):
    """A retriever over a memory: each node has many cues, and associations can be followed.

    A returned node's metadata says under `nuonuo` which cue fired and which path led to it; the
    entry is hidden from the model and from embedders. `retrieve` runs where it is called,
    `aretrieve` in a thread, so an event loop is never held up.

    Of a `QueryBundle` the words, `embedding` (from the memory's own encoder) and
    `custom_embedding_strs` (their mean) count; `image_path` does not.

    Attributes:
        memory: The memory asked.
        similarity_top_k: Number of nodes returned at most.
        hops: Associations followed at most; 0 recalls by similarity and words alone.
        filters: Which nodes may be returned.
        namespace: Whose memory is asked; the memory's own default when `None`.
        prefix: Ask the namespaces below it too.
    """

    def __init__(
        self,
        memory: TextMemory,
        *,
        similarity_top_k: int = 5,
        hops: int = 0,
        filters: MetadataFilters | None = None,
        namespace: tuple[str, ...] | str | None = None,
        prefix: bool = False,
        **base: Unpack[RetrieverBase],
    ) -> None:
        super().__init__(**base)
        self.memory = memory
        self.similarity_top_k = similarity_top_k
        self.hops = hops
        self.filters = filters
        self.namespace = namespace
        self.prefix = prefix

    @classmethod
    def from_nodes(
        cls,
        nodes: Sequence[BaseNode],
        *,
        memory: TextMemory | None = None,
        path: str | Path | None = None,
        embed_model: BaseEmbedding | None = None,
        **settings: Unpack[RetrieverSettings],
    ) -> Self:
        """Store nodes, then retrieve from them.

        Args:
            nodes: What to store; a node whose id is stored already replaces it.
            memory: Where to store them; a new one is opened when `None`.
            path: The new memory's file; without one it lives in this process only.
            embed_model: The new memory's encoder; the built-in MiniLM when `None`.
            settings: As for the class.
        """
        retriever = cls(memory or open_memory(path, embed_model), **settings)
        retriever.add_nodes(nodes)
        return retriever

    @classmethod
    def from_documents(
        cls,
        documents: Sequence[Document],
        *,
        transformations: Sequence[TransformComponent] | None = None,
        memory: TextMemory | None = None,
        path: str | Path | None = None,
        embed_model: BaseEmbedding | None = None,
        **settings: Unpack[RetrieverSettings],
    ) -> Self:
        """Split documents into nodes, store these, then retrieve from them.

        Args:
            documents: What to split; their nodes name each other as neighbours, which become
                associations.
            transformations: How to split; LlamaIndex's `SentenceSplitter` when `None`.
            memory: As for `from_nodes`.
            path: As for `from_nodes`.
            embed_model: As for `from_nodes`.
            settings: As for the class.
        """
        steps = list(transformations) if transformations is not None else [SentenceSplitter()]
        nodes = run_transformations(list(documents), steps)
        return cls.from_nodes(nodes, memory=memory, path=path, embed_model=embed_model, **settings)

    @classmethod
    def from_path(
        cls,
        path: str | Path,
        *,
        embed_model: BaseEmbedding | None = None,
        **settings: Unpack[RetrieverSettings],
    ) -> Self:
        """Retrieve from the memory stored at `path`.

        Raises:
            EncoderMismatchError: It was written with another encoder than `embed_model`.
        """
        return cls(open_memory(path, embed_model), **settings)

    def add_nodes(self, nodes: Sequence[BaseNode]) -> list[str]:
        """Store nodes, replacing those with the same ids, and return the ids."""
        wanted = {target for node in nodes for _, target in relations_of(node)}
        wanted -= {node.node_id for node in nodes}
        known = {found.id for found in self.memory.get_many(sorted(wanted)) if found is not None}
        stored = self.memory.remember_many(
            linked(nodes, known), namespace=self.namespace, replace=True
        )
        for node in nodes:
            if isinstance(node, IndexNode) and node.obj is not None:
                self.object_map[node.index_id] = node.obj
        return [memory.id for memory in stored]

    def close(self) -> None:
        """Close the memory behind the retriever."""
        self.memory.close()

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        options = self._options(self._vector_of(query_bundle))
        if self.hops:
            found = self.memory.follow(query_bundle.query_str, hops=self.hops, **options)
        else:
            found = self.memory.recall(query_bundle.query_str, **options)
        return [scored(hit) for hit in found]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        if query_bundle.embedding is None and query_bundle.custom_embedding_strs:
            vector = await asyncio.to_thread(self._vector_of, query_bundle)
        else:
            vector = query_bundle.embedding
        options = self._options(vector)
        if self.hops:
            found = await self.memory.afollow(query_bundle.query_str, hops=self.hops, **options)
        else:
            found = await self.memory.arecall(query_bundle.query_str, **options)
        return [scored(hit) for hit in found]

    def _options(self, vector: Sequence[float] | None) -> SearchOptions:
        return SearchOptions(
            k=self.similarity_top_k,
            namespace=self.namespace,
            prefix=self.prefix,
            where=where_of(self.filters),
            vector=vector,
        )

    def _vector_of(self, query_bundle: QueryBundle) -> Sequence[float] | None:
        if query_bundle.embedding is not None:
            return query_bundle.embedding
        if query_bundle.custom_embedding_strs:
            vectors = self.memory.encoder.encode_queries(query_bundle.custom_embedding_strs)
            mean: list[float] = vectors.mean(dim=0).tolist()
            return mean
        return None
