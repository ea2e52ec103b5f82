"""Cue ids and vectors by group and memory: grown without copying, removed without a trace."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import torch
from torch import Tensor

from nuonuo_memory.engine.vectors.chunks import GroupRows, Rows
from nuonuo_memory.engine.vectors.key_index import KeyIndex
from nuonuo_memory.engine.vectors.quantise import DIRECTION, check_vectors, dequantise, quantise
from nuonuo_memory.errors import InvalidInputError, NotFoundError

_ROW_BITS = 40
"""A place is a group's slot above so many bits, and a row within the group below them."""
_ROW_MASK = (1 << _ROW_BITS) - 1
_FINGERPRINT_BLOCK = 65_536


class CueIndex:
    """The cues of all memories, found by id, by memory and by group.

    A cue is an int64 id, a vector, the int64 id of its memory and the int64 id of its group (the
    namespace). Ids are 0 or more. Vectors are kept as two int8 codes (see `quantise`), about 2.1
    bytes a dimension with everything.

    Args:
        dimension: Length of the vectors, 1 to 8,192.
        device: Where the rows live; the indexes by id stay on the CPU.
    """

    def __init__(self, dimension: int, *, device: str | torch.device = "cpu") -> None:
        if not 1 <= dimension <= 8192:
            raise InvalidInputError(f"dimension must be in [1, 8192], got {dimension}")
        self.dimension = dimension
        self.device: torch.device = torch.device(device)
        self.version: int = 0
        self.accelerator: object | None = None
        self._groups: dict[int, GroupRows] = {}
        self._slots: list[int | None] = []
        self._slot_of: dict[int, int] = {}
        self._free: list[int] = []
        self._places = KeyIndex()
        self._cues = KeyIndex()

    @property
    def nbytes(self) -> int:
        """Bytes of rows, used or reserved, and of the indexes."""
        rows = sum(group.nbytes for group in self._groups.values())
        return rows + self._places.nbytes + self._cues.nbytes

    def count(self, group: int | None = None) -> int:
        """Return how many cues there are, in one group or in all."""
        if group is None:
            return len(self._places)
        rows = self._groups.get(group)
        return rows.count if rows else 0

    def groups(self) -> list[int]:
        """Return the groups that hold cues, ascending."""
        return sorted(group for group, rows in self._groups.items() if rows.count)

    def rows(self, group: int) -> GroupRows | None:
        """Return a group's rows, for searches; None when it has none."""
        rows = self._groups.get(group)
        return rows if rows and rows.count else None

    def reserve(self, group: int, rows: int) -> None:
        """Make room for `rows` cues of a group in one chunk's worth of memory."""
        self._group(group).reserve(rows)

    def add(self, cue_ids: Tensor, vectors: Tensor, *, memory_ids: Tensor, group: int) -> None:
        """Add cues [n] with vectors [n, d].

        Raises:
            VectorError: A vector has another size, or is not finite.
            InvalidInputError: The ids are not as many as the vectors, or a cue id is taken.
        """
        vectors = check_vectors(vectors, self.dimension)
        cue_ids = _ids(cue_ids, "cue_ids", len(vectors))
        memory_ids = _ids(memory_ids, "memory_ids", len(vectors))
        if not len(vectors):
            return
        ordered = cue_ids.sort().values
        if int(ordered[0]) < 0 or int(memory_ids.min()) < 0:
            raise InvalidInputError("ids must be 0 or more, got a negative one")
        if bool((ordered[1:] == ordered[:-1]).any()) or len(self._places.find(cue_ids)[0]):
            raise InvalidInputError(
                "cue ids must be new, got one that is held already; remove it first"
            )
        rows = self._group(group)
        codes = quantise(vectors.to(self.device))
        ids = (cue_ids.to(self.device), memory_ids.to(self.device))
        first = rows.append(Rows(*codes, *ids))
        lengths = torch.linalg.vector_norm(vectors, dim=1, dtype=torch.float32)
        rows.longest = max(rows.longest, 1.001 * float(lengths.max()))
        base = (self._slot_of[group] << _ROW_BITS) + first
        self._places.add(cue_ids, torch.arange(base, base + len(cue_ids)))
        self._cues.add(memory_ids, cue_ids)
        self.version += 1

    def remove(self, memory_ids: Tensor) -> int:
        """Remove every cue of these memories; return how many cues went."""
        memory_ids = _ids(memory_ids, "memory_ids").unique()
        cue_ids, _ = self._cues.find(memory_ids)
        self._cues.discard(memory_ids)
        return self._remove(cue_ids)

    def remove_cues(self, cue_ids: Tensor) -> int:
        """Remove these cues; return how many there were of them."""
        cue_ids = _ids(cue_ids, "cue_ids").unique()
        places, owner = self._places.find(cue_ids)
        cue_ids = cue_ids[owner]
        if len(cue_ids):
            memories = self._gather(places).memory_ids.cpu()
            self._cues.discard(memories.unique(), cue_ids)
        return self._remove(cue_ids)

    def vectors(self, cue_ids: Tensor) -> Tensor:
        """Return the vectors [n, d] of cues, float32.

        Raises:
            NotFoundError: A cue is not here.
        """
        rows = self.gather(cue_ids)
        return dequantise(rows.coarse, rows.residual, rows.scale)

    def total(self, groups: Sequence[int]) -> tuple[Tensor, int]:
        """Return the sum of the unit vectors of the cues of some groups, and their number.

        Sums are of whole numbers, so that what is forgotten leaves no trace in them.

        Returns:
            float64 [d] on the CPU, and the count.
        """
        held = [rows for rows in map(self.rows, sorted(set(groups))) if rows is not None]
        total = torch.zeros(self.dimension, dtype=torch.int64)
        for rows in held:
            total += rows.total.cpu()
        return total.to(torch.float64) * DIRECTION, sum(rows.count for rows in held)

    def memory_cues(self, memory_ids: Tensor, *, ordered: bool = True) -> tuple[Tensor, Tensor]:
        """Return (cue ids, owner) of memories [n]; owner[i] is the place in `memory_ids`.

        Both are on the CPU, ordered by owner, then cue id, or as they come.
        """
        cue_ids, owner = self._cues.find(_ids(memory_ids, "memory_ids"))
        if not ordered:
            return cue_ids, owner
        order = cue_ids.argsort(stable=True)
        order = order[owner[order].argsort(stable=True)]
        return cue_ids[order], owner[order]

    def gather(self, cue_ids: Tensor) -> Rows:
        """Return copies of the rows of cues [n], in that order.

        Raises:
            NotFoundError: A cue is not here.
        """
        cue_ids = _ids(cue_ids, "cue_ids")
        places = self._places.find_single(cue_ids)
        if len(places) and int(places.min()) < 0:
            missing = int(cue_ids[places < 0][0])
            raise NotFoundError(f"cue {missing} is not in the index; it was removed or never added")
        return self._gather(places)

    def fingerprint(self) -> str:
        """Return a SHA-256 over all cues in order of id and their sums, whatever the rows' layout.

        It is equal when, and only when, the same cues with the same bytes, memories and groups are
        held: also after cues were added and removed again.
        """
        digest = hashlib.sha256(f"cues/{self.dimension}".encode())
        held = [rows for rows in self._groups.values() if rows.count]
        parts = [part.cue_ids.cpu() for rows in held for _, part in rows.used()]
        if not parts:
            return digest.hexdigest()
        for cue_ids in torch.cat(parts).sort().values.split(_FINGERPRINT_BLOCK):
            rows = self.gather(cue_ids)
            places, owner = self._places.find(cue_ids)
            slots = torch.empty_like(places)
            slots[owner] = places >> _ROW_BITS
            named = torch.tensor([-1 if group is None else group for group in self._slots])
            columns = (
                cue_ids,
                rows.memory_ids,
                named[slots],
                rows.scale,
                rows.coarse,
                rows.residual,
            )
            for column in columns:
                digest.update(column.cpu().contiguous().numpy().tobytes())
        for group in self.groups():
            digest.update(self._groups[group].total.cpu().numpy().tobytes())
        return digest.hexdigest()

    def _group(self, group: int) -> GroupRows:
        if group not in self._groups:
            slot = self._free.pop() if self._free else len(self._slots)
            if slot == len(self._slots):
                self._slots.append(None)
            self._slots[slot] = group
            self._slot_of[group] = slot
            self._groups[group] = GroupRows(self.dimension, self.device)
        return self._groups[group]

    def _by_group(self, places: Tensor) -> list[tuple[int, Tensor, Tensor]]:
        """Return (slot, places within the group, which of `places` they are) for each group."""
        slots, local = places >> _ROW_BITS, places & _ROW_MASK
        if bool((slots == slots[0]).all()):
            return [(int(slots[0]), local, torch.arange(len(places)))]
        slots, order = slots.sort(stable=True)
        names, counts = slots.unique_consecutive(return_counts=True)
        pieces = order.split(counts.tolist())
        return [
            (slot, local[which], which) for slot, which in zip(names.tolist(), pieces, strict=True)
        ]

    def _gather(self, places: Tensor) -> Rows:
        if not len(places):
            return Rows.zeros(0, self.dimension, self.device)
        if len(self._groups) == 1:
            return next(iter(self._groups.values())).gather(places & _ROW_MASK)
        groups = self._by_group(places)
        rows = Rows.cat([self._at(slot).gather(local) for slot, local, _ in groups])
        if len(groups) == 1:
            return rows
        back = torch.empty_like(places)
        back[torch.cat([which for _, _, which in groups])] = torch.arange(len(places))
        return rows.take(back.to(self.device))

    def _at(self, slot: int) -> GroupRows:
        group = self._slots[slot]
        if group is None:
            raise NotFoundError(f"slot {slot} holds no group; the cue index is damaged")
        return self._groups[group]

    def _remove(self, cue_ids: Tensor) -> int:
        if not len(cue_ids):
            return 0
        places, _ = self._places.find(cue_ids)
        self._places.discard(cue_ids)
        for slot, local, _ in self._by_group(places):
            rows = self._at(slot)
            moved, holes = rows.remove(local)
            self._places.replace(moved, holes + (slot << _ROW_BITS))
            if not rows.count:
                self._forget(slot)
        self.version += 1
        return len(cue_ids)

    def _forget(self, slot: int) -> None:
        group = self._slots[slot]
        if group is not None:
            del self._groups[group], self._slot_of[group]
        self._slots[slot] = None
        self._free.append(slot)


def _ids(ids: Tensor, name: str, length: int | None = None) -> Tensor:
    if not isinstance(ids, Tensor) or ids.dtype != torch.int64 or ids.ndim != 1:
        came = f"{ids.dtype} {list(ids.shape)}" if isinstance(ids, Tensor) else type(ids).__name__
        raise InvalidInputError(f"{name} must be a one-dimensional int64 tensor, got {came}")
    if length is not None and len(ids) != length:
        raise InvalidInputError(f"{name} must be {length}, one for each vector, got {len(ids)}")
    return ids.detach().cpu()
