"""Spreading activation: walks over associations that decay, damp hubs and never turn back.

Activation starts in the memories that recall settled on and in the names that the question holds.
At each hop the strongest walks go on: from a memory over a name to the memories that share it, or
over a link. A walk never visits a memory twice and never leaves by the name that it came by. What
arrives in a memory is summed over its walks in fixed point, so that no order of summing changes a
bit, in a batch of one or of a thousand, on a CPU or a GPU.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from nuonuo_memory.config import AssociationConfig
from nuonuo_memory.engine.edges import spans
from nuonuo_memory.engine.graph import ABOUT, AssociationGraph

Affinity = Callable[[Tensor, Tensor], Tensor]
"""(query [n], memory key [n]) to how much each query welcomes each memory, float64 [n], above 0."""

NO_KEY = -1
"""Stands for "no memory" and "no name" in a walk."""

NAMED = 0
"""Kind of a step that the question itself makes, by a name that it holds."""
MENTION_STEP = 1
ABOUT_STEP = 2
LINK_STEP = 3
"""Link kinds follow: a link of kind k makes a step of kind LINK_STEP + k."""

_UNIT = float(1 << 40)


class Start(NamedTuple):
    """Where activation enters.

    Attributes:
        query: int64 [n], row of the batch.
        key: int64 [n], memory or name.
        activation: float64 [n].
    """

    query: Tensor
    key: Tensor
    activation: Tensor


class Walks(NamedTuple):
    """Walks after the same number of hops, those of a query together, strongest first.

    Attributes:
        query: int64 [n].
        memory: int64 [n], where the walk stands.
        activation: float64 [n].
        parent: int64 [n], row of the previous hop's walks, -1 at the start.
        via: int64 [n], the name key of the last step, -1 for a link or a start.
        kind: int64 [n], of the last step: `NAMED`, `MENTION_STEP`, ….
        share: float64 [n], activation that the last step carried over, of what stood before it.
    """

    query: Tensor
    memory: Tensor
    activation: Tensor
    parent: Tensor
    via: Tensor
    kind: Tensor
    share: Tensor


class Step(NamedTuple):
    """One step of a path: memory keys, the name key that carried it, its kind and its share."""

    source: int
    target: int
    via: int
    kind: int
    share: float


@dataclass(frozen=True, slots=True)
class Spread:
    """Where activation went.

    Attributes:
        query: int64 [m], ascending.
        memory: int64 [m], ascending within a query, each once.
        activation: float64 [m], summed over hops with their decay.
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
        """The strongest walk to the memory in `row`, from its first step on."""
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
    config: AssociationConfig,
    affinity: Affinity | None = None,
) -> Spread:
    """Let activation spread over the graph for a batch of queries.

    Args:
        graph: What ties the memories.
        memories: Where activation starts; each query's activations should sum to at most 1.
        names: Names that the questions hold, likewise.
        groups: Of each query, the groups that its walks may go through.
        config: Hops, decay and the rest.
        affinity: How much a query welcomes a memory; it scales what arrives there. Without it
            every memory is as welcome.

    Returns:
        What arrived where, and over which walks.
    """
    field = _Field(graph, groups, config, affinity)
    walks = field.begin(memories, names)
    hops = [walks]
    history = walks.memory[:, None]
    for _ in range(config.hops):
        going = _first(walks.query, config.walks)
        if len(going) == 0:
            break
        walks, history = field.hop(walks, going, history)
        hops.append(walks)
    return _collect(hops, config)


def rarity(count: Tensor, size: Tensor) -> Tensor:
    """How rare names are: (log(1 + N / n) / log(1 + N))², the measure of BM25 for words, sharper.

    Args:
        count: int64 [n], mentions of each name.
        size: float64 [n], memories that mention any, at least 1.

    Returns:
        float64 [n]: 1 for a name of one memory, 0 for one that is mentioned nowhere.
    """
    rare = (torch.log1p(size / count.clamp_min(1)) / torch.log1p(size)) ** 2
    return torch.where(count > 0, rare, torch.zeros_like(rare))


class _Field:
    """One batch's view of the graph: its groups of each query, and how many memories they hold."""

    def __init__(
        self,
        graph: AssociationGraph,
        groups: Sequence[Sequence[int]],
        config: AssociationConfig,
        affinity: Affinity | None,
    ) -> None:
        self.graph, self.config, self.affinity = graph, config, affinity
        to = graph.device
        ends = torch.tensor([0, *(len(each) for each in groups)], device=to).cumsum(0)
        self.low, self.high = ends[:-1], ends[1:]
        flat = [group for each in groups for group in each]
        self.group = torch.tensor(flat, dtype=torch.int64, device=to)
        sizes = [max(graph.memories(each), 1) for each in groups]
        self.size = torch.tensor(sizes, dtype=torch.float64, device=to)

    def begin(self, memories: Start, names: Start) -> Walks:
        """Walks of no steps, and those that the questions' names make."""
        to = self.graph.device
        query, key, activation = (x.to(to) for x in memories)
        none = torch.full_like(query, NO_KEY)
        direct = Walks(query, key, activation.double(), none, none, none * 0, activation * 0 + 1)
        asked, name, strength = (x.to(to) for x in names)
        batch = len(self.size)
        given = _sum(strength.double(), asked, batch)
        rarity, count = self.rarity(asked, name)
        strength = strength.double() * rarity
        kept = self.within_budget(asked, name, strength, count)
        asked, name, strength = asked[kept], name[kept], strength[kept]
        strength = strength * (given / _sum(strength, asked, batch).clamp_min(1e-12))[asked]
        row, target, share, kind = self.carriers(asked, name)
        none = torch.full_like(row, NO_KEY)
        named = Walks(
            asked[row], target, strength[row] * share, none, name[row], kind * 0 + NAMED, share
        )
        named = self.welcome(named, given)
        return _ordered(Walks(*(torch.cat(both) for both in zip(direct, named, strict=True))))

    def hop(self, walks: Walks, going: Tensor, history: Tensor) -> tuple[Walks, Tensor]:
        """All arrivals one step on, with the memories that each walk has visited."""
        query, memory, before = walks.query[going], walks.memory[going], walks.activation[going]
        over = self.over_names(query, memory, walks.via[going], before)
        linked = self.over_links(query, memory)
        both = (over[1] > 0) & (linked[1] > 0)
        parts = []
        for (columns, total), part in ((over, 1 - self.config.link), (linked, self.config.link)):
            each = torch.where(both, part, 1.0) / total.clamp_min(1e-12)
            parts.append((*columns[:-1], columns[-1] * each[columns[0]]))
        owner, target, via, kind, share = (torch.cat(two) for two in zip(*parts, strict=True))
        fresh = (history[going][owner] != target[:, None]).all(1)
        owner, target, via, kind, share = (x[fresh] for x in (owner, target, via, kind, share))
        arrived = Walks(query[owner], target, before[owner] * share, going[owner], via, kind, share)
        arrived = _ordered(self.welcome(arrived, _sum(before, query, len(self.size))))
        return arrived, torch.cat([history[arrived.parent], arrived.memory[:, None]], 1)

    def rarity(self, query: Tensor, name: Tensor) -> tuple[Tensor, Tensor]:
        """How rare each name is to its query, in [0, 1], and how many mentions it has."""
        owner, group = self._groups(query)
        counts = self.graph.frequency(name[owner], group)
        count = torch.zeros(len(query), dtype=torch.int64, device=query.device)
        count.index_add_(0, owner, counts)
        return rarity(count, self.size[query]), count

    def carriers(self, query: Tensor, name: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Memories that each name leads to: (row of the name, memory, share, kind)."""
        owner, group = self._groups(query)
        edges = self.graph.mentioned_in(name[owner], group)
        pair = owner[edges.owner]
        weight = edges.weight.double()
        weight = torch.where(edges.kind == ABOUT, weight * (1 + self.config.about), weight)
        total = _sum(weight, pair, len(query)) ** self.config.damping
        return pair, edges.left, weight / total[pair], edges.kind.long()

    def over_names(
        self, query: Tensor, memory: Tensor, via: Tensor, before: Tensor
    ) -> tuple[tuple[Tensor, ...], Tensor]:
        """(walk, target, name, kind, amount) over names, and the sum of each walk's claims."""
        edges = self.graph.names_of(memory)
        rare, count = self.rarity(query[edges.owner], edges.right)
        claim = torch.where(count > 1, rare * edges.weight.double(), torch.zeros_like(rare))
        total = _sum(claim, edges.owner, len(query))
        keep = (count > 1) & (edges.right != via[edges.owner])
        owner, name, claim, count = (x[keep] for x in (edges.owner, edges.right, claim, count))
        value = before[owner] * claim / total[owner].clamp_min(1e-12)
        kept = self.within_budget(query[owner], name, value, count)
        owner, name, claim = owner[kept], name[kept], claim[kept]
        row, target, share, kind = self.carriers(query[owner], name)
        step = torch.where(kind == ABOUT, ABOUT_STEP, MENTION_STEP)
        return (owner[row], target, name[row], step, claim[row] * share), total

    def within_budget(self, query: Tensor, name: Tensor, value: Tensor, count: Tensor) -> Tensor:
        """Rows of the names that give each memory the most, up to `arrivals` for each query."""
        each = (value / count.clamp_min(1).double() ** self.config.damping * _UNIT).round()
        order = _sorted(name, -each, query)
        query, sizes = query[order], count[order]
        spent = torch.cumsum(sizes, 0)
        first = torch.searchsorted(query, query)
        spent = spent - (spent - sizes)[first]
        return order[spent <= self.config.arrivals]

    def over_links(self, query: Tensor, memory: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
        """The same over links, forwards and, less strongly, backwards."""
        ahead = self.graph.links_from(memory)
        owner, group = self._groups(query)
        back = self.graph.links_to(memory[owner], group)
        walk = torch.cat([ahead.owner, owner[back.owner]])
        target = torch.cat([ahead.right, back.left])
        amount = torch.cat([ahead.weight, back.weight * self.config.backward]).double()
        kind = torch.cat([ahead.kind, back.kind]).long() + LINK_STEP
        none = torch.full_like(walk, NO_KEY)
        return (walk, target, none, kind, amount), _sum(amount, walk, len(query))

    def welcome(self, walks: Walks, mass: Tensor) -> Walks:
        """Scale what arrives by affinity, keeping each query's total at `mass` (float64 [B])."""
        if len(walks.query) == 0:
            return walks
        activation = walks.activation
        if self.affinity is not None:
            activation = activation * self.affinity(walks.query, walks.memory)
        total = _sum(activation, walks.query, len(self.size)).clamp_min(1e-12)
        scale = (mass / total)[walks.query]
        activation = (activation * scale * _UNIT).round() / _UNIT
        return walks._replace(activation=activation)

    def _groups(self, query: Tensor) -> tuple[Tensor, Tensor]:
        """Each row once for each group of its query: (row, group), int64 [n]."""
        owner, index = spans(self.low[query], self.high[query])
        return owner, self.group[index]


def _sum(values: Tensor, index: Tensor, size: int) -> Tensor:
    """Sum float64 `values` by `index` in units of 2**-40: any order gives the same bits."""
    total = torch.zeros(size, dtype=torch.int64, device=values.device)
    total.index_add_(0, index, (values * _UNIT).round().long())
    return total.double() / _UNIT


def _sorted(*keys: Tensor) -> Tensor:
    """Rows in ascending order of the last key, ties by the one before it, and so on."""
    order = torch.argsort(keys[0], stable=True)
    for key in keys[1:]:
        order = order[torch.argsort(key[order], stable=True)]
    return order


def _ordered(walks: Walks) -> Walks:
    """Those of a query together, strongest first, ties by memory, name and parent."""
    order = _sorted(walks.parent, walks.via, walks.memory, -walks.activation, walks.query)
    return Walks(*(column[order] for column in walks))


def _rank(query: Tensor) -> Tensor:
    """Place of each row among those of its query, from 0; `query` is ascending."""
    low = torch.searchsorted(query, query)
    return torch.arange(len(query), device=query.device) - low


def _first(query: Tensor, most: int) -> Tensor:
    return torch.nonzero(_rank(query) < most).squeeze(1)


def _collect(hops: list[Walks], config: AssociationConfig) -> Spread:
    """Sum what arrived in each memory, and find the walk that brought the most."""
    query = torch.cat([walks.query for walks in hops])
    memory = torch.cat([walks.memory for walks in hops])
    hop = torch.cat([torch.full_like(walks.query, h) for h, walks in enumerate(hops)])
    row = torch.cat([torch.arange(len(walks.query), device=query.device) for walks in hops])
    decayed = [walks.activation * config.decay**h for h, walks in enumerate(hops)]
    activation = torch.cat(decayed)
    order = _sorted(row, hop, -activation, memory, query)
    query, memory, hop, row, activation = (x[order] for x in (query, memory, hop, row, activation))
    new = torch.ones(len(query), dtype=torch.bool, device=query.device)
    new[1:] = (query[1:] != query[:-1]) | (memory[1:] != memory[:-1])
    index = torch.cumsum(new.long(), 0) - 1
    total = _sum(activation, index, int(new.sum()))
    return Spread(query[new], memory[new], total, hop[new], row[new], tuple(hops))
