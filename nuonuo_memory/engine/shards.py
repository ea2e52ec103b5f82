"""Cues spread over several devices: each searches its own, the exact candidates are merged.

A memory's cues are on one device, memory id modulo their number. The k nearest of all are among the
k nearest of each, so that the merged candidates, and all that follows, equal those of one index.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from nuonuo_memory.config import HopfieldConfig
from nuonuo_memory.engine.hopfield.attention import Retrieved, retrieve_by
from nuonuo_memory.engine.vectors.cue_index import CueIndex
from nuonuo_memory.engine.vectors.search import Candidates, check_search, search
from nuonuo_memory.errors import InvalidInputError


class ShardedCueIndex:
    """An index on each of several devices.

    Args:
        dimension: Length of the vectors.
        devices: Where the shards live; results come on the first. One may be named twice.

    Raises:
        InvalidInputError: No device is given, or the dimension is out of range.
    """

    def __init__(self, dimension: int, *, devices: Sequence[str | torch.device]) -> None:
        if not devices:
            raise InvalidInputError("devices must name one or more, got none")
        self.shards: list[CueIndex] = [CueIndex(dimension, device=device) for device in devices]

    @property
    def nbytes(self) -> int:
        """Bytes of all shards."""
        return sum(shard.nbytes for shard in self.shards)

    def count(self) -> int:
        """Return how many cues there are."""
        return sum(shard.count() for shard in self.shards)

    def add(self, cue_ids: Tensor, vectors: Tensor, *, memory_ids: Tensor, group: int) -> None:
        """Add cues as `CueIndex.add` does; that an id is new is checked within its shard alone."""
        owner = memory_ids.cpu() % len(self.shards)
        for number, shard in enumerate(self.shards):
            mine = (owner == number).nonzero()[:, 0]
            some = vectors[mine.to(vectors.device)]
            shard.add(cue_ids[mine], some, memory_ids=memory_ids[mine], group=group)

    def remove(self, memory_ids: Tensor) -> int:
        """Remove every cue of these memories; return how many cues went."""
        return sum(shard.remove(memory_ids) for shard in self.shards)

    def nearest(self, queries: Tensor, *, groups: Sequence[Sequence[int]], k: int) -> Candidates:
        """Find the k nearest cues of each query, as `nearest` does in one index.

        Raises:
            VectorError: The queries have another size, or are not finite.
            InvalidInputError: `k` is below 1, or `groups` are not as many as the queries.
        """
        queries = check_search(self.shards[0], queries, groups=groups, k=k)
        return self._search(queries, groups, k)

    def retrieve(
        self, queries: Tensor, *, groups: Sequence[Sequence[int]], k: int, config: HopfieldConfig
    ) -> Retrieved:
        """Recall as `retrieve` does from one index; raises what `nearest` does."""
        queries = check_search(self.shards[0], queries, groups=groups, k=k)
        return retrieve_by(self._search, queries, groups=groups, k=k, config=config)

    def _search(self, queries: Tensor, groups: Sequence[Sequence[int]], k: int) -> Candidates:
        found = [
            search(shard, queries.to(shard.device), groups=groups, k=k) for shard in self.shards
        ]
        return merged(found, k=k, device=self.shards[0].device)


def merged(parts: Sequence[Candidates], *, k: int, device: torch.device) -> Candidates:
    """Return the k best of some candidates [B, c], by similarity, then memory id, then cue id."""
    *columns, examined = (
        [column.to(device) for column in columns] for columns in zip(*parts, strict=True)
    )
    cues, memories, similarity, codes, scale = (torch.cat(column, dim=1) for column in columns)
    order = cues.argsort(dim=1, stable=True)
    order = order.gather(1, memories.gather(1, order).argsort(dim=1, stable=True))
    ranked = similarity.gather(1, order).argsort(dim=1, descending=True, stable=True)
    order = order.gather(1, ranked)[:, :k]
    return Candidates(
        cues.gather(1, order),
        memories.gather(1, order),
        similarity.gather(1, order),
        codes.gather(1, order[:, :, None].expand(-1, -1, codes.shape[2])),
        scale.gather(1, order),
        torch.stack(examined).sum(0),
    )
