"""Edges found from either end: sorted runs that merge as they grow.

An edge has a left and a right key (int64), a weight, a kind and a group. Runs are immutable sorted
arrays; a new run is merged with the one before it unless that is at least four times as large, so
there are a few runs, each edge is copied some ten times in a million, and memory stays near the
edges' own size (a log-structured merge, O'Neil et al. 1996).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from nuonuo_memory.errors import InvalidInputError

PENDING_EDGES = 4096
"""Edges that wait unsorted before they become a run; a read makes them one at once."""

MERGE_RATIO = 4
"""How many times larger a run must be than the next one to be left alone."""

_MASK = (1 << 64) - 1


class Edges(NamedTuple):
    """Edges that a look-up found, ordered by `owner`.

    Attributes:
        owner: int64 [n], position in the asked keys.
        left: int64 [n].
        right: int64 [n].
        weight: float32 [n].
        kind: int8 [n].
    """

    owner: Tensor
    left: Tensor
    right: Tensor
    weight: Tensor
    kind: Tensor


def _signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value


def _shift(x: Tensor, bits: int) -> Tensor:
    return (x >> bits) & ((1 << (64 - bits)) - 1)


def mix(x: Tensor) -> Tensor:
    """Scramble int64 keys one to one (the finaliser of splitmix64, Steele et al. 2014)."""
    x = x + _signed(0x9E3779B97F4A7C15)
    x = (x ^ _shift(x, 30)) * _signed(0xBF58476D1CE4E5B9)
    x = (x ^ _shift(x, 27)) * _signed(0x94D049BB133111EB)
    return x ^ _shift(x, 31)


def spans(low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
    """Spell out the ranges [low, high) as (owner, index), both int64 [total]."""
    counts = high - low
    owner = torch.repeat_interleave(torch.arange(len(low), device=low.device), counts)
    starts = torch.cumsum(counts, 0) - counts
    index = torch.arange(len(owner), device=low.device) - starts[owner] + low[owner]
    return owner, index


@dataclass(slots=True)
class _Run:
    left: Tensor
    right: Tensor
    weight: Tensor
    kind: Tensor
    group: Tensor
    alive: Tensor
    right_key: Tensor
    right_row: Tensor
    dead: int = 0
    living: Tensor | None = None

    @classmethod
    def of(cls, columns: tuple[Tensor, Tensor, Tensor, Tensor, Tensor]) -> _Run:
        order = torch.argsort(columns[0], stable=True)
        left, right, weight, kind, group = (column[order] for column in columns)
        right_key, right_row = torch.sort(mix(right ^ mix(group.long())), stable=True)
        alive = torch.ones(len(left), dtype=torch.bool, device=left.device)
        return cls(left, right, weight, kind, group, alive, right_key, right_row)

    def columns(self) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        kept = (self.left, self.right, self.weight, self.kind, self.group)
        if not self.dead:
            return kept
        left, right, weight, kind, group = (column[self.alive] for column in kept)
        return left, right, weight, kind, group

    def rows_of_left(self, keys: Tensor) -> tuple[Tensor, Tensor]:
        low = torch.searchsorted(self.left, keys)
        owner, row = spans(low, torch.searchsorted(self.left, keys, right=True))
        return self._living(owner, row)

    def rows_of_right(self, keys: Tensor, groups: Tensor) -> tuple[Tensor, Tensor]:
        mixed = mix(keys ^ mix(groups))
        low = torch.searchsorted(self.right_key, mixed)
        owner, place = spans(low, torch.searchsorted(self.right_key, mixed, right=True))
        row = self.right_row[place]
        same = (self.group[row] == groups[owner]) & (self.right[row] == keys[owner])
        return self._living(owner[same], row[same])

    def right_degree(self, keys: Tensor, groups: Tensor) -> Tensor:
        mixed = mix(keys ^ mix(groups))
        low = torch.searchsorted(self.right_key, mixed)
        high = torch.searchsorted(self.right_key, mixed, right=True)
        if not self.dead:
            return high - low
        if self.living is None:
            counts = torch.cumsum(self.alive[self.right_row].long(), 0)
            self.living = torch.cat([counts.new_zeros(1), counts])
        return self.living[high] - self.living[low]

    def _living(self, owner: Tensor, row: Tensor) -> tuple[Tensor, Tensor]:
        if not self.dead:
            return owner, row
        keep = self.alive[row]
        return owner[keep], row[keep]

    def kill(self, rows: Tensor) -> None:
        self.alive[rows] = False
        self.dead = len(self.alive) - int(self.alive.sum())
        self.living = None


class EdgeSet:
    """Weighted edges between int64 keys, added and removed in bulk, found from either end.

    Args:
        device: Where the arrays live.
    """

    def __init__(self, *, device: str | torch.device = "cpu") -> None:
        self.device = torch.device(device)
        self._runs: list[_Run] = []
        self._pending: list[tuple[Tensor, Tensor, Tensor, Tensor, Tensor]] = []
        self._waiting = 0
        self._count = 0
        self._digest = 0

    def __len__(self) -> int:
        return self._count

    @property
    def nbytes(self) -> int:
        """Bytes held by the arrays."""
        self._flush()
        total = 0
        for run in self._runs:
            held = (*run.columns(), run.alive, run.right_key, run.right_row, run.living)
            total += sum(x.numel() * x.element_size() for x in held if x is not None)
        return total

    def fingerprint(self) -> str:
        """Digest of the edges held, whatever the order in which they came and went."""
        return f"{self._count:x}-{self._digest:016x}"

    def add(self, left: Tensor, right: Tensor, *, weight: Tensor, kind: Tensor, group: int) -> None:
        """Add edges; the same edge added twice is held twice.

        Args:
            left: int64 [n].
            right: int64 [n].
            weight: float32 [n].
            kind: int8 [n].
            group: Of all of them; `from_right` finds an edge only in its own group.

        Raises:
            InvalidInputError: When the lengths differ.
        """
        if not len(left) == len(right) == len(weight) == len(kind):
            raise InvalidInputError(
                f"left, right, weight and kind must have one length, got {len(left)}, "
                f"{len(right)}, {len(weight)} and {len(kind)}"
            )
        if len(left) == 0:
            return
        to = self.device
        columns = (
            left.to(to, torch.int64),
            right.to(to, torch.int64),
            weight.to(to, torch.float32),
            kind.to(to, torch.int8),
            torch.full((len(left),), group, dtype=torch.int64, device=to),
        )
        self._pending.append(columns)
        self._waiting += len(left)
        self._count += len(left)
        self._digest = (self._digest + _digest(columns)) & _MASK
        if self._waiting >= PENDING_EDGES:
            self._flush()

    def from_left(self, keys: Tensor) -> Edges:
        """Edges whose left key is one of `keys` (int64 [q])."""
        found = [(run, *run.rows_of_left(keys)) for run in self._flush()]
        return self._gather(found)

    def from_right(self, keys: Tensor, groups: Tensor) -> Edges:
        """Edges whose right key and group are a pair of `keys` and `groups` (int64 [q])."""
        found = [(run, *run.rows_of_right(keys, groups)) for run in self._flush()]
        return self._gather(found)

    def right_degree(self, keys: Tensor, groups: Tensor) -> Tensor:
        """How many edges `from_right` would find for each pair, without listing them: int64 [q]."""
        total = torch.zeros(len(keys), dtype=torch.int64, device=self.device)
        for run in self._flush():
            total += run.right_degree(keys, groups)
        return total

    def remove_left(self, keys: Tensor) -> Edges:
        """Remove the edges whose left key is one of `keys`; return them."""
        return self._remove([(run, *run.rows_of_left(keys)) for run in self._flush()])

    def remove_right(self, keys: Tensor, groups: Tensor) -> Edges:
        """Remove the edges that `from_right` would find; return them."""
        return self._remove([(run, *run.rows_of_right(keys, groups)) for run in self._flush()])

    def remove_pairs(self, left: Tensor, right: Tensor) -> Edges:
        """Remove every edge from `left[i]` to `right[i]`; return them."""
        found = []
        for run in self._flush():
            owner, row = run.rows_of_left(left)
            keep = run.right[row] == right[owner]
            found.append((run, owner[keep], row[keep]))
        return self._remove(found)

    def _flush(self) -> list[_Run]:
        if self._pending:
            parts = list(zip(*self._pending, strict=True))
            left, right, weight, kind, group = (torch.cat(part) for part in parts)
            self._runs.append(_Run.of((left, right, weight, kind, group)))
            self._pending, self._waiting = [], 0
            self._merge()
        return self._runs

    def _merge(self) -> None:
        runs = self._runs
        while len(runs) > 1 and len(runs[-2].left) < MERGE_RATIO * len(runs[-1].left):
            last, before = runs.pop(), runs.pop()
            pairs = zip(before.columns(), last.columns(), strict=True)
            left, right, weight, kind, group = (torch.cat(pair) for pair in pairs)
            runs.append(_Run.of((left, right, weight, kind, group)))

    def _gather(self, found: list[tuple[_Run, Tensor, Tensor]]) -> Edges:
        if not found:
            none = torch.zeros(0, dtype=torch.int64, device=self.device)
            return Edges(none, none, none, none.float(), none.to(torch.int8))
        owner = torch.cat([owner for _, owner, _ in found])
        left, right, weight, kind = (
            torch.cat([getattr(run, name)[row] for run, _, row in found])
            for name in ("left", "right", "weight", "kind")
        )
        if len(found) > 1:
            order = torch.argsort(owner, stable=True)
            owner, left, right, weight, kind = (
                x[order] for x in (owner, left, right, weight, kind)
            )
        return Edges(owner, left, right, weight, kind)

    def _remove(self, found: list[tuple[_Run, Tensor, Tensor]]) -> Edges:
        hit = [(run, owner[rows_first(row)], row.unique()) for run, owner, row in found]
        edges = self._gather(hit)
        for run, _, row in hit:
            if len(row) == 0:
                continue
            columns = (run.left, run.right, run.weight, run.kind, run.group)
            left, right, weight, kind, group = (column[row] for column in columns)
            self._digest = (self._digest - _digest((left, right, weight, kind, group))) & _MASK
            self._count -= len(row)
            run.kill(row)
        self._runs = [self._compact(run) for run in self._runs if run.dead < len(run.left)]
        return edges

    @staticmethod
    def _compact(run: _Run) -> _Run:
        return _Run.of(run.columns()) if run.dead * 2 > len(run.left) else run


def rows_first(row: Tensor) -> Tensor:
    """Positions of the first occurrence of each value of `row`, in the order of the values."""
    values, inverse = torch.unique(row, return_inverse=True)
    first = torch.full((len(values),), len(row), dtype=torch.int64, device=row.device)
    place = torch.arange(len(row), device=row.device)
    return first.scatter_reduce(0, inverse, place, reduce="amin")


def _digest(columns: tuple[Tensor, Tensor, Tensor, Tensor, Tensor]) -> int:
    left, right, weight, kind, group = columns
    bits = weight.contiguous().view(torch.int32).long()
    inner = mix(right ^ mix(group.long() * 256 + kind.long() ^ mix(bits)))
    return int(mix(left ^ mix(inner)).sum()) & _MASK
