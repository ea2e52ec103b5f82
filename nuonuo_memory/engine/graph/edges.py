"""Edges found from either end, in the order in which they came.

An edge has a left and a right key (int64), a weight, a kind and a group. The columns of the edges
only ever grow at their end; a map from keys to rows finds them, so that adding costs amortised O(1)
and a look-up the number of edges found. Removed edges are overwritten with zeros, and all is laid
out anew once half are.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from nuonuo_memory.engine.graph.key_rows import KeyRows, Lists, grown
from nuonuo_memory.engine.splitmix64 import mix
from nuonuo_memory.errors import InvalidInputError

PENDING_EDGES = 4096
"""Edges that wait before they are laid out; a read does it at once."""

LEFT = -(1 << 63)
"""Scope of left keys; those of right keys are the groups, which are above it."""

_MASK = (1 << 64) - 1

Columns = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]


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


class EdgeRows(NamedTuple):
    """Edges [n] by their rows and ends; `EdgeSet.keys` turns ends into keys.

    Attributes:
        row: int32 [n], by which `EdgeSet.kinds` finds the kind; good until edges are removed.
        left: int32 [n].
        right: int32 [n].
        weight: float32 [n].
    """

    row: Tensor
    left: Tensor
    right: Tensor
    weight: Tensor


class EdgeSet:
    """Weighted edges between int64 keys, added and removed in bulk, found from either end.

    It holds up to 2**30 edges.

    Args:
        device: Where the arrays live.
    """

    def __init__(self, *, device: str | torch.device = "cpu") -> None:
        self.device: torch.device = torch.device(device)
        self._pending: list[Columns] = []
        self._waiting = 0
        self._count = 0
        self._digest = 0
        self._clear()

    def _clear(self) -> None:
        """Hold nothing; a row of the table is two entries and a weight's bits, 0 once removed."""
        to = self.device
        self._index = KeyRows(device=to)
        self._table = torch.zeros(0, 3, dtype=torch.int32, device=to)
        self._kind = torch.zeros(0, dtype=torch.int8, device=to)
        self._rows, self._dead = 0, 0

    def __len__(self) -> int:
        return self._count

    @property
    def nbytes(self) -> int:
        """Bytes held by the arrays."""
        self._flush()
        return self._index.nbytes + self._table.nbytes + self._kind.nbytes

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
            group: Of all of them, above -2**63; `from_right` finds an edge only in its own group.

        Raises:
            InvalidInputError: When the lengths differ, or the group is out of range.
        """
        if not len(left) == len(right) == len(weight) == len(kind):
            raise InvalidInputError(
                f"left, right, weight and kind must have one length, got {len(left)}, "
                f"{len(right)}, {len(weight)} and {len(kind)}"
            )
        if not LEFT < group < -LEFT:
            raise InvalidInputError(f"group must lie between -2**63 and 2**63, got {group}")
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

    def lists(self, keys: Tensor, scopes: Tensor | int) -> Lists:
        """The edges at keys (int64 [q]), not yet spelt out.

        Args:
            keys: Left keys, or right ones.
            scopes: `LEFT` for a left key, the group for a right one: int64 [q], or one for all.
        """
        self._flush()
        return self._index.lists(self._index.find(keys, scopes))

    def edge_rows(self, lists: Lists) -> tuple[Tensor, EdgeRows]:
        """Spell out lists in their order: (place in `lists`, int64 [n]; the n edges)."""
        owner, row = self._index.rows(lists)
        left, right, weight = self._table.index_select(0, row).unbind(1)
        return owner, EdgeRows(row, left, right, weight.view(torch.float32))

    def keys(self, ends: Tensor) -> Tensor:
        """The keys of ends: int64 [n]."""
        return self._index.keys.index_select(0, ends)

    def kinds(self, rows: Tensor) -> Tensor:
        """The kinds of edges: int8 [n]."""
        return self._kind.index_select(0, rows)

    def from_left(self, keys: Tensor) -> Edges:
        """Edges whose left key is one of `keys` (int64 [q])."""
        return self._edges(*self.edge_rows(self.lists(keys, LEFT)))

    def from_right(self, keys: Tensor, groups: Tensor) -> Edges:
        """Edges whose right key and group are a pair of `keys` and `groups` (int64 [q])."""
        return self._edges(*self.edge_rows(self.lists(keys, groups)))

    def right_degree(self, keys: Tensor, groups: Tensor) -> Tensor:
        """How many edges `from_right` would find for each pair, without listing them: int64 [q]."""
        return self.lists(keys, groups).length

    def remove_left(self, keys: Tensor) -> Edges:
        """Remove the edges whose left key is one of `keys`; return them."""
        return self._remove(*self.edge_rows(self.lists(keys, LEFT)))

    def remove_right(self, keys: Tensor, groups: Tensor) -> Edges:
        """Remove the edges that `from_right` would find; return them."""
        return self._remove(*self.edge_rows(self.lists(keys, groups)))

    def remove_pairs(self, left: Tensor, right: Tensor) -> Edges:
        """Remove every edge from `left[i]` to `right[i]`; return them."""
        owner, rows = self.edge_rows(self.lists(left, LEFT))
        kept = self.keys(rows.right) == right[owner]
        return self._remove(owner[kept], EdgeRows(*(column[kept] for column in rows)))

    def _flush(self) -> None:
        if self._pending:
            parts = list(zip(*self._pending, strict=True))
            self._pending, self._waiting = [], 0
            left, right, weight, kind, group = (torch.cat(part) for part in parts)
            self._lay((left, right, weight, kind, group))

    def _lay(self, columns: Columns) -> None:
        """Lay edges behind those that are there, and index both ends."""
        left, right, weight, kind, group = columns
        first, self._rows = self._rows, self._rows + len(left)
        rows = torch.arange(first, self._rows, dtype=torch.int32, device=self.device)
        scopes = torch.cat([torch.full_like(left, LEFT), group])
        ends = self._index.append(torch.cat([left, right]), scopes, rows.repeat(2))
        self._table, self._kind = grown(self._table, self._rows), grown(self._kind, self._rows)
        self._table[first : self._rows, :2] = ends.view(2, -1).T.int()
        self._table[first : self._rows, 2] = weight.contiguous().view(torch.int32)
        self._kind[first : self._rows] = kind

    def _edges(self, owner: Tensor, rows: EdgeRows) -> Edges:
        left, right = self.keys(rows.left), self.keys(rows.right)
        return Edges(owner, left, right, rows.weight, self.kinds(rows.row))

    def _remove(self, owner: Tensor, rows: EdgeRows) -> Edges:
        first = _first(rows.row)
        owner, rows = owner[first], EdgeRows(*(column[first] for column in rows))
        edges = self._edges(owner, rows)
        if not len(owner):
            return edges
        groups = self._index.scopes[rows.right]
        self._digest = (self._digest - _digest((*edges[1:], groups))) & _MASK
        self._count -= len(owner)
        self._dead += len(owner)
        self._table[rows.row] = 0
        self._kind[rows.row] = 0
        self._index.keep(torch.cat([rows.left, rows.right]).unique().long(), self._table[:, 0])
        self._compact()
        return edges

    def _compact(self) -> None:
        """Lay all out anew when half of the edges or of the keys are removed ones."""
        if 2 * self._dead <= self._rows and self._index.emptied <= len(self._index):
            return
        rows = torch.nonzero(self._table[:, 0]).squeeze(1)
        left, right, weight = self._table[rows].unbind(1)
        columns = (
            self.keys(left),
            self.keys(right),
            weight.view(torch.float32),
            self.kinds(rows),
            self._index.scopes[right],
        )
        self._clear()
        if len(rows):
            self._lay(columns)


def _first(values: Tensor) -> Tensor:
    """Positions of the first occurrence of each value, in the order of the values."""
    distinct, inverse = torch.unique(values, return_inverse=True)
    first = torch.full((len(distinct),), len(values), dtype=torch.int64, device=values.device)
    place = torch.arange(len(values), device=values.device)
    return first.scatter_reduce(0, inverse, place, reduce="amin")


def _digest(columns: Columns) -> int:
    left, right, weight, kind, group = columns
    bits = weight.contiguous().view(torch.int32).long()
    inner = mix(right ^ mix(group.long() * 256 + kind.long() ^ mix(bits)))
    return int(mix(left ^ mix(inner)).sum()) & _MASK
