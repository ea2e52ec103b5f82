"""Long-term memory as a block of LlamaIndex's `Memory`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.bridge.pydantic import ConfigDict, Field
from llama_index.core.memory.memory import BaseMemoryBlock
from llama_index.core.utils import get_tokenizer

from llama_index_nuonuo.messages import last_question, turn_of, words_of
from llama_index_nuonuo.recall_fields import RecallFields
from nuonuo_memory.agents.arguments import refuse_unknown
from nuonuo_memory.agents.note import note_of, unseen
from nuonuo_memory.types import Message

_SESSION = "session_id"


class NuonuoMemoryBlock(RecallFields, BaseMemoryBlock[str]):
    """What earlier conversations hold about the user's last message, as one text.

    `Memory` gives its blocks a message only when its short-term queue overflows, so that a short
    chat would leave nothing behind. With `store_on_read` the block also stores what it is shown
    whenever the memory is read; then only an answer after which nothing is read can be missed.
    Use `NuonuoMemory` where every message must be kept as it is put.

    A block that survives serialisation needs a `path`; see `Connection`.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    name: str = Field(default="earlier_conversations", description="The name of the block.")
    similarity_top_k: int = Field(default=5, ge=1, description="Memories recalled at most.")
    within_session: bool = Field(
        default=False, description="Recall from the same session only, not from all of the user's."
    )
    store_on_read: bool = Field(
        default=True, description="Store the messages shown on reading, not only overflowing ones."
    )
    tokenizer_fn: Callable[[str], list[Any]] = Field(default_factory=get_tokenizer, exclude=True)

    async def _aget(self, messages: list[ChatMessage] | None = None, **block_kwargs: object) -> str:
        """Return what is recalled about the user's last message; nothing that is in `messages`.

        Args:
            messages: The conversation as it stands.
            block_kwargs: `session_id`, which `Memory` gives, or nothing.
        """
        refuse_unknown(block_kwargs, [_SESSION], by=f"{type(self).__name__}.aget")
        shown = messages or []
        named = block_kwargs.get(_SESSION)
        session = None if named is None else str(named)
        if self.store_on_read and self.accept_short_term_memory:
            await self._store(shown, session)
        question = last_question(shown)
        if not question:
            return ""
        present = [words_of(message) for message in shown]
        hits = await self._arguments(
            self.similarity_top_k + len(present), session=session if self.within_session else None
        ).arecall(self.memory, question)
        fresh = unseen(hits, present, self.similarity_top_k)
        return note_of(fresh, heading=None, latest_last=False)

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
