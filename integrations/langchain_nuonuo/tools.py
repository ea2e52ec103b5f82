"""Tools that let a model use the memory itself: remember, recall, follow, forget."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any, TypeAlias

from langchain_core.documents import Document
from langchain_core.tools import BaseTool, InjectedToolArg, StructuredTool
from langgraph.prebuilt import ToolRuntime

from langchain_nuonuo.documents import document_of, documents_of
from langchain_nuonuo.namespaces import NamespaceTemplate, fill
from langchain_nuonuo.notes import line_of
from nuonuo_memory.errors import NotFoundError
from nuonuo_memory.memory import TextMemory
from nuonuo_memory.types import Namespace, Recall

Answer: TypeAlias = tuple[str, list[Document]]
"""What the model reads, and the documents behind it as the artifact."""

Runtime: TypeAlias = Annotated[ToolRuntime[Any, Any] | None, InjectedToolArg()]
"""The run's context, which the agent's tool node fills in and the model never sees."""


class _Calls:
    """The tools' functions over one memory, each sync and async."""

    def __init__(self, memory: TextMemory, namespace: NamespaceTemplate, k: int) -> None:
        self._memory = memory
        self._template = namespace
        self._k = k

    def _namespace(self, runtime: Runtime) -> Namespace | None:
        if runtime is None:
            return fill(self._template)
        return fill(self._template, runtime.context, runtime.config.get("configurable", {}))

    def remember(
        self,
        text: Annotated[str, "The fact to remember, in one self-contained sentence."],
        runtime: Runtime = None,
    ) -> Answer:
        """Store one fact."""
        memory = self._memory.remember(
            text, namespace=self._namespace(runtime), at=datetime.now(UTC)
        )
        return f"Remembered as {memory.id}.", [document_of(memory)]

    async def aremember(self, text: str, runtime: Runtime = None) -> Answer:
        """Store one fact."""
        memory = await self._memory.aremember(
            text, namespace=self._namespace(runtime), at=datetime.now(UTC)
        )
        return f"Remembered as {memory.id}.", [document_of(memory)]

    def recall(
        self,
        query: Annotated[str, "What to look for, as a question or a description."],
        runtime: Runtime = None,
    ) -> Answer:
        """Recall by a question."""
        return _answer(self._memory.recall(query, k=self._k, namespace=self._namespace(runtime)))

    async def arecall(self, query: str, runtime: Runtime = None) -> Answer:
        """Recall by a question."""
        namespace = self._namespace(runtime)
        return _answer(await self._memory.arecall(query, k=self._k, namespace=namespace))

    def follow(
        self,
        query: Annotated[str, "A question whose answer takes several steps."],
        hops: Annotated[int, "How many steps to follow, 1 to 4."] = 2,
        runtime: Runtime = None,
    ) -> Answer:
        """Recall by following associations."""
        namespace = self._namespace(runtime)
        return _answer(self._memory.follow(query, hops=hops, k=self._k, namespace=namespace))

    async def afollow(self, query: str, hops: int = 2, runtime: Runtime = None) -> Answer:
        """Recall by following associations."""
        namespace = self._namespace(runtime)
        return _answer(await self._memory.afollow(query, hops=hops, k=self._k, namespace=namespace))

    def forget(
        self,
        memory_id: Annotated[str, "The id of the memory, as recall gave it."],
        runtime: Runtime = None,
    ) -> Answer:
        """Forget one memory of the namespace; others' memories are out of reach."""
        namespace = self._namespace(runtime) or self._memory.namespace
        (found,) = self._memory.get_many([memory_id])
        if found is None or found.namespace != namespace:
            return f"There is no memory with the id {memory_id}.", []
        try:
            self._memory.forget(memory_id)
        except NotFoundError:
            return f"The memory {memory_id} was forgotten meanwhile.", []
        return f"Forgot: {found.text}", [document_of(found)]

    async def aforget(self, memory_id: str, runtime: Runtime = None) -> Answer:
        """Forget one memory of the namespace; others' memories are out of reach."""
        return await asyncio.to_thread(self.forget, memory_id, runtime)


def _answer(recall: Recall) -> Answer:
    lines = [f"{line_of(hit.memory)} (id {hit.id})" for hit in recall]
    return "\n".join(lines) or "Nothing comes to mind.", documents_of(recall)


_DESCRIPTIONS = {
    "remember": "Store a fact about the user or the task that will matter in later conversations.",
    "recall": "Look up what was said or stored in earlier conversations. Gives ids.",
    "follow": (
        "Look up what takes several steps to reach, such as the birthday of the manager of a "
        "project: follows associations from memory to memory. Gives ids."
    ),
    "forget": "Delete one memory for ever, by its id. Use it when asked to forget.",
}


def create_memory_tools(
    memory: TextMemory, *, namespace: NamespaceTemplate = None, k: int = 5
) -> list[BaseTool]:
    """Make the tools `remember`, `recall`, `follow` and `forget`.

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

    Args:
        memory: The memory that they work on.
        namespace: Whose memories, with placeholders that the run's context or configurable
            fills. The model never chooses it.
        k: Memories at most that `recall` and `follow` give.
    """
    calls = _Calls(memory, namespace, k)
    return [
        StructuredTool.from_function(
            func=getattr(calls, name),
            coroutine=getattr(calls, f"a{name}"),
            name=name,
            description=description,
            response_format="content_and_artifact",
        )
        for name, description in _DESCRIPTIONS.items()
    ]
