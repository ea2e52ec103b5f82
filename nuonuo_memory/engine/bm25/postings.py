"""Postings of one group: which memory holds which term how often.

A short tail takes new postings as they come; when full it becomes a run, sorted by term, and runs
of like size are merged, so that n postings lie in O(log n) runs and each is moved O(log n) times
(O'Neil et al. 1996, "The log-structured merge-tree"). Removing rewrites at once the runs that hold
the memory: nothing of it stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

_TAIL_POSTINGS = 2048  # postings looked through one by one: 20 µs, as much as looking up two runs
_SEARCHED_SLOTS = 4  # up to so many slots to remove are searched for one by one
_MERGE_RATIO = 2  # a run is merged with its neighbour unless that is so many times larger


@dataclass(frozen=True, slots=True)
class _Run:
    """Postings sorted by term.

    Attributes:
        terms: Different terms, ascending int64 `[t]`.
        ptr: Where each term's postings begin, int64 `[t + 1]`.
        slots: int32 `[n]`.
        counts: int32 `[n]`.
    """

    terms: Tensor
    ptr: Tensor
    slots: Tensor
    counts: Tensor

    @classmethod
    def of(cls, terms: Tensor, slots: Tensor, counts: Tensor) -> _Run:
        ordered, order = terms.sort(stable=True)
        unique, sizes = torch.unique_consecutive(ordered, return_counts=True)
        ptr = torch.zeros(len(unique) + 1, dtype=torch.int64)
        torch.cumsum(sizes, 0, out=ptr[1:])
        return cls(unique, ptr, slots[order], counts[order])

    def expanded(self) -> Tensor:
        """The term of each posting, `[n]`."""
        return self.terms.repeat_interleave(self.ptr.diff())

    def without(self, gone: Tensor) -> _Run:
        """The run without the postings at ascending places `gone`; itself when there are none."""
        if not len(gone):
            return self
        ptr = self.ptr - torch.searchsorted(gone, self.ptr)
        still = ptr.diff() > 0
        bounds = torch.cat([ptr[:1], ptr[1:][still]])
        slots, counts = _cut_out(self.slots, gone), _cut_out(self.counts, gone)
        return _Run(self.terms[still], bounds, slots, counts)


class GroupPostings:
    """The postings of one group of memories.

    Attributes:
        memories: Memory id by slot, int64 `[slots]`; -1 in a free slot.
        lengths: Sum of a memory's counts by slot, int64 `[slots]`.
        length: Sum of all counts.
    """

    def __init__(self) -> None:
        self.memories: Tensor = torch.empty(0, dtype=torch.int64)
        self.lengths: Tensor = torch.empty(0, dtype=torch.int64)
        self.length: int = 0
        self._slots: dict[int, int] = {}
        self._free: list[int] = []
        self._runs: list[_Run] = []
        self._tail = _empty_tail(64)
        self._used = 0

    def __len__(self) -> int:
        return len(self._slots)

    @property
    def nbytes(self) -> int:
        """Bytes of all tensors."""
        runs = [t for run in self._runs for t in (run.terms, run.ptr, run.slots, run.counts)]
        return sum(t.nbytes for t in (*runs, *self._tail, self.memories, self.lengths))

    def slots(self, memories: Iterable[int]) -> list[int]:
        """The slot of each memory; -1 for one that is not here."""
        return [self._slots.get(memory, -1) for memory in memories]

    def add(self, memories: Tensor, ptr: Tensor, *, terms: Tensor, counts: Tensor) -> None:
        """Add memories; `ptr`, `terms` and `counts` as for `TermIndex.add`."""
        slots = self._take(memories)
        sizes = ptr.diff()
        sums = torch.zeros(len(counts) + 1, dtype=torch.int64)
        torch.cumsum(counts, 0, out=sums[1:])
        lengths = sums[ptr].diff()
        self.lengths[slots] = lengths
        self.length += int(lengths.sum())
        self._append(terms, slots.repeat_interleave(sizes).int(), counts.int())

    def remove(self, memories: Sequence[int]) -> None:
        """Remove memories that are here, with every posting of theirs."""
        slots = [self._slots.pop(memory) for memory in memories]
        gone = torch.tensor(slots)
        self.length -= int(self.lengths[gone].sum())
        self.memories[gone] = -1
        self.lengths[gone] = 0
        dead = self.memories < 0
        runs = (run.without(_places(run.slots, slots, dead)) for run in self._runs)
        self._runs = [run for run in runs if len(run.slots)]
        kept = ~dead[self._tail[1][: self._used]]
        tail = [column[: self._used][kept] for column in self._tail]
        self._tail = _empty_tail(max(64, len(tail[0])))
        self._used = 0
        self._append(*tail)
        self._free.extend(slots)

    def find(self, terms: Tensor) -> list[tuple[int, Tensor, Tensor]]:
        """Find the postings of terms.

        Args:
            terms: Different terms, ascending int64 `[q]`.

        Returns:
            Pieces: index of the term in `terms`, slots and counts `[n]`, n ≥ 1. A term may come in
            several pieces; no slot comes twice for a term.
        """
        pieces: list[tuple[int, Tensor, Tensor]] = []
        if not len(terms):
            return pieces
        for run in self._runs:
            at = torch.searchsorted(run.terms, terms).clamp_(max=len(run.terms) - 1)
            hits = (run.terms[at] == terms).nonzero().squeeze(1)
            places = at[hits]
            bounds = zip(
                hits.tolist(), run.ptr[places].tolist(), run.ptr[places + 1].tolist(), strict=True
            )
            pieces.extend((i, run.slots[a:b], run.counts[a:b]) for i, a, b in bounds)
        if self._used:
            tail, slots, counts = (column[: self._used] for column in self._tail)
            at = torch.searchsorted(terms, tail).clamp_(max=len(terms) - 1)
            rows = (terms[at] == tail).nonzero().squeeze(1)
            which = at[rows]
            pieces.extend(
                (i, slots[mine], counts[mine])
                for i in set(which.tolist())
                if len(mine := rows[which == i])
            )
        return pieces

    def rows(self) -> Tensor:
        """All postings as int64 `[n, 3]` (memory, term, count), sorted; a free slot has none."""
        columns = [(run.expanded(), run.slots, run.counts) for run in self._runs]
        terms, slots, counts = self._tail
        columns.append((terms[: self._used], slots[: self._used], counts[: self._used]))
        held = torch.tensor(sorted(self._slots), dtype=torch.int64)
        rows = [torch.stack([self.memories[s], t, c.long()], 1) for t, s, c in columns]
        rows.append(torch.stack([held, torch.zeros_like(held), torch.zeros_like(held)], 1))
        table = torch.cat(rows)
        table = table[table[:, 1].argsort(stable=True)]
        return table[table[:, 0].argsort(stable=True)].contiguous()

    def _take(self, memories: Tensor) -> Tensor:
        """Give each memory a slot: freed ones first."""
        count = len(memories)
        reused = [self._free.pop() for _ in range(min(count, len(self._free)))]
        used = len(self._slots) + len(self._free) + len(reused)
        slots = torch.tensor([*reused, *range(used, used + count - len(reused))])
        top = used + count - len(reused)
        if top > len(self.memories):
            room = max(top, len(self.memories) * 3 // 2, 16) - len(self.memories)
            self.memories = torch.cat([self.memories, torch.full((room,), -1)])
            self.lengths = torch.cat([self.lengths, torch.zeros(room, dtype=torch.int64)])
        self.memories[slots] = memories
        self._slots.update(zip(memories.tolist(), slots.tolist(), strict=True))
        return slots

    def _append(self, terms: Tensor, slots: Tensor, counts: Tensor) -> None:
        top = self._used + len(terms)
        if top > _TAIL_POSTINGS:
            held = [column[: self._used] for column in self._tail]
            new = (terms, slots, counts)
            columns = [torch.cat(pair) for pair in zip(held, new, strict=True)]
            self._runs.append(_Run.of(*columns))
            self._used = 0
            self._merge()
            return
        if top > len(self._tail[0]):
            grown = _empty_tail(min(_TAIL_POSTINGS, max(top, 2 * len(self._tail[0]))))
            for old, wider in zip(self._tail, grown, strict=True):
                wider[: self._used] = old[: self._used]
            self._tail = grown
        for column, values in zip(self._tail, (terms, slots, counts), strict=True):
            column[self._used : top] = values
        self._used = top

    def _merge(self) -> None:
        """Merge runs from the newest on until each is more than twice the next."""
        self._runs.sort(key=lambda run: -len(run.slots))
        while any(len(a.slots) < _MERGE_RATIO * len(b.slots) for a, b in pairwise(self._runs)):
            b, a = self._runs.pop(), self._runs.pop()
            merged = _Run.of(
                torch.cat([a.expanded(), b.expanded()]),
                torch.cat([a.slots, b.slots]),
                torch.cat([a.counts, b.counts]),
            )
            self._runs.append(merged)
            self._runs.sort(key=lambda run: -len(run.slots))


def _places(held: Tensor, slots: Sequence[int], dead: Tensor) -> Tensor:
    """Where `held` has one of some slots, ascending; comparing beats looking up for a few."""
    if len(slots) > _SEARCHED_SLOTS:
        return dead[held].nonzero().squeeze(1)
    found = [(held == slot).nonzero().squeeze(1) for slot in slots]
    return torch.cat(found).sort().values


def _cut_out(values: Tensor, gone: Tensor) -> Tensor:
    if len(gone) > len(values) // 64:  # many: one pass, in place of a copy per piece
        kept = torch.ones(len(values), dtype=torch.bool)
        kept[gone] = False
        return values[kept]
    starts = [0, *(gone + 1).tolist()]
    ends = [*gone.tolist(), len(values)]
    return torch.cat([values[start:end] for start, end in zip(starts, ends, strict=True)])


def _empty_tail(size: int) -> tuple[Tensor, Tensor, Tensor]:
    return (
        torch.empty(size, dtype=torch.int64),
        torch.empty(size, dtype=torch.int32),
        torch.empty(size, dtype=torch.int32),
    )
