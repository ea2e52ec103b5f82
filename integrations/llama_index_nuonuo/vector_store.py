"""The store under a `VectorStoreIndex`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from llama_index.core.bridge.pydantic import ConfigDict, Field
from llama_index.core.indices.query.embedding_utils import get_top_k_mmr_embeddings
from llama_index.core.schema import BaseNode, MetadataMode
from llama_index.core.vector_stores.types import (
    BasePydanticVectorStore,
    MetadataFilters,
    VectorStoreQuery,
    VectorStoreQueryMode,
    VectorStoreQueryResult,
)

from llama_index_nuonuo.connection import Connection
from llama_index_nuonuo.filters import both, where_of
from llama_index_nuonuo.nodes import NODE_ID_KEY, REF_DOC_KEY, linked, node_of, with_text
from nuonuo_memory.agents.arguments import RecallArguments, require_file, require_memory
from nuonuo_memory.agents.batches import named_in_errors
from nuonuo_memory.encoders import AnyEncoder, Encoder, as_encoder
from nuonuo_memory.encoders.given import GivenVectors
from nuonuo_memory.errors import InvalidInputError
from nuonuo_memory.memory import TextMemory
from nuonuo_memory.types import Cue, Hit, NewMemory

_HYBRID = {VectorStoreQueryMode.HYBRID, VectorStoreQueryMode.SEMANTIC_HYBRID}
_BY_VECTOR = {VectorStoreQueryMode.DEFAULT, VectorStoreQueryMode.MMR}
_CANDIDATES = 4
"""Nodes that a query by vector chooses from, for each that it returns."""


class NuonuoVectorStore(Connection, BasePydanticVectorStore):
    """Nodes with their texts, metadata and vectors in one file, durable when `add` returns.

    Of a query by vector the memory finds the nearest nodes, what all its vectors have in common
    taken off, four times as many as are asked for; those of highest cosine are returned. Hybrid
    queries also look at the words, and MMR ones trade likeness for variety. All 14 filter
    operators and the conditions AND, OR and NOT, nested to any depth, as well as `node_ids` and
    `doc_ids`. Relationships between nodes become associations, so that an
    `AssociationPostprocessor` or a `NuonuoRetriever` can work on the same file.

    Give `embed_dim`, the size of the index's vectors, or call `open(embed_model)`; without either
    it is 384, MiniLM's.

    What it cannot do: the modes SPARSE, TEXT_SEARCH and the learners (they raise); `alpha`,
    `sparse_top_k`, `hybrid_top_k` and `output_fields` (ignored); nodes without text (they raise,
    or are left out with `skip_blank`). An empty `node_ids` limits nothing, because a
    `VectorStoreIndex` sends one when the store keeps the texts. Vectors are kept in half precision,
    so a cosine is exact to about 0.001.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    stores_text: bool = True
    is_embedding_query: bool = True
    embed_dim: int | None = Field(default=None, ge=1, description="Size of the index's vectors.")
    derive_cues: bool = Field(
        default=False,
        description="Encode the nodes' sentences as further cues; needs open(embed_model).",
    )

    skip_blank: bool = Field(
        default=False, description="Leave out nodes that hold no text, rather than refuse them all."
    )

    @classmethod
    def class_name(cls) -> str:
        """Return the name that LlamaIndex writes beside serialised fields."""
        return "NuonuoVectorStore"

    @classmethod
    def from_persist_path(
        cls, persist_path: str | Path, embed_model: AnyEncoder | None = None
    ) -> Self:
        """Read what `persist` wrote into a store in this process.

        Raises:
            StoreError: There is no such file.
        """
        written = require_file(persist_path)
        made = cls().open(embed_model)
        made.memory.import_(written)
        return made

    def open(self, embed_model: AnyEncoder | None = None) -> Self:
        """Open the path now, with `embed_model`; without a path, begin an empty memory.

        Raises:
            InvalidInputError: `embed_dim` is given, and is not the size of its vectors.
        """
        if embed_model is not None:
            self._require_size(as_encoder(embed_model))
        return super().open(embed_model)

    def attach(self, memory: TextMemory) -> Self:
        """Use a memory that is open already.

        Raises:
            InvalidInputError: `memory` is no memory, or `embed_dim` is given and is not the size of
                its vectors.
            ClosedError: It was closed.
        """
        self._require_size(require_memory(memory).encoder)
        return super().attach(memory)

    def _require_size(self, encoder: Encoder) -> None:
        if self.embed_dim is not None and encoder.dimension != self.embed_dim:
            raise InvalidInputError(
                f"embed_dim is {self.embed_dim}, but {encoder.name!r} gives vectors of "
                f"{encoder.dimension} numbers; leave embed_dim out, or give the embedder meant"
            )

    @property
    def client(self) -> TextMemory:
        """The memory behind the store."""
        return self.memory

    def add(self, nodes: Sequence[BaseNode]) -> list[str]:  # type: ignore[override] # no unknown names
        """Store embedded nodes, replacing those with the same ids; returns the ids.

        Raises:
            EmptyTextError: A node holds no text.
            VectorError: A node's vector has another size than the store's.
        """
        if self.skip_blank:
            nodes = with_text(nodes)
        new = [self._with_vector(*pair) for pair in zip(nodes, linked(nodes), strict=True)]
        checked = named_in_errors(new, "node")
        stored = self.memory.remember_many(checked, namespace=self.namespace, replace=True)
        return [memory.id for memory in stored]

    def query(  # type: ignore[override] # no unknown names
        self,
        query: VectorStoreQuery,
        *,
        mmr_threshold: float | None = None,
        prefix: bool = False,
        since: datetime | None = None,
        until: datetime | None = None,
        session: str | None = None,
        hops: int = 0,
        start: Mapping[str, float] | None = None,
        group_by: str | None = None,
        min_confidence: float = 0.0,
        now: datetime | None = None,
    ) -> VectorStoreQueryResult:
        """Return the nodes nearest to `query.query_embedding`, most similar first.

        An index's retriever passes the keywords on: `as_retriever(vector_store_kwargs=...)`.

        Args:
            query: What to look for.
            mmr_threshold: From 0 (variety) to 1 (likeness), for the mode MMR; the query's own when
                `None`.
            prefix: Look in the namespaces below the store's own too.
            since: Earliest time, inclusive.
            until: Latest time, inclusive.
            session: The conversation that the nodes belong to.
            hops: Associations followed at most; nodes then come in the order of their scores.
            start: Activation by node id to follow from, where `hops` is above 0.
            group_by: `"session"`, or a name in the metadata: the best node of each group.
            min_confidence: Return nothing when the memory is less sure than this.
            now: The time that "last week" is reckoned from; the present when `None`.

        Raises:
            InvalidInputError: The mode is not one of DEFAULT, MMR, HYBRID and SEMANTIC_HYBRID, or
                there is no embedding.
        """
        hybrid, varied = query.mode in _HYBRID, query.mode is VectorStoreQueryMode.MMR
        by_score = hybrid or hops > 0
        _check(query)
        asking = RecallArguments(
            k=query.similarity_top_k * (1 if by_score and not varied else _CANDIDATES),
            namespace=self.namespace,
            where=_scope(query.filters, query.node_ids, query.doc_ids),
            vector=query.query_embedding,
            prefix=prefix,
            since=since,
            until=until,
            session=session,
            hops=hops,
            start=start,
            group_by=group_by,
            min_confidence=min_confidence,
            now=now,
        )
        text = (query.query_str or "") if hybrid else ""
        hits: list[Hit] = list(asking.recall(self.memory, text))
        if varied:
            threshold = query.mmr_threshold if mmr_threshold is None else mmr_threshold
            hits = self._varied(hits, query, threshold)
        elif not by_score:
            hits = sorted(hits, key=lambda hit: -hit.similarity)[: query.similarity_top_k]
        return VectorStoreQueryResult(
            nodes=[node_of(hit.memory) for hit in hits],
            similarities=[hit.score if by_score else hit.similarity for hit in hits],
            ids=[hit.id for hit in hits],
        )

    def get_nodes(
        self, node_ids: list[str] | None = None, filters: MetadataFilters | None = None
    ) -> list[BaseNode]:
        """Return the nodes with these ids that meet these filters; all when neither is given."""
        where = _scope(filters, node_ids)
        return [node_of(one) for one in self.memory.list(namespace=self.namespace, where=where)]

    def delete(self, ref_doc_id: str) -> None:  # type: ignore[override] # no unknown names
        """Forget the nodes of a source document; an unknown document has none."""
        self.memory.forget(namespace=self.namespace, where={REF_DOC_KEY: ref_doc_id})

    def delete_nodes(  # type: ignore[override] # no unknown names
        self,
        node_ids: list[str] | None = None,
        filters: MetadataFilters | None = None,
    ) -> None:
        """Forget the nodes with these ids that meet these filters.

        Raises:
            InvalidInputError: Neither is given; `clear` forgets all.
        """
        where = _scope(filters, node_ids)
        if node_ids is None and where is None:
            raise InvalidInputError("give node_ids or filters; clear() deletes every node")
        if node_ids is None or node_ids:
            self.memory.forget(namespace=self.namespace, where=where)

    def clear(self) -> None:
        """Forget every node of the store's namespace."""
        self.memory.forget(namespace=self.namespace)

    def persist(self, persist_path: str | Path, fs: object | None = None) -> None:
        """Write a store that lives in this process to a file; one with a path is on disk already.

        Raises:
            InvalidInputError: `fs` is not the local file system.
        """
        if fs is not None and "file" not in getattr(fs, "protocol", ()):
            raise InvalidInputError(
                f"persist writes local files only, got fs={type(fs).__name__}; copy the file there"
            )
        if self.path is None:
            Path(persist_path).parent.mkdir(parents=True, exist_ok=True)
            self.memory.export(Path(persist_path))

    async def async_add(self, nodes: Sequence[BaseNode]) -> list[str]:  # type: ignore[override] # no unknown names
        """`add` in a thread."""
        return await asyncio.to_thread(self.add, nodes)

    async def aquery(  # type: ignore[override] # no unknown names
        self,
        query: VectorStoreQuery,
        *,
        mmr_threshold: float | None = None,
        prefix: bool = False,
        since: datetime | None = None,
        until: datetime | None = None,
        session: str | None = None,
        hops: int = 0,
        start: Mapping[str, float] | None = None,
        group_by: str | None = None,
        min_confidence: float = 0.0,
        now: datetime | None = None,
    ) -> VectorStoreQueryResult:
        """`query` in a thread."""
        return await asyncio.to_thread(
            self.query,
            query,
            mmr_threshold=mmr_threshold,
            prefix=prefix,
            since=since,
            until=until,
            session=session,
            hops=hops,
            start=start,
            group_by=group_by,
            min_confidence=min_confidence,
            now=now,
        )

    async def aget_nodes(
        self, node_ids: list[str] | None = None, filters: MetadataFilters | None = None
    ) -> list[BaseNode]:
        """`get_nodes` in a thread."""
        return await asyncio.to_thread(self.get_nodes, node_ids, filters)

    async def adelete(self, ref_doc_id: str) -> None:  # type: ignore[override] # no unknown names
        """`delete` in a thread."""
        await asyncio.to_thread(self.delete, ref_doc_id)

    async def adelete_nodes(  # type: ignore[override] # no unknown names
        self,
        node_ids: list[str] | None = None,
        filters: MetadataFilters | None = None,
    ) -> None:
        """`delete_nodes` in a thread."""
        await asyncio.to_thread(self.delete_nodes, node_ids, filters)

    async def aclear(self) -> None:
        """`clear` in a thread."""
        await asyncio.to_thread(self.clear)

    def _encoder(self) -> AnyEncoder | None:
        return super()._encoder() if self.embed_dim is None else GivenVectors(self.embed_dim)

    def _varied(
        self, hits: list[Hit], query: VectorStoreQuery, threshold: float | None
    ) -> list[Hit]:
        """Return the hits that maximal marginal relevance picks, in its order."""
        vectors: list[list[float]] = self.memory.vectors([hit.id for hit in hits]).tolist()
        _, picked = get_top_k_mmr_embeddings(
            query.query_embedding or [],
            vectors,
            similarity_top_k=query.similarity_top_k,
            embedding_ids=list(range(len(hits))),
            mmr_threshold=threshold,
        )
        return [hits[place] for place in picked]

    def _with_vector(self, node: BaseNode, new: NewMemory) -> NewMemory:
        text = node.get_content(metadata_mode=MetadataMode.EMBED)
        cue = Cue(text, "turn", vector=tuple(node.get_embedding()))
        return NewMemory(
            text=new.text,
            cues=[cue],
            metadata=new.metadata,
            id=new.id,
            links=new.links,
            derive=self.derive_cues,
        )


def _check(query: VectorStoreQuery) -> None:
    if query.mode not in _HYBRID | _BY_VECTOR:
        raise InvalidInputError(
            "the query mode must be DEFAULT, MMR, HYBRID or SEMANTIC_HYBRID, got "
            f"{query.mode!r}; use LlamaIndex's own store for the others"
        )
    if query.query_embedding is None:
        raise InvalidInputError("the query needs query_embedding, a vector; got None")


def _scope(
    filters: MetadataFilters | None,
    node_ids: list[str] | None = None,
    doc_ids: list[str] | None = None,
) -> Mapping[str, Any] | None:
    return both(
        where_of(filters),
        {NODE_ID_KEY: {"$in": node_ids}} if node_ids else None,
        {REF_DOC_KEY: {"$in": doc_ids}} if doc_ids else None,
    )
