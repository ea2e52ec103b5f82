"""The rows of one group of cues, in chunks that are never moved or copied when it grows.

Rows are dense: a removed row is filled with one from the end, and what the end leaves is zeroed,
so that nothing of a forgotten cue stays and no search needs a mask.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from nuonuo_memory.engine.vectors.quantise import direction_sum

FIRST_CHUNK_ROWS = 32
"""Rows of a group's first chunk: a small namespace then costs 25 KB at 384 dimensions."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Columns of n cues: int8 codes [n, d], float32 scale and error [n], int64 ids [n]."""

    coarse: Tensor
    residual: Tensor
    scale: Tensor
    error: Tensor
    cue_ids: Tensor
    memory_ids: Tensor

    @classmethod
    def zeros(cls, rows: int, dimension: int, device: torch.device) -> Rows:
        """Return rows of nothing."""
        return cls(
            torch.zeros(rows, dimension, dtype=torch.int8, device=device),
            torch.zeros(rows, dimension, dtype=torch.int8, device=device),
            torch.zeros(rows, dtype=torch.float32, device=device),
            torch.zeros(rows, dtype=torch.float32, device=device),
            torch.zeros(rows, dtype=torch.int64, device=device),
            torch.zeros(rows, dtype=torch.int64, device=device),
        )

    @classmethod
    def cat(cls, parts: list[Rows]) -> Rows:
        """Join rows."""
        if len(parts) == 1:
            return parts[0]
        return cls(*(torch.cat(column) for column in zip(*map(_columns, parts), strict=True)))

    def __len__(self) -> int:
        return len(self.scale)

    @property
    def nbytes(self) -> int:
        """Bytes of all columns."""
        return sum(column.nbytes for column in _columns(self))

    def part(self, rows: slice) -> Rows:
        """Return a stretch of the rows, as views."""
        return Rows(*(column[rows] for column in _columns(self)))

    def take(self, places: Tensor) -> Rows:
        """Return copies of the rows at `places` (int64, on the rows' device), in that order."""
        # Indexing with a tensor copies byte by byte: twenty times slower on a CPU.
        return Rows(*(column.index_select(0, places) for column in _columns(self)))

    def put(self, rows: slice | Tensor, values: Rows) -> None:
        """Overwrite some of the rows."""
        for column, value in zip(_columns(self), _columns(values), strict=True):
            column[rows] = value

    def clear(self, rows: slice) -> None:
        """Zero some of the rows."""
        for column in _columns(self):
            column[rows].zero_()


class GroupRows:
    """All rows of one group: row r lies in the chunk whose start is the last one at or below r."""

    def __init__(self, dimension: int, device: torch.device) -> None:
        self.dimension = dimension
        self.device = device
        self.chunks: list[Rows] = []
        self.starts: list[int] = []
        self.count: int = 0
        self._views: list[tuple[int, Rows]] | None = None
        self.longest: float = 0.0
        """No row was ever longer than this, since the group was last empty."""
        self.total: Tensor = torch.zeros(dimension, dtype=torch.int64, device=device)
        """The sum of the rows' directions, see `direction_sum`."""

    @property
    def capacity(self) -> int:
        """Rows that fit without another chunk."""
        return self.starts[-1] + len(self.chunks[-1]) if self.chunks else 0

    @property
    def nbytes(self) -> int:
        """Bytes of all chunks, used or not, and of the sum."""
        return sum(chunk.nbytes for chunk in self.chunks) + self.total.nbytes

    def reserve(self, rows: int) -> None:
        """Make room for `rows` rows in all."""
        missing = rows - self.capacity
        if missing > 0:
            self.starts.append(self.capacity)
            self.chunks.append(Rows.zeros(missing, self.dimension, self.device))
            self._views = None

    def append(self, rows: Rows) -> int:
        """Add rows at the end; return the place of the first."""
        first = self.count
        end = first + len(rows)
        if end > self.capacity:
            self.reserve(max(end, self.capacity + _growth(self.count)))
        for chunk, inside, outside in self._overlaps(first, end):
            chunk.put(inside, rows.part(outside))
        self.count = end
        self.total += direction_sum(rows.coarse, rows.residual)
        self._views = None
        return first

    def used(self) -> Sequence[tuple[int, Rows]]:
        """Return each chunk's start and its rows in use, as views."""
        if self._views is None:
            self._views = [
                (start, chunk.part(slice(0, self.count - start)))
                for start, chunk in zip(self.starts, self.chunks, strict=True)
                if start < self.count
            ]
        return self._views

    def gather(self, places: Tensor) -> Rows:
        """Return copies of the rows at `places` [n] (on the CPU), in that order."""
        order, parts = self._by_chunk(places)
        if not parts:
            return Rows.zeros(0, self.dimension, self.device)
        rows = Rows.cat([chunk.take(inside.to(self.device)) for chunk, inside, _ in parts])
        if order is None:
            return rows
        back = torch.empty_like(order)
        back[order] = torch.arange(len(order))
        return rows.take(back.to(self.device))

    def remove(self, places: Tensor) -> tuple[Tensor, Tensor]:
        """Remove rows; return (cue ids that moved into their places, those places)."""
        gone = self.gather(places)
        self.total -= direction_sum(gone.coarse, gone.residual)
        kept = self.count - len(places)
        holes = places[places < kept]
        stays = torch.ones(self.count - kept, dtype=torch.bool)
        stays[places[places >= kept] - kept] = False
        movers = stays.nonzero()[:, 0] + kept
        moved = self.gather(movers)
        order, parts = self._by_chunk(holes)
        done = 0
        sources = moved if order is None else moved.take(order.to(self.device))
        for chunk, inside, count in parts:
            chunk.put(inside.to(self.device), sources.part(slice(done, done + count)))
            done += count
        self._truncate(kept)
        return moved.cue_ids.cpu(), holes

    def _truncate(self, rows: int) -> None:
        for chunk, inside, _ in self._overlaps(rows, self.count):
            chunk.clear(inside)
        self.count = rows
        self._views = None
        while self.chunks and self.starts[-1] >= rows:
            self.starts.pop()
            self.chunks.pop()

    def _overlaps(self, first: int, end: int) -> Iterator[tuple[Rows, slice, slice]]:
        """Yield (chunk, slice in the chunk, slice in first..end) for each chunk touched."""
        index = max(0, bisect_right(self.starts, first) - 1)
        while first < end:
            chunk, start = self.chunks[index], self.starts[index]
            stop = min(end, start + len(chunk))
            yield chunk, slice(first - start, stop - start), slice(first - end, stop - end or None)
            first, index = stop, index + 1

    def _by_chunk(self, places: Tensor) -> tuple[Tensor | None, list[tuple[Rows, Tensor, int]]]:
        """Split places by chunk; the order sorts them so, None when they need no sorting."""
        if len(self.chunks) == 1:
            return None, [(self.chunks[0], places, len(places))] if len(places) else []
        owner = torch.bucketize(places, torch.tensor(self.starts), right=True) - 1
        order = owner.argsort(stable=True)
        counts = torch.bincount(owner, minlength=len(self.chunks)).tolist()
        parts, done = [], 0
        for chunk, start, count in zip(self.chunks, self.starts, counts, strict=True):
            if count:
                parts.append((chunk, places[order[done : done + count]] - start, count))
                done += count
        return order, parts


def _growth(count: int) -> int:
    """Rows of the next chunk: by a half while small, so that chunks are few; by an eighth later."""
    return max(FIRST_CHUNK_ROWS, count // 2 if count < 32_768 else count // 8)


def _columns(rows: Rows) -> tuple[Tensor, ...]:
    return rows.coarse, rows.residual, rows.scale, rows.error, rows.cue_ids, rows.memory_ids
