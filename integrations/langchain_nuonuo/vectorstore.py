"""A memory as a LangChain vector store."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Self, TypeAlias
from uuid import uuid4

import numpy as np
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.runnables.config import run_in_executor
from langchain_core.vectorstores import VectorStore
from langchain_core.vectorstores.utils import maximal_marginal_relevance

from langchain_nuonuo.documents import document_of
from nuonuo_memory.errors import DuplicateIdError, InvalidInputError
from nuonuo_memory.memory import TextMemory
from nuonuo_memory.types import Hit, NewMemory

Filter: TypeAlias = Mapping[str, Any] | Callable[[Document], bool] | None
"""A filter on metadata as the memory's `where`, or a function that says which documents to keep."""


class NuonuoVectorStore(VectorStore):
    """Vector store over a nuonuo memory: the same calls, many cues for each text.

    Setup:
        .. code-block:: bash

            pip install "nuonuo-memory[langchain]"

    Instantiate:
        .. code-block:: python

            from langchain_nuonuo import NuonuoVectorStore

            store = NuonuoVectorStore(embeddings, path="documents.db")

    Add documents:
        .. code-block:: python

            store.add_documents([Document("Ada was born on 3 May.")], ids=["1"])

        A document with an id that is stored already replaces it. `cues` gives further ways to
        find each document: `cues=[["When is Ada's birthday?"]]`.

    Delete documents:
        .. code-block:: python

            store.delete(ids=["1"])

    Search:
        .. code-block:: python

            store.similarity_search("birthday", k=2, filter={"page": {"$lte": 3}})
            store.similarity_search_with_score("birthday")
            store.max_marginal_relevance_search("birthday", k=3, fetch_k=20)

    Use as a retriever:
        .. code-block:: python

            store.as_retriever(search_type="mmr", search_kwargs={"k": 3})

    Texts are found by their sentences and segments and by their words, not by one vector alone;
    `associate=True` or `hops=2` among the search's keywords follows associations too. Scores are
    the memory's; relevance scores are cosine similarities with what is below 0 cut off, so they
    lie in [0, 1].

    Args:
        embedding: The application's embedder. Left out, the memory's own encoder is used.
        memory: An open memory; then `embedding` is not loaded a second time but must be the one
            that the memory was opened with.
        path: File of the memory to open; without one and without `memory` it lives in memory.
        namespace: Where the documents are; the memory's own namespace by default.
    """

    def __init__(
        self,
        embedding: Embeddings | None = None,
        *,
        memory: TextMemory | None = None,
        path: str | Path | None = None,
        namespace: str | tuple[str, ...] | None = None,
    ) -> None:
        if memory is not None and path is not None:
            raise InvalidInputError("give memory or path, not both: a memory knows its file")
        if memory is None:
            memory = (
                TextMemory.in_memory(encoder=embedding)
                if path is None
                else TextMemory.open(path, encoder=embedding)
            )
        self.memory = memory
        self._embedding = embedding
        self._namespace = _labels(memory.namespace if namespace is None else namespace)

    @property
    def embeddings(self) -> Embeddings | None:
        """The embedder that was given."""
        return self._embedding

    @classmethod
    def from_texts(
        cls,
        texts: list[str],
        embedding: Embeddings,
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        **kwargs: Any,  # noqa: ANN401 - the constructor's
    ) -> Self:
        """Make a store of texts; further keywords are the constructor's."""
        store = cls(embedding, **kwargs)
        store.add_texts(texts, metadatas, ids=ids)
        return store

    def add_documents(  # type: ignore[override] # unknown keywords are refused
        self,
        documents: list[Document],
        *,
        ids: Sequence[str | None] | None = None,
        cues: Sequence[Sequence[str]] | None = None,
        batch_size: int = 1000,
    ) -> list[str]:
        """Store documents; one with a known id replaces what it named.

        Args:
            documents: What to store.
            ids: Their ids; a document's own id, or a new one, where there is none.
            cues: Further cues of each document.
            batch_size: Documents to a transaction.

        Returns:
            The ids, in order.
        """
        given = [document.id for document in documents] if ids is None else list(ids)
        further = [()] * len(documents) if cues is None else list(cues)
        if not len(given) == len(documents) == len(further):
            raise InvalidInputError(
                f"ids and cues must be one for each of {len(documents)} documents, "
                f"got {len(given)} ids and {len(further)} cues"
            )
        self._refuse_others([one for one in given if one is not None])
        new = (
            NewMemory(document.page_content, tuple(more), document.metadata, id=one or uuid4().hex)
            for document, one, more in zip(documents, given, further, strict=True)
        )
        stored: list[str] = []
        while batch := list(islice(new, batch_size)):
            last = {item.id: item for item in batch}  # of two with one id the later one wins
            self.memory.remember_many(list(last.values()), namespace=self._namespace, replace=True)
            stored += [str(item.id) for item in batch]
        return stored

    def _refuse_others(self, ids: Sequence[str]) -> None:
        """Raise `DuplicateIdError` if an id belongs to a memory of another namespace."""
        for memory in self.memory.get_many(list(dict.fromkeys(ids))) if ids else ():
            if memory is not None and memory.namespace != self._namespace:
                raise DuplicateIdError(
                    f"the id {memory.id!r} belongs to a memory of {memory.namespace}, not of "
                    f"{self._namespace}; ids are unique in a file, choose another"
                )

    def add_texts(
        self,
        texts: Iterable[str],
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        **kwargs: Any,  # noqa: ANN401 - those of add_documents
    ) -> list[str]:
        """Store texts, as `add_documents` does."""
        words = list(texts)
        details: Sequence[dict[str, Any]] = metadatas or [{}] * len(words)
        documents = [
            Document(page_content=text, metadata=metadata or {})
            for text, metadata in zip(words, details, strict=True)
        ]
        return self.add_documents(documents, ids=ids, **kwargs)

    def delete(self, ids: builtins.list[str] | None = None, **_: object) -> bool:
        """Forget documents by id; all of the namespace without ids. Unknown ids are passed over."""
        if ids is None:
            self.memory.forget(namespace=self._namespace)
        elif known := [memory.id for memory in self._known(ids)]:
            self.memory.forget(known)
        return True

    def get_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        """Return the documents with these ids, in order; unknown ids are passed over."""
        return [document_of(memory) for memory in self._known(ids)]

    def _known(self, ids: Sequence[str]) -> list[Any]:
        found = self.memory.get_many(list(dict.fromkeys(ids)))
        return [memory for memory in found if memory and memory.namespace == self._namespace]

    def similarity_search(
        self,
        query: str,
        k: int = 4,
        *,
        filter: Filter = None,  # noqa: A002 - LangChain's name
        **kwargs: Any,  # noqa: ANN401 - those of recall
    ) -> list[Document]:
        """Return the documents that the query brings to mind, best first."""
        hits = self._hits(query, k, filter, kwargs)
        return [document_of(hit.memory) for hit in hits]

    def similarity_search_with_score(
        self,
        query: str,
        k: int = 4,
        *,
        filter: Filter = None,  # noqa: A002 - LangChain's name
        **kwargs: Any,  # noqa: ANN401 - those of recall
    ) -> list[tuple[Document, float]]:
        """Return documents with the memory's scores; higher is better."""
        hits = self._hits(query, k, filter, kwargs)
        return [(document_of(hit.memory), hit.score) for hit in hits]

    def similarity_search_by_vector(
        self,
        embedding: list[float],
        k: int = 4,
        *,
        filter: Filter = None,  # noqa: A002 - LangChain's name
        **kwargs: Any,  # noqa: ANN401 - those of recall
    ) -> list[Document]:
        """Return the documents nearest to a vector."""
        hits = self._hits("", k, filter, {**kwargs, "vector": embedding})
        return [document_of(hit.memory) for hit in hits]

    def max_marginal_relevance_search(
        self,
        query: str,
        k: int = 4,
        fetch_k: int = 20,
        lambda_mult: float = 0.5,
        **kwargs: Any,  # noqa: ANN401 - filter, and those of recall
    ) -> list[Document]:
        """Return documents that answer the query and differ from each other.

        Args:
            query: The question.
            k: Documents to return.
            fetch_k: Documents to choose from.
            lambda_mult: 1 for the most similar, 0 for the most different.
            kwargs: `filter`, and keywords of recall.
        """
        vector = self.memory.encoder.encode_queries([query])[0].tolist()
        return self._diverse(
            self._hits(query, max(fetch_k, k), kwargs.pop("filter", None), kwargs),
            vector,
            k,
            lambda_mult,
        )

    def max_marginal_relevance_search_by_vector(
        self,
        embedding: list[float],
        k: int = 4,
        fetch_k: int = 20,
        lambda_mult: float = 0.5,
        **kwargs: Any,  # noqa: ANN401 - filter, and those of recall
    ) -> list[Document]:
        """Return documents near a vector that differ from each other."""
        options = {**kwargs, "vector": embedding}
        hits = self._hits("", max(fetch_k, k), options.pop("filter", None), options)
        return self._diverse(hits, embedding, k, lambda_mult)

    def _diverse(
        self, hits: list[Hit], vector: list[float], k: int, lambda_mult: float
    ) -> list[Document]:
        if not hits:
            return []
        vectors = self.memory.vectors([hit.id for hit in hits]).numpy()
        chosen = maximal_marginal_relevance(np.asarray(vector), list(vectors), lambda_mult, k)
        return [document_of(hits[position].memory) for position in chosen]

    def _similarity_search_with_relevance_scores(
        self,
        query: str,
        k: int = 4,
        **kwargs: Any,  # noqa: ANN401 - filter, and those of recall
    ) -> list[tuple[Document, float]]:
        hits = self._hits(query, k, kwargs.pop("filter", None), kwargs)
        return [(document_of(hit.memory), _share(hit.similarity)) for hit in hits]

    async def _asimilarity_search_with_relevance_scores(
        self,
        query: str,
        k: int = 4,
        **kwargs: Any,  # noqa: ANN401 - filter, and those of recall
    ) -> list[tuple[Document, float]]:
        search = self._similarity_search_with_relevance_scores
        return await run_in_executor(None, search, query, k, **kwargs)

    def _select_relevance_score_fn(self) -> Callable[[float], float]:
        return _share

    def _hits(self, query: str, k: int, wanted: Filter, options: Mapping[str, Any]) -> list[Hit]:
        recall = self.memory.recall
        if not callable(wanted):
            return list(recall(query, k=k, namespace=self._namespace, where=wanted, **options))
        for asked in _doubling(k):
            hits = recall(query, k=asked, namespace=self._namespace, **options)
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


def _labels(namespace: str | tuple[str, ...]) -> tuple[str, ...]:
    return (namespace,) if isinstance(namespace, str) else tuple(namespace)
