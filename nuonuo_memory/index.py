"""The engine's view of a store: filled on opening, then following every write.

There is one way in: what changed is dropped and read anew from the store. So a write of our own,
another thread's and another process's take the same path, and the engine never holds what the
store does not.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nuonuo_memory.attributes import AttributeTable
from nuonuo_memory.engine.arena import CueArena
from nuonuo_memory.engine.lexical import TermIndex
from nuonuo_memory.store.records import Store
from nuonuo_memory.store.rows import CueBatch, Ints, TermBatch


class MemoryIndex:
    """Cue vectors, terms and attributes of a store's memories, on one device.

    Attributes:
        version: The store's change that the index has followed up to.
        arena: The cue vectors.
        terms: The hashed words.
        attributes: Role, session, turn and time of each memory.
    """

    def __init__(self, dimension: int, *, device: torch.device) -> None:
        self._dimension = dimension
        self._device = device
        self.clear()

    def clear(self) -> None:
        """Hold nothing."""
        self.version = 0
        self.arena = CueArena(self._dimension, device=self._device)
        self.terms = TermIndex()
        self.attributes = AttributeTable()

    def follow(self, store: Store) -> bool:
        """Take over what changed in the store since the last call; says whether anything did."""
        version = store.version()
        if version == self.version:
            return False
        changes = store.changes(self.version) if self.version else []
        if not self.version or any(change.op == "reload" for change in changes):
            self.clear()
            self._load(store, None)
        else:
            keys = np.unique(np.array([change.memory_key for change in changes], dtype=np.int64))
            self._drop(torch.from_numpy(keys))
            self._load(store, keys)
        self.version = version
        return True

    @property
    def nbytes(self) -> int:
        """Bytes that the engine holds."""
        return self.arena.nbytes + self.terms.nbytes

    def vectors(self, cue_keys: Ints) -> NDArray[np.float32]:
        """Return the engine's own vectors of cues, float32 [n, dimension]."""
        return self.arena.vectors(torch.from_numpy(cue_keys)).cpu().numpy()

    def _drop(self, memory_keys: Tensor) -> None:
        self.arena.remove(memory_keys)
        self.terms.remove(memory_keys)
        self.attributes.remove(memory_keys.numpy())

    def _load(self, store: Store, memory_keys: Ints | None) -> None:
        for attributes in store.load_attributes(memory_keys=memory_keys):
            self.attributes.add(attributes)
        for cues in store.load_cues(memory_keys=memory_keys):
            self._add_cues(cues)
        for terms in store.load_terms(memory_keys=memory_keys):
            self._add_terms(terms)

    def _add_cues(self, batch: CueBatch) -> None:
        for group, rows in _by_group(batch.namespace_keys):
            self.arena.add(
                torch.from_numpy(batch.keys[rows]),
                torch.from_numpy(np.ascontiguousarray(batch.vectors[rows])),
                memory_ids=torch.from_numpy(batch.memory_keys[rows]),
                group=group,
            )

    def _add_terms(self, batch: TermBatch) -> None:
        sizes = np.diff(batch.pointers)
        for group, rows in _by_group(batch.namespace_keys):
            kept = np.repeat(_mask(rows, len(sizes)), sizes)
            self.terms.add(
                torch.from_numpy(batch.memory_keys[rows]),
                torch.from_numpy(np.concatenate(([0], np.cumsum(sizes[rows])))),
                term_ids=torch.from_numpy(batch.ids[kept]),
                counts=torch.from_numpy(batch.counts[kept]),
                group=group,
            )


def _by_group(groups: Ints) -> list[tuple[int, Ints]]:
    """Positions of each group's rows, in order; groups ascending."""
    order = np.argsort(groups, kind="stable")
    values, starts = np.unique(groups[order], return_index=True)
    return list(zip(values.tolist(), np.split(order, starts[1:]), strict=True))


def _mask(rows: Ints, size: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    mask = np.zeros(size, dtype=np.bool_)
    mask[rows] = True
    return mask
