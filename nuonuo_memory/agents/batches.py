"""Batches of documents: an error says which of them it is about."""

from __future__ import annotations

from collections.abc import Iterable

from nuonuo_memory.errors import InvalidInputError
from nuonuo_memory.inputs import new_memory_of
from nuonuo_memory.types import NewMemory


def named_in_errors(memories: Iterable[NewMemory], kind: str) -> list[NewMemory]:
    """Check memories one by one, so that an error names its document, and return them checked.

    Args:
        memories: A batch, in the caller's order.
        kind: What the caller calls one of them: `document`, `node`.

    Raises:
        InvalidInputError: One cannot be stored; of the same class as without the name, with the
            place in the batch, the id and the field.
    """
    checked: list[NewMemory] = []
    for place, memory in enumerate(memories):
        try:
            checked.append(new_memory_of(memory))
        except InvalidInputError as error:
            named = "" if memory.id is None else f" (id {memory.id!r})"
            raise type(error)(f"{kind} {place}{named}: {error}") from error
    return checked
