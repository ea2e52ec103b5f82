"""What ranking needs to know of each memory, in columns: session, turn, role, time, strength."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nuonuo_memory.store.rows import AttributeBatch, Ints, StrengthRow

_COLUMNS = {
    "key": np.int64,
    "group": np.int64,
    "session": np.int64,
    "turn": np.int64,
    "role": np.int64,
    "at": np.float64,
    "strength": np.float64,
}
_PLACE = ("session", "turn")


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
    """Attributes by memory key, in columns sorted by key.

    Keys grow, so adding is appending; only a memory that is read anew is put in between.
    """

    def __init__(self) -> None:
        self._room: dict[str, NDArray[Any]] = {
            name: np.zeros(0, dtype=kind) for name, kind in _COLUMNS.items()
        }
        self._held = dict(self._room)
        self._sessions: dict[tuple[int, str], int] = {}
        self._roles: dict[str, int] = {}
        self._turns: dict[tuple[int, int], int] = {}

    def __len__(self) -> int:
        return len(self._held["key"])

    def add(self, batch: AttributeBatch) -> None:
        """Add memories that are not here yet; their keys ascend."""
        keys, groups = batch.keys.tolist(), batch.namespace_keys.tolist()
        sessions = [
            self._sessions.setdefault((group, session), len(self._sessions))
            if session is not None
            else -1 - key
            for group, session, key in zip(groups, batch.sessions, keys, strict=True)
        ]
        roles = [
            -1 if role is None else self._roles.setdefault(role, len(self._roles))
            for role in batch.roles
        ]
        self._turns.update(
            ((session, turn), key)
            for session, turn, key in zip(sessions, batch.turns.tolist(), keys, strict=True)
            if session >= 0 and turn >= 0
        )
        self._insert(
            {
                "key": batch.keys,
                "group": batch.namespace_keys,
                "session": np.array(sessions, dtype=np.int64),
                "turn": batch.turns,
                "role": np.array(roles, dtype=np.int64),
                "at": batch.at,
                "strength": np.ones(len(keys)),
            }
        )

    def set_strengths(self, batch: Sequence[StrengthRow]) -> None:
        """Give memories their strengths; those that are not here are passed over."""
        keys = np.array([row.memory_key for row in batch], dtype=np.int64)
        here = self.holds(keys)
        strengths = np.array([row.strength for row in batch], dtype=np.float64)
        self._held["strength"][self._places(keys[here])] = strengths[here]

    def remove(self, keys: Ints) -> None:
        """Remove memories; keys that are not here are passed over."""
        held = self._held
        kept = ~np.isin(held["key"], keys)
        if not kept.all():
            for place in zip(*(held[name][~kept].tolist() for name in _PLACE), strict=True):
                self._turns.pop(place, None)
            self._room = {name: column[kept] for name, column in held.items()}
            self._held = dict(self._room)

    def of(self, keys: Ints) -> Attributes:
        """Return the attributes of these memories, in their order.

        Every key must be here.
        """
        held, places = self._held, self._places(keys)
        return Attributes(
            sessions=held["session"][places],
            turns=held["turn"][places],
            roles=held["role"][places],
            at=held["at"][places],
            strengths=held["strength"][places],
        )

    def sessions(self, keys: Ints) -> Ints:
        """Return the sessions alone of these memories, see `Attributes`; every key is here."""
        sessions: Ints = self._held["session"][self._places(keys)]
        return sessions

    def neighbours(self, keys: Ints, step: int) -> Ints:
        """Return the memory `step` turns on in the same session, int64 [n]; -1 where none is."""
        places = self._places(keys)
        turns = self._held["turn"][places]
        turns = np.where(turns >= 0, turns + step, -1)
        asked = zip(self._held["session"][places].tolist(), turns.tolist(), strict=True)
        find = self._turns.get
        return np.array([find(place, -1) for place in asked], dtype=np.int64)

    def groups(self, keys: Ints) -> Ints:
        """Return the namespaces' keys of these memories, in their order; every key is here."""
        return self._held["group"][self._places(keys)]

    def keys(self) -> Ints:
        """Return the keys of all memories, ascending."""
        keys: Ints = self._held["key"].copy()
        return keys

    def holds(self, keys: Ints) -> NDArray[np.bool_]:
        """Say of each key whether its memory is here."""
        return np.isin(keys, self._held["key"])

    def role_codes(self, roles: Sequence[str]) -> list[int]:
        """Return the numbers of these roles; those that no memory has are left out."""
        return [self._roles[role] for role in roles if role in self._roles]

    def _places(self, keys: Ints) -> Ints:
        """Where the rows of memories that are here lie."""
        held = self._held["key"]
        places: Ints
        if len(held) and held[-1] - held[0] + 1 == len(held):  # no key is missing in between
            places = keys - held[0]
        else:
            places = np.searchsorted(held, keys)
        return places

    def _insert(self, new: dict[str, NDArray[Any]]) -> None:
        held, count = self._held, len(self)
        top = count + len(new["key"])
        if count and top > count and new["key"][0] < held["key"][-1]:
            places = np.searchsorted(held["key"], new["key"])
            self._room = {name: np.insert(held[name], places, new[name]) for name in _COLUMNS}
        else:
            if top > len(self._room["key"]):
                spare = max(top, 2 * count) - count
                self._room = {
                    name: np.concatenate([column, np.zeros(spare, dtype=column.dtype)])
                    for name, column in held.items()
                }
            for name, column in self._room.items():
                column[count:top] = new[name]
        self._held = {name: column[:top] for name, column in self._room.items()}
