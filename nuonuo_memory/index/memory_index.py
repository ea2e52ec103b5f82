"""The engine's view of a store: filled on opening, then following every write.

There is one way in: what changed is dropped and read anew from the store. So a write of our own,
another thread's and another process's take the same path, and the engine never holds what the
store does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from nuonuo_memory.engine.bm25.term_index import TermIndex
from nuonuo_memory.engine.graph.association_graph import AssociationGraph
from nuonuo_memory.engine.graph.name_index import NameIndex
from nuonuo_memory.engine.vectors.cue_index import CueIndex
from nuonuo_memory.index import associations
from nuonuo_memory.index.attributes import AttributeTable
from nuonuo_memory.store.protocol import Store
from nuonuo_memory.store.rows import CueBatch, Ints, LinkRow, MentionRow, TermBatch
from nuonuo_memory.types import Namespace


class MemoryIndex:
    """Cue vectors, terms and attributes of a store's memories, on one device.

    Attributes:
        version: The store's change that the index has followed up to.
        cues: The cue vectors.
        terms: The hashed words.
        graph: What ties the memories.
        names: The names that they mention, found by codes.
        attributes: Role, session, turn and time of each memory.
    """

    def __init__(self, dimension: int, *, device: torch.device) -> None:
        self._dimension = dimension
        self._device = device
        self.clear()

    def clear(self) -> None:
        """Hold nothing."""
        self.version: int = 0
        self.cues: CueIndex = CueIndex(self._dimension, device=self._device)
        self.terms: TermIndex = TermIndex()
        self.graph: AssociationGraph = AssociationGraph(device=self._device)
        self.names: NameIndex = NameIndex()
        self.attributes: AttributeTable = AttributeTable()
        self._groups: dict[tuple[Namespace, bool], list[int]] = {}

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
            named = [change.memory_key for change in changes if change.op != "strengths"]
            keys = np.unique(np.array(named, dtype=np.int64))
            self._drop(keys)
            self._load(store, keys)
            if len(named) < len(changes):
                self._load_strengths(store, None)
        self._groups.clear()
        self.version = version
        return True

    def groups(self, store: Store, namespace: Namespace, *, prefix: bool) -> list[int]:
        """Return the keys of a namespace or, with `prefix`, of it and all below it."""
        found = self._groups.get((namespace, prefix))
        if found is None:
            found = store.namespace_keys(namespace, prefix=prefix)
            self._groups[namespace, prefix] = found
        return found

    @property
    def nbytes(self) -> int:
        """Bytes that the engine holds."""
        return self.cues.nbytes + self.terms.nbytes + self.graph.nbytes + self.names.nbytes

    def vectors(self, cue_keys: Ints) -> NDArray[np.float32]:
        """Return the engine's own vectors of cues, float32 [n, dimension]."""
        return self.cues.vectors(torch.from_numpy(cue_keys)).cpu().numpy()

    def _drop(self, memory_keys: Ints) -> None:
        keys = memory_keys[self.attributes.holds(memory_keys)]
        self.cues.remove(torch.from_numpy(keys))
        self.terms.remove(torch.from_numpy(keys))
        for group, rows in _by_group(self.attributes.groups(keys)):
            associations.remove(self.graph, self.names, keys[rows], group=group)
        self.attributes.remove(keys)

    def _load(self, store: Store, memory_keys: Ints | None) -> None:
        for attributes in store.load_attributes(memory_keys=memory_keys):
            self.attributes.add(attributes)
        self._load_strengths(store, memory_keys)
        for cues in store.load_cues(memory_keys=memory_keys):
            self._add_cues(cues)
        for terms in store.load_terms(memory_keys=memory_keys):
            self._add_terms(terms)
        for mentions in _whole(store.load_mentions(memory_keys=memory_keys)):
            owners = np.array([row.memory_key for row in mentions], dtype=np.int64)
            groups = self.attributes.groups(owners)
            associations.add_names(self.names, self.graph, mentions, groups=groups)
            associations.add_mentions(self.graph, mentions, groups=groups)
        for links in store.load_links(memory_keys=memory_keys):
            self._add_links(links)
        if memory_keys is not None:  # dropping a memory dropped the links that lead to it, too
            own = set(memory_keys.tolist())
            for links in store.load_links(memory_keys=memory_keys, into=True):
                self._add_links([row for row in links if row.source_key not in own])

    def _load_strengths(self, store: Store, memory_keys: Ints | None) -> None:
        for strengths in store.load_strengths(memory_keys=memory_keys):
            self.attributes.set_strengths(strengths)

    def _add_links(self, rows: list[LinkRow]) -> None:
        sources = np.array([row.source_key for row in rows], dtype=np.int64)
        associations.add_links(self.graph, rows, groups=self.attributes.groups(sources))

    def _add_cues(self, batch: CueBatch) -> None:
        for group, rows in _by_group(batch.namespace_keys):
            self.cues.add(
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


def _whole(batches: Iterable[list[MentionRow]]) -> Iterator[list[MentionRow]]:
    """The batches, cut so that the mentions of a memory, which lie together, stay together."""
    held: list[MentionRow] = []
    for batch in batches:
        held += batch
        cut = len(held)
        while cut and held[cut - 1].memory_key == held[-1].memory_key:
            cut -= 1
        if cut:
            yield held[:cut]
            held = held[cut:]
    if held:
        yield held


def _by_group(groups: Ints) -> list[tuple[int, Ints]]:
    """Positions of each group's rows, in order; groups ascending."""
    if not len(groups):
        return []
    order = np.argsort(groups, kind="stable")
    values, starts = np.unique(groups[order], return_index=True)
    return list(zip(values.tolist(), np.split(order, starts[1:]), strict=True))


def _mask(rows: Ints, size: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    mask = np.zeros(size, dtype=np.bool_)
    mask[rows] = True
    return mask
