"""A memory as a LangChain vector store."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings

from langchain_nuonuo.documents import document_of
from langchain_nuonuo.searches import SearchedStore
from nuonuo_memory.agents.arguments import require_memory
from nuonuo_memory.agents.batches import named_in_errors
from nuonuo_memory.encoders import as_encoder
from nuonuo_memory.errors import DuplicateIdError, InvalidInputError
from nuonuo_memory.inputs import namespace_of
from nuonuo_memory.memory import TextMemory
from nuonuo_memory.types import Memory, NewMemory


class NuonuoVectorStore(SearchedStore):
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
    `hops=2` follows associations too. Scores are the memory's: they lie in [0, 1] and mean the same
    in every store. Relevance scores are cosine similarities with what is below 0 cut off.

    Args:
        embedding: The application's embedder. Left out, the memory's own encoder is used.
        memory: An open memory; then `embedding` may be left out, and must otherwise be the one that
            the memory was opened with.
        path: File of the memory to open, which is made where there is none; without one and without
            `memory` it lives in memory.
        namespace: Where the documents are; the memory's own namespace by default.

    Raises:
        InvalidInputError: `memory` and `path` are both given, `memory` is no memory, or it was
            opened with another embedder than `embedding`.
        ClosedError: The memory was closed.
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
        elif embedding is not None:
            name = as_encoder(embedding).name
            if name != require_memory(memory).encoder.name:
                raise InvalidInputError(
                    f"embedding is {name!r}, but the memory was opened with "
                    f"{memory.encoder.name!r}; leave embedding out, or give the memory's own"
                )
        self.memory = require_memory(memory)
        self._embedding = embedding
        self._namespace = namespace_of(namespace, memory.namespace)

    @property
    def embeddings(self) -> Embeddings | None:
        """The embedder that was given."""
        return self._embedding

    @classmethod
    def from_texts(  # type: ignore[override] # unknown keywords are refused
        cls,
        texts: list[str],
        embedding: Embeddings,
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        memory: TextMemory | None = None,
        path: str | Path | None = None,
        namespace: str | tuple[str, ...] | None = None,
        skip_blank: bool = False,
    ) -> Self:
        """Make a store of texts.

        Args:
            texts: What to store.
            embedding: As for the class, as are `memory`, `path` and `namespace`.
            metadatas: The texts' metadata.
            ids: Their ids; new ones by default.
            memory: An open memory.
            path: File of the memory to open.
            namespace: Where the texts are.
            skip_blank: Leave out texts without a visible character.
        """
        store = cls(embedding, memory=memory, path=path, namespace=namespace)
        store.add_texts(texts, metadatas, ids=ids, skip_blank=skip_blank)
        return store

    def add_documents(  # type: ignore[override] # unknown keywords are refused
        self,
        documents: list[Document],
        *,
        ids: Sequence[str | None] | None = None,
        cues: Sequence[Sequence[str]] | None = None,
        batch_size: int = 1000,
        skip_blank: bool = False,
    ) -> list[str]:
        """Store documents; one with a known id replaces what it named.

        Args:
            documents: What to store.
            ids: Their ids; a document's own id, or a new one, where there is none.
            cues: Further cues of each document.
            batch_size: Documents to a transaction.
            skip_blank: Leave out documents that hold no text, such as a scanned page's.

        Returns:
            The ids of the documents that are stored, in order.

        Raises:
            EmptyTextError: A document holds no text, and `skip_blank` does not leave it out.
            InvalidInputError: A document's metadata holds what JSON does not. The error names the
                document by its place and its id, and the field; nothing was stored.
        """
        given = [document.id for document in documents] if ids is None else list(ids)
        further = [()] * len(documents) if cues is None else list(cues)
        if not len(given) == len(documents) == len(further):
            raise InvalidInputError(
                f"ids and cues must be one for each of {len(documents)} documents, "
                f"got {len(given)} ids and {len(further)} cues"
            )
        self._refuse_others([one for one in given if one is not None])
        new = named_in_errors(
            (
                NewMemory(document.page_content, tuple(more), document.metadata, id=one)
                for document, one, more in zip(documents, given, further, strict=True)
                if not skip_blank or document.page_content.strip()
            ),
            "document",
        )
        ready = iter([item if item.id else replace(item, id=uuid4().hex) for item in new])
        stored: list[str] = []
        while batch := list(islice(ready, batch_size)):
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

    def add_texts(  # type: ignore[override] # unknown keywords are refused
        self,
        texts: Iterable[str],
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: Sequence[str | None] | None = None,
        cues: Sequence[Sequence[str]] | None = None,
        batch_size: int = 1000,
        skip_blank: bool = False,
    ) -> list[str]:
        """Store texts, as `add_documents` does."""
        words = list(texts)
        details: Sequence[dict[str, Any]] = metadatas or [{}] * len(words)
        documents = [
            Document(page_content=text, metadata=metadata or {})
            for text, metadata in zip(words, details, strict=True)
        ]
        return self.add_documents(
            documents, ids=ids, cues=cues, batch_size=batch_size, skip_blank=skip_blank
        )

    def delete(  # type: ignore[override] # unknown keywords are refused
        self, ids: builtins.list[str] | None = None
    ) -> bool:
        """Forget documents by id; all of the namespace without ids. Unknown ids are passed over."""
        if ids is None:
            self.memory.forget(namespace=self._namespace)
        elif known := [memory.id for memory in self._known(ids)]:
            self.memory.forget(known)
        return True

    def get_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        """Return the documents with these ids, in order; unknown ids are passed over."""
        return [document_of(memory) for memory in self._known(ids)]

    def _known(self, ids: Sequence[str]) -> list[Memory]:
        found = self.memory.get_many(list(dict.fromkeys(ids)))
        return [memory for memory in found if memory and memory.namespace == self._namespace]
