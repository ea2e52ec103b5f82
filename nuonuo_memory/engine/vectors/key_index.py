"""A map from int64 keys to int64 values in sorted tensors: 16 bytes an entry, no Python objects.

New entries form a sorted run; runs are merged when they are of like size, so n single insertions
cost O(n log n) in all and a bulk insertion costs one sort. A key may have several values.
"""

from __future__ import annotations

import torch
from torch import Tensor

_REMOVED = -1
"""Value of an entry that was discarded."""


class KeyIndex:
    """Many-valued map; values are 0 or more."""

    def __init__(self) -> None:
        self._runs: list[tuple[Tensor, Tensor]] = []
        self._removed = 0
        self._size = 0

    def __len__(self) -> int:
        return self._size

    @property
    def nbytes(self) -> int:
        """Bytes that the runs take."""
        return sum(keys.nbytes + values.nbytes for keys, values in self._runs)

    def add(self, keys: Tensor, values: Tensor) -> None:
        """Insert pairs [n]."""
        if not len(keys):
            return
        self._size += len(keys)
        self._runs.append(_sorted_run(keys.clone(), values.clone()))
        while len(self._runs) > 1 and len(self._runs[-2][0]) < 2 * len(self._runs[-1][0]):
            self._merge(self._runs.pop(), self._runs.pop())

    def find(self, keys: Tensor) -> tuple[Tensor, Tensor]:
        """Return (values, owner): every value of each key, owner[i] being the place in `keys`."""
        hits = [self._entries(run, keys) for run in range(len(self._runs))]
        if not hits:
            empty = torch.empty(0, dtype=torch.int64)
            return empty, empty.clone()
        found = [self._runs[run][1][entry] for run, (entry, _) in enumerate(hits)]
        if len(hits) == 1:
            return found[0], hits[0][1]
        return torch.cat(found), torch.cat([owner for _, owner in hits])

    def find_single(self, keys: Tensor) -> Tensor:
        """Return the value of each key that has at most one; -1 for a key without."""
        found = torch.full_like(keys, _REMOVED)
        for run_keys, run_values in self._runs:
            entry = torch.searchsorted(run_keys, keys).clamp_(max=len(run_keys) - 1)
            held = torch.where(run_keys[entry] == keys, run_values[entry], _REMOVED)
            found = torch.maximum(found, held)
        return found

    def replace(self, keys: Tensor, values: Tensor) -> None:
        """Give keys that have one value each another one."""
        for run in range(len(self._runs)):
            entry, owner = self._entries(run, keys)
            self._runs[run][1][entry] = values[owner]

    def discard(self, keys: Tensor, values: Tensor | None = None) -> None:
        """Drop keys, or only their pairs whose value is among `values`."""
        for run, (_, stored) in enumerate(self._runs):
            entry, _ = self._entries(run, keys)
            if values is not None:
                entry = entry[torch.isin(stored[entry], values)]
            stored[entry] = _REMOVED
            self._removed += len(entry)
            self._size -= len(entry)
        if 2 * self._removed > self._size + self._removed:
            self._rebuild()

    def _entries(self, run: int, keys: Tensor) -> tuple[Tensor, Tensor]:
        """Return the live entries of one run that hold `keys`, and which key each holds."""
        run_keys, run_values = self._runs[run]
        first = torch.searchsorted(run_keys, keys)
        counts = torch.searchsorted(run_keys, keys, right=True) - first
        owner = torch.repeat_interleave(counts)
        entry = (first - counts.cumsum(0) + counts)[owner] + torch.arange(len(owner))
        if not self._removed:
            return entry, owner
        live = run_values[entry] != _REMOVED
        return entry[live], owner[live]

    def _merge(self, newer: tuple[Tensor, Tensor], older: tuple[Tensor, Tensor]) -> None:
        keys, values = (torch.cat(pair) for pair in zip(older, newer, strict=True))
        live = values != _REMOVED
        if not bool(live.all()):
            self._removed -= int((~live).sum())
            keys, values = keys[live], values[live]
        if len(keys):
            self._runs.append(_sorted_run(keys, values))

    def _rebuild(self) -> None:
        runs, self._runs, self._removed, self._size = self._runs, [], 0, 0
        for keys, values in runs:
            live = values != _REMOVED
            self.add(keys[live], values[live])


def _sorted_run(keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
    if bool((keys[1:] >= keys[:-1]).all()):
        return keys, values
    keys, order = keys.sort(stable=True)
    return keys, values[order]
