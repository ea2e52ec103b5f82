"""The searches of a vector store, each a recall of the memory behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeAlias

import numpy as np
from langchain_core.documents import Document
from langchain_core.runnables.config import run_in_executor
from langchain_core.vectorstores import VectorStore
from langchain_core.vectorstores.utils import maximal_marginal_relevance

from langchain_nuonuo.documents import document_of
from nuonuo_memory.agents.arguments import RecallArguments
from nuonuo_memory.memory import TextMemory
from nuonuo_memory.types import Hit, Namespace

Filter: TypeAlias = Mapping[str, Any] | Callable[[Document], bool] | None
"""A filter on metadata as the memory's `where`, or a function that says which documents to keep."""


class SearchedStore(VectorStore):
    """What every search of a `NuonuoVectorStore` does; the store itself adds and deletes.

    Attributes:
        memory: The memory that is searched.
    """

    memory: TextMemory
    _namespace: Namespace

    def similarity_search(  # type: ignore[override] # unknown keywords are refused
        self,
        query: str,
        k: int = 4,
        *,
        filter: Filter = None,  # noqa: A002 - LangChain's name
        prefix: bool = False,
        since: datetime | None = None,
        until: datetime | None = None,
        session: str | None = None,
        hops: int = 0,
        start: Mapping[str, float] | None = None,
        group_by: str | None = None,
        min_confidence: float = 0.0,
        now: datetime | None = None,
    ) -> list[Document]:
        """Return the documents that the query brings to mind, best first.

        Every search takes the arguments below, and so do the keywords of a retriever
        (`as_retriever(search_kwargs=...)`).

        Args:
            query: The question.
            k: Documents, or groups, at most.
            filter: On metadata, as the memory's `where`, or a function of a document.
            prefix: Search the namespaces below the store's own too.
            since: Earliest time, inclusive.
            until: Latest time, inclusive.
            session: The conversation that the documents belong to.
            hops: Associations followed at most.
            start: Activation by document id to follow from, where `hops` is above 0.
            group_by: `"session"`, or a name in the metadata: the best document of each group.
            min_confidence: Return nothing when the memory is less sure than this.
            now: The time that "last week" is reckoned from; the present by default.
        """
        asking = RecallArguments(
            k=k,
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
        return [document_of(hit.memory) for hit in self._hits(query, filter, asking)]

    def similarity_search_with_score(
        self,
        query: str,
        k: int = 4,
        *,
        filter: Filter = None,  # noqa: A002 - LangChain's name
        prefix: bool = False,
        since: datetime | None = None,
        until: datetime | None = None,
        session: str | None = None,
        hops: int = 0,
        start: Mapping[str, float] | None = None,
        group_by: str | None = None,
        min_confidence: float = 0.0,
        now: datetime | None = None,
    ) -> list[tuple[Document, float]]:
        """Return documents with the memory's scores, in [0, 1]; higher is better."""
        asking = RecallArguments(
            k=k,
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
        return [(document_of(hit.memory), hit.score) for hit in self._hits(query, filter, asking)]

    def similarity_search_by_vector(  # type: ignore[override] # unknown keywords are refused
        self,
        embedding: list[float],
        k: int = 4,
        *,
        filter: Filter = None,  # noqa: A002 - LangChain's name
        prefix: bool = False,
        since: datetime | None = None,
        until: datetime | None = None,
        session: str | None = None,
        hops: int = 0,
        start: Mapping[str, float] | None = None,
        group_by: str | None = None,
        min_confidence: float = 0.0,
        now: datetime | None = None,
    ) -> list[Document]:
        """Return the documents nearest to a vector."""
        asking = RecallArguments(
            k=k,
            prefix=prefix,
            since=since,
            until=until,
            session=session,
            hops=hops,
            start=start,
            group_by=group_by,
            min_confidence=min_confidence,
            now=now,
            vector=embedding,
        )
        return [document_of(hit.memory) for hit in self._hits("", filter, asking)]

    def max_marginal_relevance_search(  # type: ignore[override] # unknown keywords are refused
        self,
        query: str,
        k: int = 4,
        fetch_k: int = 20,
        lambda_mult: float = 0.5,
        *,
        filter: Filter = None,  # noqa: A002 - LangChain's name
        prefix: bool = False,
        since: datetime | None = None,
        until: datetime | None = None,
        session: str | None = None,
        hops: int = 0,
        start: Mapping[str, float] | None = None,
        group_by: str | None = None,
        min_confidence: float = 0.0,
        now: datetime | None = None,
    ) -> list[Document]:
        """Return documents that answer the query and differ from each other.

        Args:
            query: The question.
            k: Documents to return.
            fetch_k: Documents to choose from.
            lambda_mult: 1 for the most similar, 0 for the most different.
            filter: As for `similarity_search`, like all that follow.
            prefix: Search the namespaces below the store's own too.
            since: Earliest time, inclusive.
            until: Latest time, inclusive.
            session: The conversation that the documents belong to.
            hops: Associations followed at most.
            start: Activation by document id to follow from.
            group_by: The best document of each group.
            min_confidence: Return nothing when the memory is less sure than this.
            now: The time that "last week" is reckoned from.
        """
        asking = RecallArguments(
            k=max(fetch_k, k),
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
        vector = self.memory.encoder.encode_queries([query])[0].tolist()
        return self._diverse(self._hits(query, filter, asking), vector, k, lambda_mult)

    def max_marginal_relevance_search_by_vector(  # type: ignore[override] # unknown keywords are refused
        self,
        embedding: list[float],
        k: int = 4,
        fetch_k: int = 20,
        lambda_mult: float = 0.5,
        *,
        filter: Filter = None,  # noqa: A002 - LangChain's name
        prefix: bool = False,
        since: datetime | None = None,
        until: datetime | None = None,
        session: str | None = None,
        hops: int = 0,
        start: Mapping[str, float] | None = None,
        group_by: str | None = None,
        min_confidence: float = 0.0,
        now: datetime | None = None,
    ) -> list[Document]:
        """Return documents near a vector that differ from each other.

        Args:
            embedding: The vector, of the memory's own encoder.
            k: Documents to return.
            fetch_k: Documents to choose from.
            lambda_mult: 1 for the most similar, 0 for the most different.
            filter: As for `similarity_search`, like all that follow.
            prefix: Search the namespaces below the store's own too.
            since: Earliest time, inclusive.
            until: Latest time, inclusive.
            session: The conversation that the documents belong to.
            hops: Associations followed at most.
            start: Activation by document id to follow from.
            group_by: The best document of each group.
            min_confidence: Return nothing when the memory is less sure than this.
            now: The time that "last week" is reckoned from.
        """
        asking = RecallArguments(
            k=max(fetch_k, k),
            prefix=prefix,
            since=since,
            until=until,
            session=session,
            hops=hops,
            start=start,
            group_by=group_by,
            min_confidence=min_confidence,
            now=now,
            vector=embedding,
        )
        return self._diverse(self._hits("", filter, asking), embedding, k, lambda_mult)

    def _diverse(
        self, hits: list[Hit], vector: list[float], k: int, lambda_mult: float
    ) -> list[Document]:
        if not hits:
            return []
        vectors = self.memory.vectors([hit.id for hit in hits]).numpy()
        chosen = maximal_marginal_relevance(np.asarray(vector), list(vectors), lambda_mult, k)
        return [document_of(hits[position].memory) for position in chosen]

    def _similarity_search_with_relevance_scores(  # type: ignore[override] # unknown keywords are refused
        self,
        query: str,
        k: int = 4,
        *,
        filter: Filter = None,  # noqa: A002 - LangChain's name
        prefix: bool = False,
        since: datetime | None = None,
        until: datetime | None = None,
        session: str | None = None,
        hops: int = 0,
        start: Mapping[str, float] | None = None,
        group_by: str | None = None,
        min_confidence: float = 0.0,
        now: datetime | None = None,
    ) -> list[tuple[Document, float]]:
        """Return documents with the cosine of the cue that fired, at least 0."""
        asking = RecallArguments(
            k=k,
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
        hits = self._hits(query, filter, asking)
        return [(document_of(hit.memory), _share(hit.similarity)) for hit in hits]

    async def _asimilarity_search_with_relevance_scores(
        self,
        query: str,
        k: int = 4,
        **kwargs: Any,  # noqa: ANN401 - LangChain's own call of the method above
    ) -> list[tuple[Document, float]]:
        search = self._similarity_search_with_relevance_scores
        return await run_in_executor(None, search, query, k, **kwargs)

    def _select_relevance_score_fn(self) -> Callable[[float], float]:
        return _share

    def _hits(self, query: str, wanted: Filter, asking: RecallArguments) -> list[Hit]:
        """Recall what passes a filter; one that is a function is asked of what recall gives."""
        asking = replace(asking, namespace=self._namespace)
        if not callable(wanted):
            return list(replace(asking, where=wanted).recall(self.memory, query))
        k = asking.k
        for asked in _doubling(k):
            hits = replace(asking, k=asked).recall(self.memory, query)
            kept = [hit for hit in hits if wanted(document_of(hit.memory))]
            if len(kept) >= k or len(hits) < asked:
                return kept[:k]
        return []


def _share(value: float) -> float:
    return min(max(value, 0.0), 1.0)


def _doubling(start: int) -> Iterator[int]:
    while True:
        start *= 2
        yield start
