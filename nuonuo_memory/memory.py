"""`TextMemory`: remember, observe, recall, follow, forget, each with an async twin."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self, Unpack

from nuonuo_memory.aio import AsyncRunner
from nuonuo_memory.engine.confidence import Calibration
from nuonuo_memory.facade import Facade
from nuonuo_memory.maintenance.consolidation_plan import Consolidation
from nuonuo_memory.options import (
    ConsolidateOptions,
    FollowOptions,
    ListOptions,
    ManyOptions,
    ObserveOptions,
    OpenOptions,
    RecallOptions,
    RememberOptions,
    Scope,
    UpdateOptions,
)
from nuonuo_memory.types import (
    Cue,
    Memory,
    Message,
    NewMemory,
    Observed,
    Progress,
    Recall,
    Stats,
)


class TextMemory(Facade):
    """An associative memory for texts and conversations; usable from several threads.

    Open one with `TextMemory.open(path)` or `TextMemory.in_memory()`, and close it, or use it in a
    `with` block. A method whose name begins with `a` is the async twin of the one without: it takes
    and returns the same, and works in a thread, so that the event loop goes on.

    Example:
        >>> with TextMemory.in_memory() as memory:
        ...     memory.remember("Ada's birthday is on the third of May.")
        ...     memory.recall("When was Ada born?")[0].text
        "Ada's birthday is on the third of May."
    """

    def __init__(self, path: str | os.PathLike[str] | None, options: OpenOptions) -> None:
        super().__init__(path, options)
        self._threads = AsyncRunner()

    async def aremember(self, text: str, **options: Unpack[RememberOptions]) -> Memory:
        """Store one memory, as `remember` does."""
        return await self._threads.run(self.remember, text, **options)

    async def aremember_many(
        self, memories: Iterable[NewMemory | str], **options: Unpack[ManyOptions]
    ) -> list[Memory]:
        """Store many memories, as `remember_many` does."""
        return await self._threads.run(self.remember_many, memories, **options)

    async def aobserve(
        self, messages: Iterable[Message | Mapping[str, Any]], **options: Unpack[ObserveOptions]
    ) -> Observed:
        """Turn a conversation into memories, as `observe` does."""
        return await self._threads.run(self.observe, messages, **options)

    async def aadd_cues(self, id: str, cues: Sequence[Cue | str]) -> int:  # noqa: A002
        """Give a memory further cues, as `add_cues` does."""
        return await self._threads.run(self.add_cues, id, cues)

    async def aupdate(self, id: str, **changes: Unpack[UpdateOptions]) -> Memory:  # noqa: A002
        """Change a memory, as `update` does."""
        return await self._threads.run(self.update, id, **changes)

    async def aforget(self, ids: str | Iterable[str] | None = None, **scope: Unpack[Scope]) -> int:
        """Remove memories, as `forget` does."""
        return await self._threads.run(self.forget, ids, **scope)

    async def areinforce(self, ids: str | Iterable[str]) -> int:
        """Count a use of memories, as `reinforce` does."""
        return await self._threads.run(self.reinforce, ids)

    async def aconsolidate(self, **options: Unpack[ConsolidateOptions]) -> Consolidation:
        """Forget copies and what has faded, and weigh the rest, as `consolidate` does."""
        return await self._threads.run(self.consolidate, **options)

    async def acalibrate(
        self, *, samples: int = 256, seed: int = 0, progress: Progress | None = None
    ) -> Calibration:
        """Measure how sure answers are, as `calibrate` does."""
        return await self._threads.run(
            self.calibrate, samples=samples, seed=seed, progress=progress
        )

    async def aassociate(
        self, source: str, target: str, *, label: str = "", weight: float = 1.0
    ) -> None:
        """Tie a memory to another, as `associate` does."""
        await self._threads.run(self.associate, source, target, label=label, weight=weight)

    async def adissociate(self, source: str, target: str) -> int:
        """Remove a tie, as `dissociate` does."""
        return await self._threads.run(self.dissociate, source, target)

    async def arecall(self, text: str, **options: Unpack[RecallOptions]) -> Recall:
        """Find the memories that a text brings to mind, as `recall` does."""
        return await self._threads.run(self.recall, text, **options)

    async def arecall_many(
        self, texts: Sequence[str], **options: Unpack[RecallOptions]
    ) -> list[Recall]:
        """Answer several questions at once, as `recall_many` does."""
        return await self._threads.run(self.recall_many, texts, **options)

    async def afollow(self, text: str, **options: Unpack[FollowOptions]) -> Recall:
        """Follow associations, as `follow` does."""
        return await self._threads.run(self.follow, text, **options)

    async def aget(self, id: str) -> Memory:  # noqa: A002
        """Return one memory, as `get` does."""
        return await self._threads.run(self.get, id)

    async def aget_many(self, ids: Iterable[str]) -> list[Memory | None]:
        """Return memories by id, as `get_many` does."""
        return await self._threads.run(self.get_many, ids)

    async def alist(self, **options: Unpack[ListOptions]) -> list[Memory]:
        """Return memories by time, as `list` does."""
        return await self._threads.run(self.list, **options)

    async def astats(self) -> Stats:
        """Return how much the memory holds, as `stats` does."""
        return await self._threads.run(self.stats)

    async def aclose(self) -> None:
        """Finish what is under way and close the file."""
        await self._threads.run(Facade.close, self)
        self._threads.close()

    def close(self) -> None:
        """Finish what is under way and close the file; a second call does nothing."""
        super().close()
        self._threads.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.aclose()
