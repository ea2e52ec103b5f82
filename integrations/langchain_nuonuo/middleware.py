"""Long-term memory for agents made by `create_agent`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from langchain.agents.middleware import AgentMiddleware, AgentState
from langchain.agents.middleware.types import ModelCallResult, ModelRequest, ModelResponse
from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage
from langgraph.config import get_config
from langgraph.runtime import Runtime

from langchain_nuonuo.namespaces import NamespaceTemplate, fill
from langchain_nuonuo.tools import tools_of
from nuonuo_memory.agents.arguments import RecallArguments, require_memory
from nuonuo_memory.agents.note import note_of, unseen
from nuonuo_memory.agents.tools import MemoryTools
from nuonuo_memory.memory import TextMemory
from nuonuo_memory.types import Message, Namespace, Recall


class NuonuoMiddleware(AgentMiddleware[AgentState[Any], Any, Any]):
    """Agent middleware that recalls before the model is called and observes after the agent.

    Setup:
        .. code-block:: bash

            pip install "nuonuo-memory[langchain,minilm]"

    Instantiate:
        .. code-block:: python

            from langchain.agents import create_agent
            from langchain_nuonuo import NuonuoMiddleware
            from nuonuo_memory import TextMemory

            memory = TextMemory.open("memory.db")
            agent = create_agent(
                model, middleware=[NuonuoMiddleware(memory, namespace=("acme", "{user_id}"))]
            )

    Invoke:
        .. code-block:: python

            agent.invoke({"messages": [("user", "Book the usual")]}, context={"user_id": "ada"})

    Before each call of the model, what the memory holds for the last user message is added to the
    system message as a short, dated note; what the conversation shows already is left out. After
    the agent, the turns of user and assistant that are new are stored. A turn is never stored
    twice: with a checkpointer, messages are told apart by their ids; without one, by session,
    role, words and repetition, so that a retried or resent conversation adds nothing.

    Args:
        memory: The memory.
        namespace: Whose memories. Labels may hold placeholders, `"{user_id}"`, that the runtime's
            context fills, or the run's configurable. A missing value is an error, never a shared
            namespace.
        session: Name of the conversation, with placeholders too; the thread's id by default.
        k: Memories at most in the note.
        prefix: Recall from the namespaces below `namespace` too.
        where: Filter on the metadata of what is recalled.
        since: Earliest time of what is recalled, inclusive.
        until: Latest time of what is recalled, inclusive.
        within_session: Recall from the same conversation alone.
        hops: Associations followed at most.
        group_by: `"session"`, or a name in the metadata: recall the best memory of each group.
        min_confidence: Add no note when the memory is less sure than this.
        now: The time that "last week" is reckoned from; the present by default.
        max_tokens: Size of the note at most, its heading included, estimated at four characters a
            token.
        store: Store the new turns after the agent.
        tools: Give the model the tools of `create_memory_tools` too, which recall by the same
            arguments, from all sessions.
    """

    def __init__(
        self,
        memory: TextMemory,
        *,
        namespace: NamespaceTemplate = None,
        session: str | None = None,
        k: int = 5,
        prefix: bool = False,
        where: Mapping[str, Any] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        within_session: bool = False,
        hops: int = 0,
        group_by: str | None = None,
        min_confidence: float = 0.0,
        now: datetime | None = None,
        max_tokens: int | None = 1000,
        store: bool = True,
        tools: bool = False,
    ) -> None:
        super().__init__()
        self.memory = require_memory(memory)
        self.namespace = namespace
        self.session = session
        self.within_session = within_session
        self.max_tokens = max_tokens
        self.store = store
        self.arguments = RecallArguments(
            k=k,
            prefix=prefix,
            where=where,
            since=since,
            until=until,
            hops=hops,
            group_by=group_by,
            min_confidence=min_confidence,
            now=now,
        )
        self.tools = tools_of(MemoryTools(memory, self.arguments), namespace) if tools else []

    def wrap_model_call(
        self,
        request: ModelRequest[Any],
        handler: Callable[[ModelRequest[Any]], ModelResponse[Any]],
    ) -> ModelCallResult[Any]:
        """Recall, then call the model."""
        asked = self._asked(request)
        if asked is None:
            return handler(request)
        query, arguments = asked
        return handler(self._noted(request, arguments.recall(self.memory, query)))

    async def awrap_model_call(
        self,
        request: ModelRequest[Any],
        handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]],
    ) -> ModelCallResult[Any]:
        """Recall, then call the model, without holding the event loop."""
        asked = self._asked(request)
        if asked is None:
            return await handler(request)
        query, arguments = asked
        recall = await arguments.arecall(self.memory, query)
        return await handler(self._noted(request, recall))

    def after_agent(self, state: AgentState[Any], runtime: Runtime[Any]) -> None:
        """Store the new turns."""
        messages = self._said(state, runtime)
        if messages:
            self.memory.observe(
                messages,
                session=self._session(runtime),
                at=datetime.now(UTC),
                namespace=self._namespace(runtime),
            )

    async def aafter_agent(self, state: AgentState[Any], runtime: Runtime[Any]) -> None:
        """Store the new turns, without holding the event loop."""
        messages = self._said(state, runtime)
        if messages:
            await self.memory.aobserve(
                messages,
                session=self._session(runtime),
                at=datetime.now(UTC),
                namespace=self._namespace(runtime),
            )

    def _namespace(self, runtime: Runtime[Any] | None) -> Namespace | None:
        return fill(self.namespace, *_sources(runtime))

    def _session(self, runtime: Runtime[Any] | None) -> str | None:
        if self.session is None:
            return _thread(runtime).get("thread_id")
        filled = fill(self.session, *_sources(runtime))
        return filled[0] if filled else None

    def _asked(self, request: ModelRequest[Any]) -> tuple[str, RecallArguments] | None:
        """Return the question and how to recall, or `None` without a question."""
        human = [message for message in request.messages if isinstance(message, HumanMessage)]
        query = human[-1].text if human else ""
        if not query.strip():
            return None
        return query, replace(
            self.arguments,
            k=self.arguments.k + len(request.messages),  # the best may be in the conversation
            namespace=self._namespace(request.runtime),
            session=self._session(request.runtime) if self.within_session else None,
        )

    def _noted(self, request: ModelRequest[Any], recall: Recall) -> ModelRequest[Any]:
        shown = [message.text for message in request.messages]
        note = note_of(unseen(recall, shown, self.arguments.k), budget=self.max_tokens)
        if not note:
            return request
        return request.override(system_message=_with_note(request.system_message, note))

    def _said(self, state: AgentState[Any], runtime: Runtime[Any]) -> list[Message]:
        """Return the turns to store; none where nothing is to be stored."""
        return _turns(state["messages"], by_id=bool(_thread(runtime))) if self.store else []


def _sources(runtime: Runtime[Any] | None) -> tuple[object, ...]:
    """Return where placeholders are looked up: the context, the thread, the configurable."""
    try:
        configurable = get_config().get("configurable", {})
    except RuntimeError:  # called outside of a graph
        configurable = {}
    return getattr(runtime, "context", None), _thread(runtime), configurable


def _thread(runtime: Runtime[Any] | None) -> dict[str, str]:
    """Return the thread's id under its name; empty when the run belongs to no thread."""
    info = getattr(runtime, "execution_info", None)
    thread = getattr(info, "thread_id", None)
    return {} if thread is None else {"thread_id": thread}


_ROLES = {"human": "user", "ai": "assistant"}


def _turns(messages: Sequence[BaseMessage], *, by_id: bool) -> list[Message]:
    """Return what user and assistant said; calls of tools and their results are not turns."""
    return [
        Message(
            _ROLES[message.type],
            message.text,
            name=message.name,
            id=message.id if by_id else None,
        )
        for message in messages
        if message.type in _ROLES and message.text.strip()
    ]


def _with_note(system: SystemMessage | None, note: str) -> SystemMessage:
    if system is None:
        return SystemMessage(content=note)
    if isinstance(system.content, str):
        return system.model_copy(update={"content": f"{system.content}\n\n{note}"})
    return system.model_copy(
        update={"content": [*system.content, {"type": "text", "text": f"\n\n{note}"}]}
    )
