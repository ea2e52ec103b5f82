"""A memory as a LangChain retriever."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from langchain_core.callbacks import (
    AsyncCallbackManagerForRetrieverRun,
    CallbackManagerForRetrieverRun,
)
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever, LangSmithRetrieverParams
from pydantic import ConfigDict

from langchain_nuonuo.documents import documents_of
from langchain_nuonuo.strict import Strict
from nuonuo_memory.agents.arguments import RecallArguments
from nuonuo_memory.memory import TextMemory


class NuonuoRetriever(Strict, BaseRetriever):
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

        Every field below may be given at call time too, and so may `start` and `vector`, which
        `TextMemory.recall` takes for one question; other names are refused.

    Use within a chain:
        .. code-block:: python

            context = {"context": retriever | format_docs, "question": RunnablePassthrough()}
            chain = context | prompt | model

    Attributes:
        memory: The memory to recall from.
        k: Documents, or groups, at most.
        namespace: Whose memories; the memory's own namespace by default.
        prefix: Recall from the namespaces below it too.
        where: Filter on metadata.
        since: Earliest time, inclusive.
        until: Latest time, inclusive.
        session: The conversation that the memories belong to.
        hops: Follow associations at most this many steps from what the question brings to mind;
            `path` tells how each document was reached.
        group_by: `"session"`, or a name in the metadata: the best document of each group.
        min_confidence: Return nothing when the memory is less sure than this that it holds an
            answer.
        now: The time that "last week" is reckoned from; the present by default.
    """

    model_config = ConfigDict(extra="forbid")

    memory: TextMemory
    k: int = 5
    namespace: str | tuple[str, ...] | None = None
    prefix: bool = False
    where: dict[str, Any] | None = None
    since: datetime | None = None
    until: datetime | None = None
    session: str | None = None
    hops: int = 0
    group_by: str | None = None
    min_confidence: float = 0.0
    now: datetime | None = None

    def _arguments(self, changes: Mapping[str, object]) -> RecallArguments:
        """Return the fields, with what the call gives in their place."""
        own = RecallArguments(
            k=self.k,
            namespace=self.namespace,
            prefix=self.prefix,
            where=self.where,
            since=self.since,
            until=self.until,
            session=self.session,
            hops=self.hops,
            group_by=self.group_by,
            min_confidence=self.min_confidence,
            now=self.now,
        )
        return own.changed(changes, by=f"{type(self).__name__}.invoke")

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,  # noqa: ARG002 - nothing to report midway
        **changes: object,  # as `invoke` takes them; checked against what recall takes
    ) -> list[Document]:
        return documents_of(self._arguments(changes).recall(self.memory, query))

    async def _aget_relevant_documents(
        self,
        query: str,
        *,
        run_manager: AsyncCallbackManagerForRetrieverRun,  # noqa: ARG002 - nothing to report midway
        **changes: object,
    ) -> list[Document]:
        return documents_of(await self._arguments(changes).arecall(self.memory, query))

    def _get_ls_params(self, **kwargs: Any) -> LangSmithRetrieverParams:  # noqa: ANN401 - LangChain's
        """Name what traces show."""
        params = super()._get_ls_params(**kwargs)
        params["ls_vector_store_provider"] = "nuonuo-memory"
        params["ls_embedding_model"] = self.memory.encoder.name
        return params
