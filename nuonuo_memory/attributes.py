"""What ranking needs to know of each memory, in columns: session, turn, role, time, strength."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nuonuo_memory.store.rows import AttributeBatch, Ints, StrengthRow

_COLUMNS = np.dtype(
    [
        ("key", np.int64),
        ("group", np.int64),
        ("session", np.int64),
        ("turn", np.int64),
        ("role", np.int64),
        ("at", np.float64),
        ("strength", np.float64),
    ]
)


@dataclass(frozen=True, slots=True)
class Attributes:
    """Columns of n memories.

    Attributes:
        sessions: int64 [n], the same number for the same conversation of the same namespace; each
            memory without a session has a negative number of its own.
        turns: int64 [n], -1 where there is none.
        roles: int64 [n], see `AttributeTable.role_code`; -1 where there is none.
        at: float64 [n], seconds since 1970 (UTC), NaN where unknown.
        strengths: float64 [n], see `TextMemory.consolidate`; 1 before the first pass.
    """

    sessions: Ints
    turns: Ints
    roles: Ints
    at: NDArray[np.float64]
    strengths: NDArray[np.float64]


class AttributeTable:
    """Attributes by memory key, in rows sorted by key.

    Keys grow, so adding is appending; only a memory that is read anew is put in between.
    """

    def __init__(self) -> None:
        self._rows = np.zeros(0, dtype=_COLUMNS)
        self._count = 0
        self._sessions: dict[tuple[int, str], int] = {}
        self._roles: dict[str, int] = {}
        self._places: dict[tuple[int, int], int] = {}

    def __len__(self) -> int:
        return self._count

    def add(self, batch: AttributeBatch) -> None:
        """Add memories that are not here yet; their keys ascend."""
        rows = np.zeros(len(batch.keys), dtype=_COLUMNS)
        groups = batch.namespace_keys.tolist()
        rows["key"] = batch.keys
        rows["group"] = batch.namespace_keys
        rows["turn"] = batch.turns
        rows["at"] = batch.at
        rows["strength"] = 1.0
        rows["session"] = [
            self._sessions.setdefault((group, session), len(self._sessions))
            if session is not None
            else -1 - key
            for group, session, key in zip(groups, batch.sessions, batch.keys.tolist(), strict=True)
        ]
        rows["role"] = [
            -1 if role is None else self._roles.setdefault(role, len(self._roles))
            for role in batch.roles
        ]
        self._places.update(
            ((session, turn), key)
            for session, turn, key in zip(*_lists(rows, "session", "turn", "key"), strict=True)
            if session >= 0 and turn >= 0
        )
        if self._count and len(rows) and rows["key"][0] < self._rows["key"][self._count - 1]:
            held = self._rows[: self._count]
            places = np.searchsorted(held["key"], rows["key"])
            self._rows = np.insert(held, places, rows)
        else:
            self._reserve(self._count + len(rows))
            self._rows[self._count : self._count + len(rows)] = rows
        self._count += len(rows)

    def set_strengths(self, batch: Sequence[StrengthRow]) -> None:
        """Give memories their strengths; those that are not here are passed over."""
        held = self._rows[: self._count]
        keys = np.array([row.memory_key for row in batch], dtype=np.int64)
        here = np.isin(keys, held["key"])
        strengths = np.array([row.strength for row in batch], dtype=np.float64)
        held["strength"][np.searchsorted(held["key"], keys[here])] = strengths[here]

    def remove(self, keys: Ints) -> None:
        """Remove memories; keys that are not here are passed over."""
        held = self._rows[: self._count]
        kept = ~np.isin(held["key"], keys)
        if not kept.all():
            for place in zip(*_lists(held[~kept], "session", "turn"), strict=True):
                self._places.pop(place, None)
            self._rows = held[kept]
            self._count = len(self._rows)

    def of(self, keys: Ints) -> Attributes:
        """Return the attributes of these memories, in their order.

        Every key must be here.
        """
        rows = self._rows[: self._count]
        found = rows[np.searchsorted(rows["key"], keys)]
        return Attributes(
            sessions=found["session"],
            turns=found["turn"],
            roles=found["role"],
            at=found["at"],
            strengths=found["strength"],
        )

    def neighbours(self, keys: Ints, step: int) -> Ints:
        """Return the memory `step` turns on in the same session, int64 [n]; -1 where none is."""
        rows = self._rows[: self._count]
        found = rows[np.searchsorted(rows["key"], keys)]
        return np.array(
            [
                self._places.get((session, turn + step), -1) if turn >= 0 else -1
                for session, turn in zip(*_lists(found, "session", "turn"), strict=True)
            ],
            dtype=np.int64,
        )

    def groups(self, keys: Ints) -> Ints:
        """Return the namespaces' keys of these memories, in their order; every key is here."""
        rows = self._rows[: self._count]
        return rows["group"][np.searchsorted(rows["key"], keys)]

    def holds(self, keys: Ints) -> NDArray[np.bool_]:
        """Say of each key whether its memory is here."""
        return np.isin(keys, self._rows["key"][: self._count])

    def role_codes(self, roles: Sequence[str]) -> list[int]:
        """Return the numbers of these roles; those that no memory has are left out."""
        return [self._roles[role] for role in roles if role in self._roles]

    def _reserve(self, size: int) -> None:
        if size > len(self._rows):
            grown = np.zeros(max(size, 2 * len(self._rows)), dtype=_COLUMNS)
            grown[: self._count] = self._rows[: self._count]
            self._rows = grown


def _lists(rows: NDArray[np.void], *names: str) -> tuple[list[int], ...]:
    return tuple(rows[name].tolist() for name in names)
