"""A memory for chains of the classic kind, those that take `memory=`."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from langchain_classic.base_memory import BaseMemory
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from pydantic import ConfigDict, PrivateAttr

from langchain_nuonuo.strict import Strict
from nuonuo_memory.agents.arguments import RecallArguments
from nuonuo_memory.agents.note import about_tokens, note_of, unseen, within_budget
from nuonuo_memory.errors import InvalidInputError
from nuonuo_memory.memory import TextMemory
from nuonuo_memory.types import Hit, Memory, Message


class NuonuoMemory(Strict, BaseMemory):
    """Memory for `ConversationChain` and other classic chains.

    Setup:
        .. code-block:: bash

            pip install "nuonuo-memory[langchain,langchain-classic,minilm]"

    Instantiate:
        .. code-block:: python

            from langchain_classic.chains import ConversationChain
            from langchain_nuonuo import NuonuoMemory
            from nuonuo_memory import TextMemory

            chain = ConversationChain(
                llm=llm, memory=NuonuoMemory(memory=TextMemory.open("memory.db"))
            )

    The chain sees the last `window` turns word for word and, before them, a dated note of older
    turns that the current input brings to mind; a turn of the window is never in the note too.
    Everything is stored, and `save_context` of the same words twice stores both, as a buffer does.
    The window is read from the memory each time: what was forgotten, updated or added elsewhere,
    under the same session, shows at once.

    Attributes:
        memory: Where turns are stored.
        namespace: Whose memories; the memory's own namespace by default.
        session: Name of the conversation; a new name by default. Recall reaches all sessions of the
            namespace, the window shows this one, `clear` forgets this one.
        memory_key: Name of the variable that the prompt uses.
        input_key: Name of the chain's input, needed when it has several.
        output_key: Name of the chain's output, needed when it has several.
        return_messages: Give messages for a chat prompt, not a string.
        human_prefix: Speaker of the input in the string.
        ai_prefix: Speaker of the output in the string.
        k: Recalled turns at most.
        prefix: Recall from the namespaces below `namespace` too.
        where: Filter on the metadata of what is recalled.
        since: Earliest time of what is recalled, inclusive.
        until: Latest time of what is recalled, inclusive.
        within_session: Recall from this conversation alone.
        hops: Associations followed at most.
        group_by: `"session"`, or a name in the metadata: recall the best turn of each group.
        now: The time that "last week" is reckoned from; the present by default.
        window: Turns shown word for word; two for each exchange.
        max_tokens: Size of the whole at most. The window comes first, its latest turn before
            all; then the best of what was recalled.
        count_tokens: Counts the tokens of a text; four characters each by default.
        min_confidence: Recall nothing when the memory is less sure than this.
    """

    model_config = ConfigDict(extra="forbid")

    memory: TextMemory
    namespace: str | tuple[str, ...] | None = None
    session: str | None = None
    memory_key: str = "history"
    input_key: str | None = None
    output_key: str | None = None
    return_messages: bool = False
    human_prefix: str = "Human"
    ai_prefix: str = "AI"
    k: int = 5
    prefix: bool = False
    where: dict[str, Any] | None = None
    since: datetime | None = None
    until: datetime | None = None
    within_session: bool = False
    hops: int = 0
    group_by: str | None = None
    now: datetime | None = None
    window: int = 6
    max_tokens: int | None = None
    count_tokens: Callable[[str], int] = about_tokens
    min_confidence: float = 0.0
    _session: str = PrivateAttr()
    _last_turn: int | None = PrivateAttr(default=None)

    def model_post_init(self, context: Any, /) -> None:  # noqa: ANN401 - pydantic's signature
        """Give the conversation a name of its own where it has none."""
        super().model_post_init(context)
        self._session = self.session or uuid.uuid4().hex

    @property
    def memory_variables(self) -> list[str]:
        """The one variable that the prompt gets."""
        return [self.memory_key]

    def load_memory_variables(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Recall by the current input.

        Raises:
            InvalidInputError: The inputs have several keys and `input_key` names none of them.
        """
        recent = self._recent()
        query = _text(_one(inputs, self.input_key, "input_key", {self.memory_key, "stop"}))
        hits: list[Hit] = []
        if query.strip():
            found = self._arguments(self.k + len(recent)).recall(self.memory, query)
            hits = unseen(found, [turn.text for turn in recent], self.k)
        lines = [self._line(turn) for turn in recent]
        kept = len(within_budget(lines[::-1], self.max_tokens, self.count_tokens))
        recent, lines = recent[len(recent) - kept :], lines[len(lines) - kept :]
        left = self.max_tokens
        if left is not None:
            left -= sum(self.count_tokens(f"{line}\n") for line in lines)
        note = note_of(hits, budget=left, count=self.count_tokens)
        if self.return_messages:
            return {self.memory_key: _messages(note, recent)}
        return {self.memory_key: "\n".join([*([note, ""] if note else []), *lines])}

    def save_context(self, inputs: dict[str, Any], outputs: dict[str, str]) -> None:
        """Store what went in and what came out."""
        said = _text(_one(inputs, self.input_key, "input_key", {self.memory_key, "stop"}))
        answered = _text(_one(outputs, self.output_key, "output_key", set()))
        turns = [("user", said), ("assistant", answered)]
        self.memory.observe(
            [Message(role, text, id=uuid.uuid4().hex) for role, text in turns],
            session=self._session,
            at=datetime.now(UTC),
            namespace=self.namespace,
        )

    def clear(self) -> None:
        """Forget this conversation; what the namespace holds beside it stays."""
        self.memory.forget(namespace=self._namespace(), session=self._session)

    def _arguments(self, k: int) -> RecallArguments:
        return RecallArguments(
            k=k,
            namespace=self.namespace,
            prefix=self.prefix,
            where=self.where,
            since=self.since,
            until=self.until,
            session=self._session if self.within_session else None,
            hops=self.hops,
            group_by=self.group_by,
            min_confidence=self.min_confidence,
            now=self.now,
        )

    def _namespace(self) -> str | tuple[str, ...]:
        return self.memory.namespace if self.namespace is None else self.namespace

    def _recent(self) -> list[Memory]:
        """Return the window's turns, as the memory holds them now."""
        if self.window <= 0:
            return []
        found: list[Memory] = []
        if self._last_turn is not None:  # a few turns suffice, unless some of them were forgotten
            found = self._spoken({"turn": {"$gt": self._last_turn - self.window}})
        if len(found) < self.window:
            found = self._spoken({})
        recent = found[max(len(found) - self.window, 0) :]
        self._last_turn = recent[-1].turn if recent else None
        return recent

    def _spoken(self, where: dict[str, Any]) -> list[Memory]:
        """Return turns of this conversation in order; rules and results of tools are not shown."""
        turns = self.memory.list(
            namespace=self.namespace,
            session=self._session,
            where={**where, "role": {"$in": ["user", "assistant"]}},
        )
        return sorted(turns, key=lambda turn: -1 if turn.turn is None else turn.turn)

    def _line(self, turn: Memory) -> str:
        prefix = self.ai_prefix if turn.role == "assistant" else self.human_prefix
        return f"{prefix}: {turn.text}"


def _one(values: dict[str, Any], key: str | None, field: str, skip: set[str]) -> object:
    names = [key] if key is not None else [name for name in values if name not in skip]
    if len(names) != 1 or names[0] not in values:
        raise InvalidInputError(
            f"expected one value, or {field} to name one of {sorted(values)}; got {field}={key!r}"
        )
    return values[names[0]]


def _text(value: object) -> str:
    if isinstance(value, BaseMessage):
        return value.text
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "\n".join(_text(one) for one in value)
    return str(value)


def _messages(note: str, recent: Sequence[Memory]) -> list[BaseMessage]:
    messages: list[BaseMessage] = [SystemMessage(content=note)] if note else []
    for turn in recent:
        kind = AIMessage if turn.role == "assistant" else HumanMessage
        messages.append(kind(content=turn.text))
    return messages
