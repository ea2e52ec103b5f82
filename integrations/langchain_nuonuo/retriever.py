"""A memory as a LangChain retriever."""

from __future__ import annotations

from typing import Any, Unpack

from langchain_core.callbacks import (
    AsyncCallbackManagerForRetrieverRun,
    CallbackManagerForRetrieverRun,
)
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever, LangSmithRetrieverParams
from nuonuo_memory.options import RecallOptions

from langchain_nuonuo.documents import documents_of
from nuonuo_memory.memory import TextMemory


class RetrieverOptions(RecallOptions, total=False):
    """What a call may set, beside the question: all that `TextMemory.recall` takes, and hops.

    Attributes:
        hops: Follow associations this many steps from what the question brings to mind.
    """

    hops: int | None


class NuonuoRetriever(BaseRetriever):
    """Retriever over a nuonuo memory.

    Setup:
        .. code-block:: bash

            pip install "nuonuo-memory[langchain,minilm]"

    Instantiate:
        .. code-block:: python

            from langchain_nuonuo import NuonuoRetriever
            from nuonuo_memory import TextMemory

            memory = TextMemory.open("memory.db")
            retriever = NuonuoRetriever(memory=memory, k=5)

    Usage:
        .. code-block:: python

            retriever.invoke("When is Ada's birthday?")
            await retriever.ainvoke("When is Ada's birthday?", k=2, where={"topic": "family"})

        Every field below may be given at call time too, and so may all else that
        `TextMemory.recall` takes (`session`, `since`, `group_by`, …); other names are refused.

    Use within a chain:
        .. code-block:: python

            context = {"context": retriever | format_docs, "question": RunnablePassthrough()}
            chain = context | prompt | model

    Attributes:
        memory: The memory to recall from.
        k: Documents at most.
        namespace: Whose memories; the memory's own namespace by default.
        prefix: Recall from the namespaces below it too.
        where: Filter on metadata.
        min_confidence: Return nothing when the memory is less sure than this that it holds an
            answer.
        associate: Follow associations too; the memory's settings decide by default.
        hops: Answer by `TextMemory.follow`, this many steps; `path` tells how each was reached.
    """

    memory: TextMemory
    k: int = 5
    namespace: str | tuple[str, ...] | None = None
    prefix: bool = False
    where: dict[str, Any] | None = None
    min_confidence: float = 0.0
    associate: bool | None = None
    hops: int | None = None

    def _options(self, given: RetrieverOptions) -> RetrieverOptions:
        """Return the fields, with what the call gives in their place."""
        if unknown := set(given) - set(RetrieverOptions.__annotations__):
            raise TypeError(f"{type(self).__name__} got an unexpected argument {min(unknown)!r}")
        own = RetrieverOptions(
            k=self.k,
            namespace=self.namespace,
            prefix=self.prefix,
            where=self.where,
            min_confidence=self.min_confidence,
            associate=self.associate,
            hops=self.hops,
        )
        return {**own, **given}

    def _call(self, options: RetrieverOptions) -> tuple[bool, dict[str, Any], float]:
        """Return whether to follow, the facade's arguments, and the least confidence."""
        chosen: dict[str, Any] = dict(self._options(options))
        if chosen["hops"] is None:
            del chosen["hops"]
            return False, chosen, 0.0
        least = chosen.pop("min_confidence")
        del chosen["associate"]
        return True, chosen, least

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,  # noqa: ARG002 - nothing to report midway
        **options: Unpack[RetrieverOptions],
    ) -> list[Document]:
        follow, chosen, least = self._call(options)
        recall = (self.memory.follow if follow else self.memory.recall)(query, **chosen)
        return documents_of(recall) if recall.confidence >= least else []

    async def _aget_relevant_documents(
        self,
        query: str,
        *,
        run_manager: AsyncCallbackManagerForRetrieverRun,  # noqa: ARG002 - nothing to report midway
        **options: Unpack[RetrieverOptions],
    ) -> list[Document]:
        follow, chosen, least = self._call(options)
        recall = await (self.memory.afollow if follow else self.memory.arecall)(query, **chosen)
        return documents_of(recall) if recall.confidence >= least else []

    def _get_ls_params(self, **kwargs: Any) -> LangSmithRetrieverParams:  # noqa: ANN401 - LangChain's
        """Name what traces show."""
        params = super()._get_ls_params(**kwargs)
        params["ls_vector_store_provider"] = "nuonuo-memory"
        params["ls_embedding_model"] = self.memory.encoder.name
        return params
