"""Long-term memory as a block of LlamaIndex's `Memory`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.bridge.pydantic import Field
from llama_index.core.memory.memory import BaseMemoryBlock
from llama_index.core.utils import get_tokenizer

from llama_index_nuonuo.connection import Connection
from llama_index_nuonuo.messages import last_question, line_of, turn_of, words_of
from nuonuo_memory.types import Message

_SESSION = "session_id"


class NuonuoMemoryBlock(Connection, BaseMemoryBlock[str]):
    """What earlier conversations hold about the user's last message, as one text.

    `Memory` gives its blocks a message only when its short-term queue overflows, so that a short
    chat would leave nothing behind. With `store_on_read` the block also stores what it is shown
    whenever the memory is read; then only an answer after which nothing is read can be missed.
    Use `NuonuoMemory` where every message must be kept as it is put.

    A block that survives serialisation needs a `path`; see `Connection`.
    """

    name: str = Field(default="earlier_conversations", description="The name of the block.")
    similarity_top_k: int = Field(default=5, ge=1, description="Memories recalled at most.")
    hops: int = Field(default=0, ge=0, description="Associations followed at most.")
    min_confidence: float = Field(
        default=0.0, ge=0, le=1, description="Recall nothing when the memory is less sure."
    )
    within_session: bool = Field(
        default=False, description="Recall from the same session only, not from all of the user's."
    )
    store_on_read: bool = Field(
        default=True, description="Store the messages shown on reading, not only overflowing ones."
    )
    tokenizer_fn: Callable[[str], list[Any]] = Field(default_factory=get_tokenizer, exclude=True)

    async def _aget(self, messages: list[ChatMessage] | None = None, **block_kwargs: object) -> str:
        """Return what is recalled about the user's last message; nothing that is in `messages`."""
        shown = messages or []
        named = block_kwargs.get(_SESSION)
        session = None if named is None else str(named)
        if self.store_on_read and self.accept_short_term_memory:
            await self._store(shown, session)
        question = last_question(shown)
        if not question:
            return ""
        present = {words_of(message).strip() for message in shown}
        scope: dict[str, Any] = {
            "k": self.similarity_top_k + len(present),
            "namespace": self.namespace,
            "where": {"session": session} if self.within_session and session else None,
        }
        if self.hops:
            hits = await self.memory.afollow(question, hops=self.hops, **scope)
        else:
            hits = await self.memory.arecall(question, min_confidence=self.min_confidence, **scope)
        fresh = [hit for hit in hits if hit.text.strip() not in present]
        return "\n".join(line_of(hit) for hit in fresh[: self.similarity_top_k])

    async def _aput(self, messages: list[ChatMessage]) -> None:
        """Store messages under the session that `Memory` writes into them."""
        by_session: dict[str | None, list[ChatMessage]] = {}
        for message in messages:
            session = message.additional_kwargs.get(_SESSION)
            by_session.setdefault(session, []).append(message)
        for session, of_session in by_session.items():
            await self._store(of_session, session)

    async def _store(self, messages: Sequence[ChatMessage], session: str | None) -> None:
        turns = [turn for turn in map(_spoken, messages) if turn is not None]
        if turns:
            await self.memory.aobserve(turns, session=session, namespace=self.namespace)

    async def atruncate(self, content: str, tokens_to_truncate: int) -> str | None:
        """Leave out the last, least likely lines until that many tokens are saved."""
        lines = content.split("\n")
        saved = 0
        while lines and saved < tokens_to_truncate:
            saved += len(self.tokenizer_fn(lines.pop() + "\n"))
        return "\n".join(lines) or None


def _spoken(message: ChatMessage) -> Message | None:
    turn = turn_of(message)
    return turn if turn.role == message.role.value else None
