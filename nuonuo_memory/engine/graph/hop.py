"""One hop of spreading activation: the steps that walks may take, and the share that each carries.

A hop works on whole columns and waits for the device four times. Small as the columns are, a GPU
spends its time on being told what to do, so what saves a call saves time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from nuonuo_memory.config import AssociationConfig
from nuonuo_memory.engine.graph.association_graph import ABOUT, AssociationGraph
from nuonuo_memory.engine.graph.edges import LEFT
from nuonuo_memory.engine.graph.key_rows import Lists, lexsort, spans
from nuonuo_memory.engine.graph.walks import (
    LINK_STEP,
    MENTION_STEP,
    NAMED,
    NO_KEY,
    UNIT,
    Affinity,
    Start,
    Walks,
    downwards,
    rarity,
    strongest_first,
    take,
    tally,
    units,
)


class Front(NamedTuple):
    """The w walks that are extended by the next hop.

    Attributes:
        row: int64 [w], place among the walks of the last hop.
        query: int64 [w].
        via: int64 [w], the name that each came by.
        activation: float64 [w].
        visited: int64, the memories that each has been to, [w] for each hop; the last one is where
            it stands.
    """

    row: Tensor
    query: Tensor
    via: Tensor
    activation: Tensor
    visited: tuple[Tensor, ...]

    def of(self, owner: Tensor) -> Front:
        """The walks at the places `owner` (int64 [n])."""
        row, query, via, activation, *visited = take((*self[:4], *self.visited), owner)
        return Front(row, query, via, activation, tuple(visited))


class Steps(NamedTuple):
    """The n edges that walks may be extended by.

    Attributes:
        owner: int64 [n], place of the walk in the front.
        target: int64 [n], the memory that it leads to.
        via: int64 [n], the name that it goes by, or -1.
        kind: int64 [n].
        share: float64 [n], what it carries along of the walk's activation.
    """

    owner: Tensor
    target: Tensor
    via: Tensor
    kind: Tensor
    share: Tensor


class Named(NamedTuple):
    """The mentions of some names, in all groups of the queries that ask.

    Attributes:
        lists: One for each name and group.
        owner: int64 [lists], the name of each; `None` where each has one.
        degree: int64 [names], mentions in all groups together.
    """

    lists: Lists
    owner: Tensor | None
    degree: Tensor


class Field:
    """One batch's view of the graph: its groups of each query, and how many memories they hold.

    Args:
        graph: The edges between memories and names.
        groups: Of each query, the groups that its walks may go through.
        config: Decay, budgets and the rest.
        affinity: See `spread`.
        allowed: See `spread`.
    """

    def __init__(
        self,
        graph: AssociationGraph,
        groups: Sequence[Sequence[int]],
        *,
        config: AssociationConfig,
        affinity: Affinity | None,
        allowed: Tensor | None = None,
    ) -> None:
        self._graph, self._config, self._affinity = graph, config, affinity
        self._allowed = None if allowed is None else allowed.to(graph.device)
        self._batch = len(groups)
        self._single = all(len(each) == 1 for each in groups)
        flat = [group for each in groups for group in each]
        sizes = [max(graph.memories(each), 1) for each in groups]
        # in one tensor, since each way to the device is a wait
        told = torch.tensor([*flat, *sizes, *(len(each) for each in groups)], dtype=torch.int64)
        told = told.to(graph.device)
        self._group, size, self._groups = told.split([len(flat), self._batch, self._batch])
        self._size = size.double()
        self._first = torch.cumsum(self._groups, 0) - self._groups

    def begin(self, memories: Start, names: Start) -> Walks:
        """Return the starting walks: of no steps from memories, of one step from names."""
        to = self._graph.device
        query, key, activation = (x.to(to) for x in memories)
        none = torch.full_like(query, NO_KEY)
        share = torch.ones_like(query, dtype=torch.float64)
        kind = torch.full_like(query, NAMED)
        admitted = self._admits(key)
        if admitted is not None:
            activation = activation * admitted
        walks = Walks(query, key, activation.double(), none, none, kind, share)
        if len(names.query):
            named = self._named(Start(*(x.to(to) for x in names)))
            walks = Walks(*(torch.cat(both) for both in zip(walks, named, strict=True)))
        return strongest_first(walks, units(walks.activation), living=self._admits(walks.memory))

    def front(self, walks: Walks, before: Front | None) -> Front:
        """Return the strongest walks of each query, which are extended."""
        most, size = self._config.walks, len(walks.query)
        row = torch.arange(size, device=walks.query.device)
        if self._batch == 1:
            row, chosen = row[:most], [column[:most] for column in walks[:5]]
        else:
            rank = row - torch.searchsorted(walks.query, walks.query)
            row = torch.nonzero(rank < most).squeeze(1)
            chosen = take(walks[:5], row)
        query, memory, activation, parent, via = chosen
        visited = before.of(torch.searchsorted(before.row, parent)).visited if before else ()
        return Front(row, query, via, activation, (*visited, memory))

    def hop(self, front: Front) -> Walks:
        """Return the walks of a front extended by one step."""
        owner, target, via, kind, share = self._steps(front)
        start = front.of(owner)
        fresh = (torch.stack(start.visited) != target).all(0)
        admitted = self._admits(target)
        if admitted is not None:
            fresh = fresh & admitted
        mass = tally(units(front.activation), front.query, self._batch)
        amounts = self._scaled(start.query, target, start.activation * share * fresh, mass)
        walks = Walks(start.query, target, amounts.double() / UNIT, start.row, via, kind, share)
        return strongest_first(walks, amounts, living=fresh)

    def _named(self, names: Start) -> Walks:
        """Walks of one step, from a question over a name that it holds."""
        asked, name, strength = names.query, names.key, names.activation.double()
        given = tally(units(strength), asked, self._batch)
        held = self._mentions(asked, name)
        strength = strength * rarity(held.degree, self._size.index_select(0, asked))
        kept = self._within_budget(asked, name, strength, held.degree)
        strength = strength * kept
        total = tally(units(strength), asked, self._batch).clamp_min(1)
        strength = strength * (given.double() / total).index_select(0, asked)
        row, target, share, _ = self._carriers(held, kept)
        query, via, strength = take((asked, name, strength), row)
        admitted = self._admits(target)
        if admitted is not None:
            share = share * admitted
        amounts = self._scaled(query, target, strength * share, given)
        none, kind = torch.full_like(row, NO_KEY), torch.full_like(row, NAMED)
        return Walks(query, target, amounts.double() / UNIT, none, via, kind, share)

    def _admits(self, memory: Tensor) -> Tensor | None:
        """Whether walks may go to each memory, bool [n]; `None` where they may go to all."""
        if self._allowed is None:
            return None
        if not len(self._allowed):
            return torch.zeros_like(memory, dtype=torch.bool)
        place = torch.searchsorted(self._allowed, memory).clamp_max(len(self._allowed) - 1)
        return self._allowed.index_select(0, place) == memory

    def _steps(self, front: Front) -> Steps:
        """Return the steps over names and links; a walk with both divides its activation."""
        over, claimed = self._over_names(front)
        if not len(self._graph.links):
            return over
        linked, tied = self._over_links(front)
        both = ((claimed > 0) & (tied > 0)).double()
        names = 1 - both * self._config.link
        links = (1 - both * (1 - self._config.link)) / tied.clamp_min(1)
        parts = (
            steps._replace(share=steps.share * part.index_select(0, steps.owner))
            for steps, part in ((over, names), (linked, links))
        )
        return Steps(*(torch.cat(two) for two in zip(*parts, strict=True)))

    def _over_names(self, front: Front) -> tuple[Steps, Tensor]:
        """Steps over names, to the memories that share them.

        Returns:
            The steps, and of each walk what all of its names claim: int64 [w], units of 2**-40.
        """
        mentions = self._graph.mentions
        owner, rows = mentions.edge_rows(mentions.lists(front.visited[-1], LEFT))
        name = mentions.keys(rows.right)
        start = front.of(owner)
        named = self._mentions(start.query, name)
        shared = named.degree > 1
        rare = rarity(named.degree, self._size.index_select(0, start.query))
        claim = units(rare * rows.weight * shared)
        claimed = tally(claim, owner, len(front.query))
        part = claim.double() / claimed.clamp_min(1).index_select(0, owner)
        going = shared & (name != start.via)
        value = start.activation * part
        kept = self._within_budget(start.query, name, value, named.degree * going) & going
        pair, target, share, about = self._carriers(named, kept)
        owner, via, part = take((owner, name, part), pair)
        return Steps(owner, target, via, about + MENTION_STEP, share * part), claimed

    def _over_links(self, front: Front) -> tuple[Steps, Tensor]:
        """Steps over links, forwards and, less strongly, backwards.

        Returns:
            The steps, with shares still to be divided by what follows; and of each walk what all of
            its links amount to: int64 [w], units of 2**-40.
        """
        links, memory, size = self._graph.links, front.visited[-1], len(front.query)
        walk = torch.arange(size, device=memory.device)
        back, group = self._in_groups(front.query)
        asked = memory if back is None else memory.index_select(0, back)
        walk, memory = torch.cat([walk, walk if back is None else back]), torch.cat([memory, asked])
        scope = torch.cat([torch.full_like(front.query, LEFT), group])
        place, rows = links.edge_rows(links.lists(memory, scope))
        forwards = place < size
        target = links.keys(torch.where(forwards, rows.right, rows.left))
        amount = torch.where(forwards, UNIT, UNIT * self._config.backward).double() * rows.weight
        owner = walk.index_select(0, place)
        tied = tally(amount.long(), owner, size)
        kind = links.kinds(rows.row) + torch.full_like(owner, LINK_STEP)
        return Steps(owner, target, torch.full_like(owner, NO_KEY), kind, amount), tied

    def _mentions(self, query: Tensor, name: Tensor) -> Named:
        """Where each name is mentioned in the groups of its query."""
        owner, group = self._in_groups(query)
        if owner is None:
            lists = self._graph.mentions.lists(name, group)
            return Named(lists, None, lists.length)
        lists = self._graph.mentions.lists(name.index_select(0, owner), group)
        return Named(lists, owner, tally(lists.length, owner, len(query)))

    def _carriers(self, named: Named, kept: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return (row of the name, memory, share, whether it is about it) of the names kept."""
        mentions = self._graph.mentions
        going = kept if named.owner is None else kept.index_select(0, named.owner)
        owner, rows = mentions.edge_rows(named.lists._replace(length=named.lists.length * going))
        if named.owner is not None:
            owner = named.owner.index_select(0, owner)
        about = mentions.kinds(rows.row) == ABOUT
        weight = rows.weight.double()
        weight = torch.where(about, weight * (1 + self._config.topic_boost), weight)
        total = tally(units(weight), owner, len(kept)).double() / UNIT
        share = weight / (total**self._config.degree_normalisation).index_select(0, owner)
        return owner, mentions.keys(rows.left), share, about

    def _within_budget(self, query: Tensor, name: Tensor, value: Tensor, count: Tensor) -> Tensor:
        """Return which names stay in the fan-out budget `arrivals` of each query: bool [n].

        Those that give each memory the most come first; of equal ones, the lower key.
        """
        each = value / count.clamp_min(1).double() ** self._config.degree_normalisation
        order = lexsort(name, downwards(query, units(each)))
        sizes = count.index_select(0, order)
        spent = torch.cumsum(sizes, 0)
        if self._batch > 1:
            query = query.index_select(0, order)
            first = torch.searchsorted(query, query)
            spent = spent - (spent - sizes).index_select(0, first)
        kept = torch.empty_like(order, dtype=torch.bool)
        return kept.index_copy_(0, order, spent <= self._config.fan_out_budget)

    def _scaled(self, query: Tensor, memory: Tensor, activation: Tensor, mass: Tensor) -> Tensor:
        """Scale what arrives by affinity, so that each query's sums to `mass`.

        Args:
            query: int64 [n].
            memory: int64 [n].
            activation: float64 [n], as it arrives.
            mass: int64 [B], units of 2**-40.

        Returns:
            int64 [n], units of 2**-40.
        """
        if self._affinity is not None and len(query):
            activation = activation * self._affinity(query, memory)
        total = tally(units(activation), query, self._batch).clamp_min(1)
        return units(activation * (mass.double() / total).index_select(0, query))

    def _in_groups(self, query: Tensor) -> tuple[Tensor | None, Tensor]:
        """Each row once for each group of its query: (row, group), int64 [n].

        The rows are `None` where each stands once.
        """
        if self._single:
            return None, self._group.index_select(0, query)
        owner, index = spans(
            self._first.index_select(0, query), self._groups.index_select(0, query)
        )
        return owner, self._group.index_select(0, index)
