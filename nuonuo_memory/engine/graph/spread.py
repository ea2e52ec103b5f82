"""Spreading activation over edges: walks that decay, are normalised by degree, and never turn back.

Activation starts in the best memories of a recall and in the names that the question holds.
At each hop the strongest walks go on: from a memory over a name to the memories that share it, or
over a link. A walk never visits a memory twice and never leaves by the name that it came by. What
arrives in a memory is summed over its walks in fixed point, so that no order of summing changes a
bit, in a batch of one or of a thousand, on a CPU or a GPU.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from nuonuo_memory.config import AssociationConfig
from nuonuo_memory.engine.graph.association_graph import AssociationGraph
from nuonuo_memory.engine.graph.hop import Field, Front
from nuonuo_memory.engine.graph.key_rows import lexsort
from nuonuo_memory.engine.graph.walks import (
    ABOUT_STEP,
    LARGEST_BATCH,
    LINK_STEP,
    MENTION_STEP,
    NAMED,
    NO_KEY,
    UNIT,
    Affinity,
    Start,
    Walks,
    rarity,
    take,
    tally,
    units,
)
from nuonuo_memory.errors import InvalidInputError

__all__ = [
    "ABOUT_STEP",
    "LINK_STEP",
    "MENTION_STEP",
    "NAMED",
    "NO_KEY",
    "Affinity",
    "Spread",
    "Start",
    "Step",
    "Walks",
    "rarity",
    "spread",
]


class Step(NamedTuple):
    """One step of a path: memory keys, the name key that carried it, its kind and its share."""

    source: int
    target: int
    via: int
    kind: int
    share: float


@dataclass(frozen=True, slots=True)
class Spread:
    """The activation of memories after a batch of walks.

    Attributes:
        query: int64 [m], ascending.
        memory: int64 [m], ascending within a query, each once.
        activation: float64 [m], summed over hops with their decay and with what each kind of
            arrival counts.
        hop: int64 [m], the hop whose walk brought the most.
        walk: int64 [m], that walk's row in `hops[hop]`.
        hops: The walks after 0, 1, 2 … hops.
    """

    query: Tensor
    memory: Tensor
    activation: Tensor
    hop: Tensor
    walk: Tensor
    hops: tuple[Walks, ...]

    def path(self, row: int) -> tuple[Step, ...]:
        """Return the strongest walk to the memory in `row`, first step first."""
        hop, walk = int(self.hop[row]), int(self.walk[row])
        steps: list[Step] = []
        while walk >= 0:
            walks = self.hops[hop]
            parent = int(walks.parent[walk])
            source = int(self.hops[hop - 1].memory[parent]) if parent >= 0 else NO_KEY
            kind, via = int(walks.kind[walk]), int(walks.via[walk])
            if parent >= 0 or via != NO_KEY:
                target, share = int(walks.memory[walk]), float(walks.share[walk])
                steps.append(Step(source, target, via, kind, share))
            hop, walk = hop - 1, parent
        return tuple(reversed(steps))


def spread(
    graph: AssociationGraph,
    memories: Start,
    names: Start,
    *,
    groups: Sequence[Sequence[int]],
    hops: int,
    config: AssociationConfig,
    affinity: Affinity | None = None,
    allowed: Tensor | None = None,
) -> Spread:
    """Spread the starting activation of B queries over the graph; return what each memory got.

    Args:
        graph: The edges between memories and names.
        memories: Where activation starts; each query's activations should sum to at most 1.
        names: Names that the questions hold, likewise.
        groups: Of each query, the groups that its walks may go through.
        hops: Steps that a walk may take.
        config: Decay and the rest.
        affinity: A factor for each query and memory, above 0, that scales what arrives there;
            1 for all without it.
        allowed: Keys of the memories that walks may start in, go through and end in, ascending
            int64 [a]; all when `None`.

    Returns:
        What arrived where, and over which walks.

    Raises:
        InvalidInputError: When the batch is larger than `LARGEST_BATCH`.
    """
    if len(groups) > LARGEST_BATCH:
        raise InvalidInputError(
            f"a batch holds {LARGEST_BATCH} queries at most, got {len(groups)}; ask in parts"
        )
    field = Field(graph, groups, config=config, affinity=affinity, allowed=allowed)
    walks = field.begin(memories, names)
    after = [walks]
    front: Front | None = None
    for _ in range(hops):
        front = field.front(walks, front)
        if len(front.query) == 0:
            break
        walks = field.hop(front)
        after.append(walks)
    return _collect(after, config, len(groups))


def _collect(hops: list[Walks], config: AssociationConfig, batch: int) -> Spread:
    """Sum walks by memory, and find the strongest walk to each."""
    device = hops[0].query.device
    query = torch.cat([walks.query for walks in hops])
    memory = torch.cat([walks.memory for walks in hops])
    activation = torch.cat([walks.activation * config.decay**h for h, walks in enumerate(hops)])
    amounts = units(activation)
    about = torch.cat([walks.kind for walks in hops]) == ABOUT_STEP
    counted = torch.where(about, units(activation * config.subject), amounts)
    order = lexsort(-amounts, memory, query) if batch > 1 else lexsort(-amounts, memory)
    query, memory, amounts = take((query, memory, counted), order)
    new = torch.ones_like(query, dtype=torch.bool)
    new[1:] = (query[1:] != query[:-1]) | (memory[1:] != memory[:-1])
    first = torch.nonzero(new).squeeze(1)
    total = tally(amounts, torch.cumsum(new, 0) - 1, len(first)).double() / UNIT
    sizes = [len(walks.query) for walks in hops]
    hop = torch.cat([torch.full((n,), h, device=device) for h, n in enumerate(sizes)])
    row = torch.cat([torch.arange(n, device=device) for n in sizes])
    best = order.index_select(0, first)
    return Spread(
        query.index_select(0, first),
        memory.index_select(0, first),
        total,
        hop.index_select(0, best),
        row.index_select(0, best),
        tuple(hops),
    )
