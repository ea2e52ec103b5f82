"""A memory as tools that a language model calls: what they do, answer, and say of themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated

from nuonuo_memory.agents.arguments import RecallArguments, require_memory
from nuonuo_memory.agents.forgetting import forgot
from nuonuo_memory.agents.note import inline, line_of
from nuonuo_memory.errors import NotFoundError
from nuonuo_memory.inputs import memory_ids_of, namespace_of
from nuonuo_memory.memory import TextMemory
from nuonuo_memory.types import Hit, Memory, Namespace, Recall

TOOLS: Mapping[str, str] = {
    "remember": (
        "Store a fact about the user or the task that will matter in later conversations. "
        "Gives its id."
    ),
    "recall": "Look up what was said or stored in earlier conversations. Gives ids.",
    "follow": (
        "Look up what takes several steps to reach, such as the birthday of the manager of a "
        "project: follows associations from memory to memory. Gives ids."
    ),
    "update": "Replace the words of one memory, by its id. Use it when a stored fact has changed.",
    "forget": "Delete memories for ever, by their ids. Use it when asked to forget.",
}
"""The tools by name, each with the description that the model reads."""

Fact = Annotated[str, "The fact, in one sentence that is clear without this conversation."]
FactCues = Annotated[
    list[str] | None,
    "Questions that the fact answers, or other words that should bring it to mind.",
]
Query = Annotated[str, "What to look for, as a question or a description in full words."]
FollowQuery = Annotated[str, "A question whose answer takes several steps, with all known names."]
Steps = Annotated[int | None, "How many steps to follow at most, 1 to 4; leave it out if unsure."]
MemoryId = Annotated[str, "The id of the memory, as recall gave it."]
MemoryIds = Annotated[str | list[str], "The id of the memory, or a list of ids, as recall gave."]

Namespaced = Namespace | str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a tool answers.

    Attributes:
        text: For the model.
        memories: What was stored, found, changed or forgotten.
        recall: The recall behind `memories`, with scores and paths, where there was one.
    """

    text: str
    memories: tuple[Memory, ...] = ()
    recall: Recall | None = None


class MemoryTools:
    """The tools' work over one memory; every call stays within the namespace that it is given.

    What the model got wrong (an unknown id) is told in the answer's text; what the application got
    wrong is raised.

    Args:
        memory: The memory.
        arguments: How `recall` and `follow` ask; its `hops` are those of `recall`.
        follow_hops: Associations that `follow` follows at most, where the model does not say.
    """

    def __init__(
        self, memory: TextMemory, arguments: RecallArguments, *, follow_hops: int = 3
    ) -> None:
        self.memory: TextMemory = require_memory(memory)
        self.arguments = arguments
        self.follow_hops = follow_hops

    def remember(
        self, text: str, cues: Sequence[str] | None = None, *, namespace: Namespaced = None
    ) -> Answer:
        """Store one fact, as said now."""
        stored = self.memory.remember(
            text, cues=cues or (), namespace=self._namespace(namespace), at=datetime.now(UTC)
        )
        return _stored(stored)

    def recall(self, query: str, *, namespace: Namespaced = None) -> Answer:
        """Recall by a question."""
        return _found(self._asking(namespace).recall(self.memory, query))

    def follow(
        self, query: str, hops: int | None = None, *, namespace: Namespaced = None
    ) -> Answer:
        """Recall by following associations."""
        return _found(self._following(hops, namespace).recall(self.memory, query))

    def update(self, memory_id: str, text: str, *, namespace: Namespaced = None) -> Answer:
        """Replace a memory's words; it then counts as said now."""
        found, _ = self._within([memory_id], namespace)
        if not found:
            return Answer(_missing([memory_id]))
        changed = self.memory.update(memory_id, text=text, at=datetime.now(UTC))
        return Answer(f"Updated {memory_id}: {inline(changed.text)}", (changed,))

    def forget(
        self,
        memories: str | Memory | Hit | Iterable[str | Memory | Hit],
        *,
        namespace: Namespaced = None,
    ) -> Answer:
        """Forget memories of the namespace; others' memories are out of reach."""
        found, missing = self._within(memory_ids_of(memories), namespace)
        try:
            if found:
                self.memory.forget([memory.id for memory in found])
        except NotFoundError:  # another process forgot one of them meanwhile
            for memory in found:
                with suppress(NotFoundError):
                    self.memory.forget(memory.id)
        lines = [forgot(memory.text) for memory in found]
        return Answer("\n".join([*lines, *([_missing(missing)] if missing else [])]), tuple(found))

    async def aremember(
        self, text: str, cues: Sequence[str] | None = None, *, namespace: Namespaced = None
    ) -> Answer:
        """Store one fact, as `remember` does."""
        stored = await self.memory.aremember(
            text, cues=cues or (), namespace=self._namespace(namespace), at=datetime.now(UTC)
        )
        return _stored(stored)

    async def arecall(self, query: str, *, namespace: Namespaced = None) -> Answer:
        """Recall by a question, as `recall` does."""
        return _found(await self._asking(namespace).arecall(self.memory, query))

    async def afollow(
        self, query: str, hops: int | None = None, *, namespace: Namespaced = None
    ) -> Answer:
        """Recall by following associations, as `follow` does."""
        return _found(await self._following(hops, namespace).arecall(self.memory, query))

    async def aupdate(self, memory_id: str, text: str, *, namespace: Namespaced = None) -> Answer:
        """Replace a memory's words, as `update` does."""
        return await asyncio.to_thread(self.update, memory_id, text, namespace=namespace)

    async def aforget(
        self,
        memories: str | Memory | Hit | Iterable[str | Memory | Hit],
        *,
        namespace: Namespaced = None,
    ) -> Answer:
        """Forget memories of the namespace, as `forget` does."""
        return await asyncio.to_thread(self.forget, memories, namespace=namespace)

    def _asking(self, namespace: Namespaced) -> RecallArguments:
        return replace(self.arguments, namespace=self._namespace(namespace))

    def _following(self, hops: int | None, namespace: Namespaced) -> RecallArguments:
        return replace(self._asking(namespace), hops=self.follow_hops if hops is None else hops)

    def _namespace(self, given: Namespaced) -> Namespace:
        own = namespace_of(self.arguments.namespace, self.memory.namespace)
        return namespace_of(given, own)

    def _within(self, ids: Sequence[str], namespace: Namespaced) -> tuple[list[Memory], list[str]]:
        """Return the memories of these ids that the namespace holds, and the ids of no such."""
        own = self._namespace(namespace)
        found = {}
        for memory in self.memory.get_many(ids):
            if memory is not None:
                theirs = memory.namespace
                if theirs == own or (self.arguments.prefix and theirs[: len(own)] == own):
                    found[memory.id] = memory
        return list(found.values()), [one for one in ids if one not in found]


def _stored(memory: Memory) -> Answer:
    return Answer(f"Remembered with id {memory.id}.", (memory,))


def _found(recall: Recall) -> Answer:
    lines = [_line(hit) for hit in recall]
    memories = tuple(hit.memory for hit in recall)
    return Answer("\n".join(lines) or "Nothing is remembered about this.", memories, recall)


def _line(hit: Hit) -> str:
    via = " → ".join(inline(hop.link) for hop in hit.path if hop.link)
    return f"{line_of(hit.memory)} (id {hit.id}{f'; reached by {via}' if via else ''})"


def _missing(ids: Sequence[str]) -> str:
    return "\n".join(f"There is no memory with the id {one}." for one in ids)
