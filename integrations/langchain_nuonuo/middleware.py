"""Long-term memory for agents made by `create_agent`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, NotRequired

from langchain.agents.middleware import AgentMiddleware, AgentState
from langchain.agents.middleware.types import (
    ModelCallResult,
    ModelRequest,
    ModelResponse,
    PrivateStateAttr,
)
from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage
from langchain_core.tools import BaseTool
from langgraph.config import get_config
from langgraph.runtime import Runtime

from langchain_nuonuo.namespaces import NamespaceTemplate, fill
from langchain_nuonuo.thread_record import (
    Record,
    as_heard,
    chained_ids,
    digest_of,
    edited_messages,
    first_record,
    forgotten_texts,
    heard_of,
    is_summary,
    new_messages,
    removed,
    stored_as,
    turn_of,
)
from langchain_nuonuo.tools import tools_of
from nuonuo_memory.agents.arguments import RecallArguments, require_memory
from nuonuo_memory.agents.forgetting import repeats
from nuonuo_memory.agents.note import note_of, unseen
from nuonuo_memory.agents.tools import MemoryTools
from nuonuo_memory.errors import InvalidInputError, NotFoundError
from nuonuo_memory.memory import TextMemory
from nuonuo_memory.types import Namespace, Recall

NotePlace = Literal["system", "user"]
"""Where the note of what was recalled is put."""

_PLACES: tuple[NotePlace, ...] = ("system", "user")


class MemoryState(AgentState[Any]):
    """The agent's state with the records of its `NuonuoMiddleware`s, which no caller sees."""

    nuonuo_records: NotRequired[Annotated[dict[str, Record], PrivateStateAttr]]


@dataclass(frozen=True, slots=True)
class _Place:
    """Whose memory a run writes to, and under which name of a conversation."""

    namespace: Namespace | None
    session: str | None
    lasting: bool  # the run belongs to a thread, so that message ids mean the same in the next run


class NuonuoMiddleware(AgentMiddleware[MemoryState, Any, Any]):
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
    prompt as a short, dated note, in a marked and escaped block; what the conversation shows
    already is left out. After the agent, what this run added is stored: the turns of user and
    assistant, not calls of tools, their results or a summary that other middleware wrote in the
    user's name.

    What was said in earlier runs is not stored again, so that what was forgotten meanwhile stays
    away. With a checkpointer a record in the thread's own state says which messages were dealt
    with. Without one, what stands before the last answer counts as said earlier, and a run that is
    sent again adds nothing. A conversation that began before the middleware was there is not stored
    by it; call `memory.observe` once for it.

    A message of the thread whose words were changed (the same id again) changes its memory, before
    anything is recalled. In a run in which the `forget` tool removed memories, messages that share
    a word with them are not stored: "Forget my PIN 4711." asks for it and says the PIN again.

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
        forget_removed: Forget the turns whose messages were removed from the thread, as
            `RemoveMessage` does. Messages that a summary of `SummarizationMiddleware` stands for
            stay; leave it off where something else removes messages to save tokens.
        note_in: Where the note is put: the `"system"` message, or the `"user"`'s last turn, before
            its words. The thread's own messages stay as they are.
        tools: Give the model the tools of `create_memory_tools` too, which recall by the same
            arguments, from all sessions.

    Raises:
        InvalidInputError: `memory` is no memory, or `note_in` is no such place.
        ClosedError: The memory was closed.
    """

    state_schema = MemoryState

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
        forget_removed: bool = False,
        note_in: NotePlace = "system",
        tools: bool = False,
    ) -> None:
        super().__init__()
        if note_in not in _PLACES:
            raise InvalidInputError(f"note_in must be 'system' or 'user', got {note_in!r}")
        self.memory = require_memory(memory)
        self.namespace = namespace
        self.session = session
        self.within_session = within_session
        self.max_tokens = max_tokens
        self.store = store
        self.forget_removed = forget_removed
        self.note_in = note_in
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
        self.tools = self._tools() if tools else []

    def __getstate__(self) -> dict[str, Any]:
        """Leave the tools behind, which cannot be pickled; they are made again."""
        return {**self.__dict__, "tools": bool(self.tools)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.tools = self._tools() if state["tools"] else []

    def _tools(self) -> list[BaseTool]:
        return tools_of(MemoryTools(self.memory, self.arguments), self.namespace)

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

    def before_agent(
        self,
        state: MemoryState,
        runtime: Runtime[Any],  # noqa: ARG002 - the framework's signature
    ) -> dict[str, Any] | None:
        """Take over what was edited and removed in the thread since the last run."""
        if not self.store:
            return None
        messages = state["messages"]
        record = self._record(state) or first_record(messages)
        edited = [
            one for one in edited_messages(messages, record["known"]) if self._edit(one, record)
        ]
        gone = removed(messages, record["known"])
        if self.forget_removed:
            self._forget(gone, record)
        unknown = {str(one.id) for one in edited_messages(messages, record["known"])} - {
            str(one.id) for one in edited
        }
        known = {key: one for key, one in record["known"].items() if key not in {*gone, *unknown}}
        for one in edited:
            known[str(one.id)] = {**known[str(one.id)], "digest": digest_of(one)}
        begun = Record(known=known, heard=[], edited=[str(one.id) for one in edited])
        turns, _ = heard_of(begun, messages)
        return self._kept(state, {**begun, "heard": as_heard(turns)})

    async def abefore_agent(
        self, state: MemoryState, runtime: Runtime[Any]
    ) -> dict[str, Any] | None:
        """Take over what was edited and removed, without holding the event loop."""
        return await asyncio.to_thread(self.before_agent, state, runtime)

    def after_agent(self, state: MemoryState, runtime: Runtime[Any]) -> dict[str, Any] | None:
        """Store the turns that the run added."""
        if not self.store:
            return None
        messages = state["messages"]
        record = self._record(state) or Record(known={}, heard=[], edited=[])
        turns, known = heard_of(record, messages)
        gone = forgotten_texts(new_messages(messages, record["known"]))
        said = {str(one.id): one.text for one in messages}
        again = [one for one in record["edited"] if repeats(said.get(one, ""), gone)]
        self._forget(again, record)
        turns = [turn for turn in turns if not repeats(turn.content, gone)]
        place = self._place(runtime)
        if not place.lasting:
            turns = chained_ids(messages, turns)
        if turns:
            observed = self.memory.observe(
                turns, session=place.session, at=datetime.now(UTC), namespace=place.namespace
            )
            for message_id, memory_id in stored_as(turns, observed.memories):
                if message_id in known:
                    known[message_id]["memory"] = memory_id
        return self._kept(state, Record(known=known, heard=[], edited=[]))

    async def aafter_agent(
        self, state: MemoryState, runtime: Runtime[Any]
    ) -> dict[str, Any] | None:
        """Store the turns that the run added, without holding the event loop."""
        return await asyncio.to_thread(self.after_agent, state, runtime)

    def _record(self, state: MemoryState) -> Record | None:
        return (state.get("nuonuo_records") or {}).get(self.name)

    def _kept(self, state: MemoryState, record: Record) -> dict[str, Any]:
        return {"nuonuo_records": {**(state.get("nuonuo_records") or {}), self.name: record}}

    def _place(self, runtime: Runtime[Any] | None) -> _Place:
        return _Place(self._namespace(runtime), self._session(runtime), bool(_thread(runtime)))

    def _edit(self, message: BaseMessage, record: Record) -> bool:
        """Change the memory of an edited message; says whether there was one to change."""
        memory_id = record["known"][str(message.id)]["memory"]
        if memory_id is None:
            return False
        turn = turn_of(message)
        try:
            if turn is None:
                self.memory.forget(memory_id)
            else:
                self.memory.update(memory_id, text=turn.content, at=datetime.now(UTC))
        except NotFoundError:
            return False
        return True

    def _forget(self, message_ids: Sequence[str], record: Record) -> None:
        """Forget the memories of messages, as far as there are any still."""
        for one in message_ids:
            known = record["known"].get(one)
            memory_id = None if known is None else known["memory"]
            if memory_id is not None:
                with suppress(NotFoundError):
                    self.memory.forget(memory_id)

    def _namespace(self, runtime: Runtime[Any] | None) -> Namespace | None:
        return fill(self.namespace, *_sources(runtime))

    def _session(self, runtime: Runtime[Any] | None) -> str | None:
        if self.session is None:
            return _thread(runtime).get("thread_id")
        filled = fill(self.session, *_sources(runtime))
        return filled[0] if filled else None

    def _asked(self, request: ModelRequest[Any]) -> tuple[str, RecallArguments] | None:
        """Return the question and how to recall, or `None` without a question."""
        place = _last_question(request.messages)
        query = "" if place is None else request.messages[place].text
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
        place = _last_question(request.messages)
        if self.note_in == "system" or place is None:
            return request.override(system_message=_with_note(request.system_message, note))
        messages = list(request.messages)
        messages[place] = _after_note(messages[place], note)
        return request.override(messages=messages)


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


def _last_question(messages: Sequence[BaseMessage]) -> int | None:
    """Return the place of what the user said last; a summary in the user's name is not it."""
    said = [
        place
        for place, one in enumerate(messages)
        if isinstance(one, HumanMessage) and not is_summary(one)
    ]
    return said[-1] if said else None


def _after_note(message: Any, note: str) -> Any:  # noqa: ANN401 - any message class, the same back
    """Return a copy of a message that begins with a note."""
    if isinstance(message.content, str):
        return message.model_copy(update={"content": f"{note}\n\n{message.content}"})
    part = {"type": "text", "text": f"{note}\n\n"}
    return message.model_copy(update={"content": [part, *message.content]})


def _with_note(system: SystemMessage | None, note: str) -> SystemMessage:
    if system is None:
        return SystemMessage(content=note)
    if isinstance(system.content, str):
        return system.model_copy(update={"content": f"{system.content}\n\n{note}"})
    return system.model_copy(
        update={"content": [*system.content, {"type": "text", "text": f"\n\n{note}"}]}
    )
