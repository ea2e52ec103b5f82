"""Tools that let a model use the memory itself: remember, recall, follow, update, forget."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, TypeAlias

from langchain_core.documents import Document
from langchain_core.tools import BaseTool, InjectedToolArg, StructuredTool
from langgraph.prebuilt import ToolRuntime

from langchain_nuonuo.documents import document_of, documents_of
from langchain_nuonuo.namespaces import NamespaceTemplate, fill
from nuonuo_memory.agents.arguments import RecallArguments
from nuonuo_memory.agents.tools import (
    TOOLS,
    Answer,
    Fact,
    FactCues,
    FollowQuery,
    MemoryId,
    MemoryIds,
    MemoryTools,
    Query,
    Steps,
)
from nuonuo_memory.memory import TextMemory
from nuonuo_memory.types import Namespace

Said: TypeAlias = tuple[str, list[Document]]
"""What the model reads, and the documents behind it as the artifact."""

Runtime: TypeAlias = Annotated[ToolRuntime[Any, Any] | None, InjectedToolArg()]
"""The run's context, which the agent's tool node fills in and the model never sees."""


class _Calls:
    """The tools' functions, whose namespace comes from the run, each sync and async."""

    def __init__(self, tools: MemoryTools, namespace: NamespaceTemplate) -> None:
        self._tools = tools
        self._template = namespace

    def _namespace(self, runtime: Runtime) -> Namespace | None:
        if runtime is None:
            return fill(self._template)
        return fill(self._template, runtime.context, runtime.config.get("configurable", {}))

    def remember(self, text: Fact, cues: FactCues = None, runtime: Runtime = None) -> Said:
        return _said(self._tools.remember(text, cues, namespace=self._namespace(runtime)))

    async def aremember(self, text: str, cues: FactCues = None, runtime: Runtime = None) -> Said:
        return _said(await self._tools.aremember(text, cues, namespace=self._namespace(runtime)))

    def recall(self, query: Query, runtime: Runtime = None) -> Said:
        return _said(self._tools.recall(query, namespace=self._namespace(runtime)))

    async def arecall(self, query: str, runtime: Runtime = None) -> Said:
        return _said(await self._tools.arecall(query, namespace=self._namespace(runtime)))

    def follow(self, query: FollowQuery, hops: Steps = None, runtime: Runtime = None) -> Said:
        return _said(self._tools.follow(query, hops, namespace=self._namespace(runtime)))

    async def afollow(self, query: str, hops: Steps = None, runtime: Runtime = None) -> Said:
        return _said(await self._tools.afollow(query, hops, namespace=self._namespace(runtime)))

    def update(self, memory_id: MemoryId, text: Fact, runtime: Runtime = None) -> Said:
        return _said(self._tools.update(memory_id, text, namespace=self._namespace(runtime)))

    async def aupdate(self, memory_id: str, text: str, runtime: Runtime = None) -> Said:
        return _said(await self._tools.aupdate(memory_id, text, namespace=self._namespace(runtime)))

    def forget(self, memory_ids: MemoryIds, runtime: Runtime = None) -> Said:
        return _said(self._tools.forget(memory_ids, namespace=self._namespace(runtime)))

    async def aforget(self, memory_ids: MemoryIds, runtime: Runtime = None) -> Said:
        return _said(await self._tools.aforget(memory_ids, namespace=self._namespace(runtime)))


def _said(answer: Answer) -> Said:
    if answer.recall is not None:
        return answer.text, documents_of(answer.recall)
    return answer.text, [document_of(memory) for memory in answer.memories]


def create_memory_tools(
    memory: TextMemory,
    *,
    namespace: NamespaceTemplate = None,
    k: int = 5,
    prefix: bool = False,
    where: Mapping[str, Any] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    session: str | None = None,
    hops: int = 0,
    follow_hops: int = 3,
    group_by: str | None = None,
    min_confidence: float = 0.0,
    now: datetime | None = None,
) -> list[BaseTool]:
    """Make the tools `remember`, `recall`, `follow`, `update` and `forget`.

    Setup:
        .. code-block:: bash

            pip install "nuonuo-memory[langchain,minilm]"

    Instantiate:
        .. code-block:: python

            from langchain_nuonuo import create_memory_tools
            from nuonuo_memory import TextMemory

            tools = create_memory_tools(TextMemory.open("memory.db"), namespace="{user_id}")

    Invoke:
        .. code-block:: python

            agent = create_agent(model, tools)
            agent.invoke(messages, context={"user_id": "ada"})

    Each returns `content_and_artifact`: a text for the model, and the documents as the artifact.
    `forget` takes one id or several. The model never chooses the namespace, and `update` and
    `forget` reach no memory outside it.

    Args:
        memory: The memory that they work on.
        namespace: Whose memories, with placeholders that the run's context or configurable
            fills.
        k: Memories, or groups, at most that `recall` and `follow` give, like all that follow.
        prefix: Recall from the namespaces below `namespace` too.
        where: Filter on metadata.
        since: Earliest time, inclusive.
        until: Latest time, inclusive.
        session: The conversation that the memories belong to.
        hops: Associations that `recall` follows at most.
        follow_hops: Associations that `follow` follows at most, where the model does not say.
        group_by: `"session"`, or a name in the metadata: the best memory of each group.
        min_confidence: Find nothing when the memory is less sure than this.
        now: The time that "last week" is reckoned from; the present by default.

    Raises:
        InvalidInputError: `memory` is no memory.
        ClosedError: It was closed.
    """
    arguments = RecallArguments(
        k=k,
        prefix=prefix,
        where=where,
        since=since,
        until=until,
        session=session,
        hops=hops,
        group_by=group_by,
        min_confidence=min_confidence,
        now=now,
    )
    return tools_of(MemoryTools(memory, arguments, follow_hops=follow_hops), namespace)


def tools_of(tools: MemoryTools, namespace: NamespaceTemplate) -> list[BaseTool]:
    """Return a memory's tools as LangChain's.

    Args:
        tools: What they do.
        namespace: Whose memories, with placeholders that the run fills.
    """
    calls = _Calls(tools, namespace)
    return [
        StructuredTool.from_function(
            func=getattr(calls, name),
            coroutine=getattr(calls, f"a{name}"),
            name=name,
            description=description,
            response_format="content_and_artifact",
        )
        for name, description in TOOLS.items()
    ]
