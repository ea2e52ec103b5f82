"""A memory as tools that an agent calls."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from llama_index.core.tools.tool_spec.base import SPEC_FUNCTION_TYPE, BaseToolSpec

from nuonuo_memory.errors import NotFoundError
from nuonuo_memory.inputs import namespace_of
from nuonuo_memory.memory import TextMemory
from nuonuo_memory.types import Hit


class NuonuoToolSpec(BaseToolSpec):
    """Tools to remember, recall, follow and forget, each for threads and for event loops.

    The functions' docstrings are what the model reads.
    """

    def __init__(
        self,
        memory: TextMemory,
        namespace: tuple[str, ...] | str | None = None,
        *,
        similarity_top_k: int = 5,
        hops: int = 3,
    ) -> None:
        self.spec_functions: list[SPEC_FUNCTION_TYPE] = [
            ("remember", "aremember"),
            ("recall", "arecall"),
            ("follow", "afollow"),
            ("forget", "aforget"),
        ]
        self.memory = memory
        self.namespace = namespace
        self.similarity_top_k = similarity_top_k
        self.hops = hops

    def remember(self, text: str, cues: list[str] | None = None) -> str:
        """Store a fact in long-term memory.

        Args:
            text: The fact, in words that are clear without this conversation.
            cues: Questions that the fact answers, or other words that should bring it to mind.
        """
        stored = self.memory.remember(text, cues=cues or [], namespace=self.namespace)
        return f"Remembered with id {stored.id}."

    def recall(self, question: str) -> str:
        """Look up what long-term memory holds about a question.

        Args:
            question: What to look up, in full words.
        """
        hits = self.memory.recall(question, k=self.similarity_top_k, namespace=self.namespace)
        return _answer(hits)

    def follow(self, question: str) -> str:
        """Look up an answer that several memories hold together, following what ties them.

        Args:
            question: What to look up, in full words, with every name that is known.
        """
        hits = self.memory.follow(
            question, hops=self.hops, k=self.similarity_top_k, namespace=self.namespace
        )
        return _answer(hits)

    def forget(self, memory_id: str) -> str:
        """Remove a memory for good.

        Args:
            memory_id: The id that stands in brackets before a recalled memory.
        """
        wanted = namespace_of(self.namespace, self.memory.namespace)
        if self.memory.get(memory_id).namespace != wanted:
            raise NotFoundError(
                f"no memory of {wanted!r} has the id {memory_id!r}; recall first and give its id"
            )
        self.memory.forget(memory_id)
        return f"Forgot {memory_id}."

    async def aremember(self, text: str, cues: list[str] | None = None) -> str:
        """Store a fact in long-term memory."""
        return await asyncio.to_thread(self.remember, text, cues)

    async def arecall(self, question: str) -> str:
        """Look up what long-term memory holds about a question."""
        return await asyncio.to_thread(self.recall, question)

    async def afollow(self, question: str) -> str:
        """Look up an answer that several memories hold together, following what ties them."""
        return await asyncio.to_thread(self.follow, question)

    async def aforget(self, memory_id: str) -> str:
        """Remove a memory for good."""
        return await asyncio.to_thread(self.forget, memory_id)


def _answer(hits: Sequence[Hit]) -> str:
    if not hits:
        return "Nothing is remembered about this."
    return "\n".join(_line(hit) for hit in hits)


def _line(hit: Hit) -> str:
    when = f" ({hit.memory.at:%Y-%m-%d})" if hit.memory.at else ""
    via = " → ".join(hop.link for hop in hit.path if hop.link)
    reached = f" (reached by {via})" if via else ""
    return f"[{hit.id}]{when} {hit.text}{reached}"
