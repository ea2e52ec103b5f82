"""Edges between memories: over names that they share, and directed links.

Keys only: a memory is an int64 key, a name the int64 hash of its normal form, a group the int64 key
of a namespace. Names are kept apart by group, so a walk never leaves the groups that it was given.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from nuonuo_memory.engine.graph.edges import Edges, EdgeSet

MENTION = 0
"""Kind of an edge to a name that the memory contains."""

ABOUT = 1
"""Kind of an edge to the name of what the memory is about: its title or subject."""


class AssociationGraph:
    """Mentions (memory, name) and directed links (memory, memory), added and removed in bulk.

    The cost of adding a memory is the same however many there are, and forgetting is exact: the
    fingerprint equals that of a graph that never held the memory.

    Args:
        device: Where the arrays live.

    Attributes:
        mentions: Edges from memories to the names that they mention.
        links: Edges from memories to memories.
    """

    def __init__(self, *, device: str | torch.device = "cpu") -> None:
        self.device: torch.device = torch.device(device)
        self.mentions: EdgeSet = EdgeSet(device=device)
        self.links: EdgeSet = EdgeSet(device=device)
        self._memories: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self.mentions) + len(self.links)

    @property
    def nbytes(self) -> int:
        """Bytes held by the arrays."""
        return self.mentions.nbytes + self.links.nbytes

    def memories(self, groups: Sequence[int]) -> int:
        """How many memories of these groups mention a name."""
        return sum(self._memories.get(group, 0) for group in groups)

    def add_mentions(
        self, memories: Tensor, names: Tensor, *, weights: Tensor, kinds: Tensor, group: int
    ) -> None:
        """Add edges from memories to names.

        Args:
            memories: int64 [n]; all mentions of one memory come in one call.
            names: int64 [n].
            weights: float32 [n], in (0, 1].
            kinds: int8 [n], `MENTION` or `ABOUT`.
            group: The namespace of all of them.
        """
        self.mentions.add(memories, names, weight=weights, kind=kinds, group=group)
        new = len(memories.unique())
        if new:
            self._memories[group] = self._memories.get(group, 0) + new

    def add_links(
        self, sources: Tensor, targets: Tensor, *, weights: Tensor, kinds: Tensor, group: int
    ) -> None:
        """Add edges from memories to memories of the same group.

        Args:
            sources: int64 [n].
            targets: int64 [n].
            weights: float32 [n], in (0, 1].
            kinds: int8 [n], any number that the caller tells kinds of link by.
            group: The namespace of all of them.
        """
        self.links.add(sources, targets, weight=weights, kind=kinds, group=group)

    def remove(self, memories: Tensor, *, group: int) -> int:
        """Remove every edge of these memories (int64 [n]) of a group; return their number."""
        keys = memories.to(self.device, torch.int64).unique()
        gone = self.mentions.remove_left(keys)
        left = self._memories.get(group, 0) - len(gone.left.unique())
        if left > 0:
            self._memories[group] = left
        else:
            self._memories.pop(group, None)
        out = self.links.remove_left(keys)
        into = self.links.remove_right(keys, torch.full_like(keys, group))
        return len(gone.left) + len(out.left) + len(into.left)

    def remove_links(self, sources: Tensor, targets: Tensor) -> int:
        """Remove every link from `sources[i]` to `targets[i]` (int64 [n]); return how many."""
        to = self.device
        gone = self.links.remove_pairs(sources.to(to, torch.int64), targets.to(to, torch.int64))
        return len(gone.left)

    def fingerprint(self) -> str:
        """Digest of all edges, whatever the order in which they came and went."""
        return f"{self.mentions.fingerprint()}/{self.links.fingerprint()}"

    def names_of(self, memories: Tensor) -> Edges:
        """The mentions of each memory (int64 [q]): left is the memory, right the name."""
        return self.mentions.from_left(memories)

    def mentioned_in(self, names: Tensor, groups: Tensor) -> Edges:
        """The mentions of each name (int64 [q]) within its group (int64 [q])."""
        return self.mentions.from_right(names, groups)

    def frequency(self, names: Tensor, groups: Tensor) -> Tensor:
        """How many mentions each name has within its group: int64 [q]."""
        return self.mentions.right_degree(names, groups)
