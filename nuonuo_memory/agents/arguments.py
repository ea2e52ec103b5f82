"""The arguments of one recall, kept by an adapter and passed on whole; checks of what it is given.

An adapter that keeps a `RecallArguments` cannot drop one: it has a field for each parameter of
`TextMemory.recall`, which a test compares.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from nuonuo_memory.errors import ClosedError, InvalidInputError, StoreError
from nuonuo_memory.memory import TextMemory
from nuonuo_memory.types import Namespace, Recall


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallArguments:
    """What `TextMemory.recall` takes beside the question, each with its default.

    Attributes:
        k: Memories, or groups, at most.
        namespace: Whose memories; the memory's own namespace when `None`.
        prefix: Recall from the namespaces below it too.
        where: Filter on metadata.
        since: Earliest time, inclusive.
        until: Latest time, inclusive.
        session: The conversation that they belong to.
        hops: Associations followed at most; 0 recalls by likeness and words alone.
        start: Activation by memory id to start from, for `hops` above 0.
        group_by: `"session"`, or a name in the metadata: the best memory of each group.
        min_confidence: Recall nothing when the memory is less sure than this.
        now: The time that "last week" is reckoned from; the present when `None`.
        vector: The question's direction, where it is encoded already.
    """

    k: int = 5
    namespace: Namespace | str | None = None
    prefix: bool = False
    where: Mapping[str, Any] | None = None
    since: datetime | None = None
    until: datetime | None = None
    session: str | None = None
    hops: int = 0
    start: Mapping[str, float] | None = None
    group_by: str | None = None
    min_confidence: float = 0.0
    now: datetime | None = None
    vector: Sequence[float] | None = None

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Return the names of the arguments, in order."""
        return tuple(field.name for field in fields(cls))

    def changed(self, changes: Mapping[str, Any], *, by: str) -> Self:
        """Return these arguments with some changed by a call.

        Args:
            changes: New values by name.
            by: The call, for the error's message.

        Raises:
            TypeError: A name is none of `names`.
        """
        refuse_unknown(changes, self.names(), by=by)
        return replace(self, **changes)

    def recall(self, memory: TextMemory, text: str) -> Recall:
        """Ask a memory with all of these arguments."""
        return memory.recall(text, **self._all())

    async def arecall(self, memory: TextMemory, text: str) -> Recall:
        """Ask a memory with all of these arguments, without holding the event loop."""
        return await memory.arecall(text, **self._all())

    def _all(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.names()}


def refuse_unknown(given: Iterable[str], known: Iterable[str], *, by: str) -> None:
    """Raise for the first name given that is not known.

    Args:
        given: Names of arguments.
        known: Those that there are.
        by: The class or call that got them.

    Raises:
        TypeError: As for any call, and with the names that are known.
    """
    expected = sorted(known)
    unknown = sorted(set(given) - set(expected))
    if unknown:
        takes = f"it takes {', '.join(expected)}" if expected else "it takes none"
        raise TypeError(f"{by} got an unexpected argument {unknown[0]!r}; {takes}")


def require_memory(value: object) -> TextMemory:
    """Return `value` if it is an open memory.

    Raises:
        InvalidInputError: It is something else: a path, a class, a store.
        ClosedError: It was closed.
    """
    if isinstance(value, TextMemory):
        if value.closed:
            raise ClosedError(
                "memory must be an open TextMemory, got one that was closed (its file: "
                f"{value.path}); open it again with TextMemory.open(path)"
            )
        return value
    if type(value).__name__ == TextMemory.__name__:
        raise InvalidInputError(
            "memory must be an open TextMemory, got one whose class was defined again since, as a "
            "notebook's reload does; open it again, or restart the notebook"
        )
    got = f"the class {value.__name__}" if isinstance(value, type) else f"{value!r:.80}"
    raise InvalidInputError(
        f"memory must be an open TextMemory, got {got}; open one with TextMemory.open(path)"
    )


def require_file(path: str | os.PathLike[str]) -> Path:
    """Return a path at which there is a file.

    Raises:
        StoreError: There is none; opening it would make an empty memory in silence.
    """
    found = Path(path)
    if not found.exists():
        raise StoreError(
            f"expected a memory at {found}, but there is no such file; give create=True to make an "
            "empty one there, or the path of one that exists"
        )
    return found
