"""Recall, or recall and follow, as a LlamaIndex retriever."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from llama_index.core.base.base_retriever import BaseRetriever
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
from llama_index_nuonuo.filters import where_of
from llama_index_nuonuo.nodes import linked, relations_of, scored, with_text
from nuonuo_memory.agents.arguments import RecallArguments, require_file, require_memory
from nuonuo_memory.agents.batches import named_in_errors
from nuonuo_memory.encoders import AnyEncoder
from nuonuo_memory.encoders.base import encode_checked
from nuonuo_memory.memory import TextMemory


class NuonuoRetriever(BaseRetriever):
    """A retriever over a memory: each node has many cues, and associations can be followed.

    A returned node's metadata says under `nuonuo` which cue fired and which path led to it; the
    entry is hidden from the model and from embedders. `retrieve` runs where it is called,
    `aretrieve` in a thread, so an event loop is never held up.

    Of a `QueryBundle` the words, `embedding` (from the memory's own encoder) and
    `custom_embedding_strs` (their mean) count; `image_path` does not.

    Args:
        memory: The memory asked.
        similarity_top_k: Nodes, or groups, returned at most.
        hops: Associations followed at most; 0 recalls by similarity and words alone.
        filters: Which nodes may be returned.
        namespace: Whose memory is asked; the memory's own default when `None`.
        prefix: Ask the namespaces below it too.
        since: Earliest time, inclusive.
        until: Latest time, inclusive.
        session: The conversation that the nodes belong to.
        group_by: `"session"`, or a name in the metadata: the best node of each group.
        min_confidence: Return nothing when the memory is less sure than this.
        now: The time that "last week" is reckoned from; the present when `None`.
        callback_manager: As every LlamaIndex retriever takes it, like all that follow.
        object_map: Objects by the id of the `IndexNode` that stands for each.
        objects: Nodes that stand for objects.
        verbose: Print what recursive retrieval does.

    Raises:
        InvalidInputError: `memory` is no memory.
        ClosedError: It was closed.
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
        since: datetime | None = None,
        until: datetime | None = None,
        session: str | None = None,
        group_by: str | None = None,
        min_confidence: float = 0.0,
        now: datetime | None = None,
        callback_manager: CallbackManager | None = None,
        object_map: dict[str, Any] | None = None,
        objects: list[IndexNode] | None = None,
        verbose: bool = False,
    ) -> None:
        super().__init__(
            callback_manager=callback_manager,
            object_map=object_map,
            objects=objects,
            verbose=verbose,
        )
        self.memory = require_memory(memory)
        self.similarity_top_k = similarity_top_k
        self.hops = hops
        self.filters = filters
        self.namespace = namespace
        self.prefix = prefix
        self.since = since
        self.until = until
        self.session = session
        self.group_by = group_by
        self.min_confidence = min_confidence
        self.now = now

    @classmethod
    def from_nodes(
        cls,
        nodes: Sequence[BaseNode],
        *,
        memory: TextMemory | None = None,
        path: str | Path | None = None,
        embed_model: AnyEncoder | None = None,
        skip_blank: bool = False,
        similarity_top_k: int = 5,
        hops: int = 0,
        filters: MetadataFilters | None = None,
        namespace: tuple[str, ...] | str | None = None,
        prefix: bool = False,
        since: datetime | None = None,
        until: datetime | None = None,
        session: str | None = None,
        group_by: str | None = None,
        min_confidence: float = 0.0,
        now: datetime | None = None,
        callback_manager: CallbackManager | None = None,
        object_map: dict[str, Any] | None = None,
        objects: list[IndexNode] | None = None,
        verbose: bool = False,
    ) -> Self:
        """Store nodes, then retrieve from them.

        Args:
            nodes: What to store; a node whose id is stored already replaces it.
            memory: Where to store them; a new one is opened when `None`.
            path: The new memory's file, which is made where there is none; without one it lives in
                this process only.
            embed_model: The new memory's encoder; the built-in MiniLM when `None`.
            skip_blank: Leave out nodes that hold no text, rather than refuse them all.
            similarity_top_k: As for the class, like all that follow.
            hops: Associations followed at most.
            filters: Which nodes may be returned.
            namespace: Whose memory is asked.
            prefix: Ask the namespaces below it too.
            since: Earliest time.
            until: Latest time.
            session: The conversation that the nodes belong to.
            group_by: The best node of each group.
            min_confidence: Return nothing below it.
            now: The time that "last week" is reckoned from.
            callback_manager: As every LlamaIndex retriever takes it.
            object_map: Objects by the id of the `IndexNode` that stands for each.
            objects: Nodes that stand for objects.
            verbose: Print what recursive retrieval does.
        """
        retriever = cls(
            open_memory(path, embed_model) if memory is None else memory,
            similarity_top_k=similarity_top_k,
            hops=hops,
            filters=filters,
            namespace=namespace,
            prefix=prefix,
            since=since,
            until=until,
            session=session,
            group_by=group_by,
            min_confidence=min_confidence,
            now=now,
            callback_manager=callback_manager,
            object_map=object_map,
            objects=objects,
            verbose=verbose,
        )
        retriever.add_nodes(nodes, skip_blank=skip_blank)
        return retriever

    @classmethod
    def from_documents(
        cls,
        documents: Sequence[Document],
        *,
        transformations: Sequence[TransformComponent] | None = None,
        memory: TextMemory | None = None,
        path: str | Path | None = None,
        embed_model: AnyEncoder | None = None,
        skip_blank: bool = False,
        similarity_top_k: int = 5,
        hops: int = 0,
        filters: MetadataFilters | None = None,
        namespace: tuple[str, ...] | str | None = None,
        prefix: bool = False,
        since: datetime | None = None,
        until: datetime | None = None,
        session: str | None = None,
        group_by: str | None = None,
        min_confidence: float = 0.0,
        now: datetime | None = None,
        callback_manager: CallbackManager | None = None,
        object_map: dict[str, Any] | None = None,
        objects: list[IndexNode] | None = None,
        verbose: bool = False,
    ) -> Self:
        """Split documents into nodes, store these, then retrieve from them.

        Args:
            documents: What to split; their nodes name each other as neighbours, which become
                associations.
            transformations: How to split; LlamaIndex's `SentenceSplitter` when `None`.
            memory: As for `from_nodes`.
            path: As for `from_nodes`.
            embed_model: As for `from_nodes`.
            skip_blank: Leave out nodes that hold no text, rather than refuse them all.
            similarity_top_k: As for the class, like all that follow.
            hops: Associations followed at most.
            filters: Which nodes may be returned.
            namespace: Whose memory is asked.
            prefix: Ask the namespaces below it too.
            since: Earliest time.
            until: Latest time.
            session: The conversation that the nodes belong to.
            group_by: The best node of each group.
            min_confidence: Return nothing below it.
            now: The time that "last week" is reckoned from.
            callback_manager: As every LlamaIndex retriever takes it.
            object_map: Objects by the id of the `IndexNode` that stands for each.
            objects: Nodes that stand for objects.
            verbose: Print what recursive retrieval does.
        """
        steps = list(transformations) if transformations is not None else [SentenceSplitter()]
        return cls.from_nodes(
            run_transformations(list(documents), steps),
            memory=memory,
            path=path,
            embed_model=embed_model,
            skip_blank=skip_blank,
            similarity_top_k=similarity_top_k,
            hops=hops,
            filters=filters,
            namespace=namespace,
            prefix=prefix,
            since=since,
            until=until,
            session=session,
            group_by=group_by,
            min_confidence=min_confidence,
            now=now,
            callback_manager=callback_manager,
            object_map=object_map,
            objects=objects,
            verbose=verbose,
        )

    @classmethod
    def from_path(
        cls,
        path: str | Path,
        *,
        embed_model: AnyEncoder | None = None,
        create: bool = False,
        similarity_top_k: int = 5,
        hops: int = 0,
        filters: MetadataFilters | None = None,
        namespace: tuple[str, ...] | str | None = None,
        prefix: bool = False,
        since: datetime | None = None,
        until: datetime | None = None,
        session: str | None = None,
        group_by: str | None = None,
        min_confidence: float = 0.0,
        now: datetime | None = None,
        callback_manager: CallbackManager | None = None,
        object_map: dict[str, Any] | None = None,
        objects: list[IndexNode] | None = None,
        verbose: bool = False,
    ) -> Self:
        """Retrieve from the memory stored at `path`.

        Args:
            path: The memory's file.
            embed_model: Its encoder; the built-in MiniLM when `None`.
            create: Make an empty memory where there is no such file.
            similarity_top_k: As for the class, like all that follow.
            hops: Associations followed at most.
            filters: Which nodes may be returned.
            namespace: Whose memory is asked.
            prefix: Ask the namespaces below it too.
            since: Earliest time.
            until: Latest time.
            session: The conversation that the nodes belong to.
            group_by: The best node of each group.
            min_confidence: Return nothing below it.
            now: The time that "last week" is reckoned from.
            callback_manager: As every LlamaIndex retriever takes it.
            object_map: Objects by the id of the `IndexNode` that stands for each.
            objects: Nodes that stand for objects.
            verbose: Print what recursive retrieval does.

        Raises:
            StoreError: There is no such file, and `create` does not ask for one.
            EncoderMismatchError: It was written with another encoder than `embed_model`.
        """
        return cls(
            open_memory(path if create else require_file(path), embed_model),
            similarity_top_k=similarity_top_k,
            hops=hops,
            filters=filters,
            namespace=namespace,
            prefix=prefix,
            since=since,
            until=until,
            session=session,
            group_by=group_by,
            min_confidence=min_confidence,
            now=now,
            callback_manager=callback_manager,
            object_map=object_map,
            objects=objects,
            verbose=verbose,
        )

    def add_nodes(self, nodes: Sequence[BaseNode], *, skip_blank: bool = False) -> list[str]:
        """Store nodes, replacing those with the same ids, and return the ids.

        Args:
            nodes: What to store, all or none.
            skip_blank: Leave out nodes that hold no text, such as a scanned page's.

        Raises:
            EmptyTextError: A node holds no text, and `skip_blank` does not leave it out.
            InvalidInputError: A node's metadata holds what JSON does not; nothing was stored.
        """
        if skip_blank:
            nodes = with_text(nodes)
        wanted = {target for node in nodes for _, target in relations_of(node)}
        wanted -= {node.node_id for node in nodes}
        known = {found.id for found in self.memory.get_many(sorted(wanted)) if found is not None}
        new = named_in_errors(linked(nodes, known), "node")
        stored = self.memory.remember_many(new, namespace=self.namespace, replace=True)
        for node in nodes:
            if isinstance(node, IndexNode) and node.obj is not None:
                self.object_map[node.index_id] = node.obj
        return [memory.id for memory in stored]

    async def aadd_nodes(self, nodes: Sequence[BaseNode], *, skip_blank: bool = False) -> list[str]:
        """Store nodes in a thread, as `add_nodes` does."""
        return await asyncio.to_thread(self.add_nodes, nodes, skip_blank=skip_blank)

    def close(self) -> None:
        """Close the memory behind the retriever."""
        self.memory.close()

    async def aclose(self) -> None:
        """Close the memory behind the retriever, in a thread."""
        await self.memory.aclose()

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        asking = self._arguments(self._vector_of(query_bundle))
        return [scored(hit) for hit in asking.recall(self.memory, query_bundle.query_str)]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        if query_bundle.embedding is None and query_bundle.custom_embedding_strs:
            vector = await asyncio.to_thread(self._vector_of, query_bundle)
        else:
            vector = query_bundle.embedding
        found = await self._arguments(vector).arecall(self.memory, query_bundle.query_str)
        return [scored(hit) for hit in found]

    def _arguments(self, vector: Sequence[float] | None) -> RecallArguments:
        return RecallArguments(
            k=self.similarity_top_k,
            namespace=self.namespace,
            prefix=self.prefix,
            where=where_of(self.filters),
            since=self.since,
            until=self.until,
            session=self.session,
            hops=self.hops,
            group_by=self.group_by,
            min_confidence=self.min_confidence,
            now=self.now,
            vector=vector,
        )

    def _vector_of(self, query_bundle: QueryBundle) -> Sequence[float] | None:
        if query_bundle.embedding is not None:
            return query_bundle.embedding
        if query_bundle.custom_embedding_strs:
            texts = query_bundle.custom_embedding_strs
            vectors = encode_checked(self.memory.encoder, texts, queries=True)
            mean: list[float] = vectors.mean(dim=0).tolist()
            return mean
        return None
