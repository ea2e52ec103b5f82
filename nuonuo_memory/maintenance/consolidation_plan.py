"""The offline pass, as sleep is to a brain: replay, merge, strengthen, decay, prune.

`plan` looks at cue vectors and at how often memories were used, changes nothing, and lists what it
would do; `consolidating` carries the list out, or returns it in a dry run. The same input gives
the same list. It takes time in proportion to cues times memories that may be copies, and room in
proportion to cues.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional

from nuonuo_memory.config import ConsolidationConfig
from nuonuo_memory.errors import InvalidInputError
from nuonuo_memory.types import Progress

_ROWS, _COLUMNS = 1024, 8192  # a tile of cosines: 32 MB
_GRID = 2.0**30  # steps in 1 of the similarities that replay compares
_SAME = 0.01  # a strength that moves by less, as a share, is left for a later pass


@dataclass(frozen=True, slots=True)
class Usage:
    """What is known of one memory.

    Attributes:
        id: The memory's.
        uses: How often it was of use.
        idle_days: Days since it was stored or last of use.
        strength: What an earlier pass gave it; 1 before the first.
        namespace: A number for its namespace; replay asks within it.
        copies: A number that memories share when one may be a copy of another; `None` where none
            may.
        words: A number for what it says, the same for the same words.
        tied: Whether something depends on it, so that it stays whatever it is a copy of.
    """

    id: str
    uses: int = 0
    idle_days: float = 0.0
    strength: float = 1.0
    namespace: int = 0
    copies: int | None = None
    words: int = 0
    tied: bool = False


@dataclass(frozen=True, slots=True)
class Merge:
    """A copy that goes, and the memory that stays and takes over its uses.

    Attributes:
        kept: Id of what stays: that with more cues, of equals the stronger, then the older.
        gone: Id of what is forgotten.
        cosine: Of the copy's cue that is least like any cue of what stays.
    """

    kept: str
    gone: str
    cosine: float


@dataclass(frozen=True, slots=True)
class Strength:
    """A memory whose strength changes.

    Attributes:
        id: The memory's.
        before: Its strength so far.
        after: Its new strength.
    """

    id: str
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Confusion:
    """A replayed memory that its own disturbed cue did not bring back: worth another cue.

    Attributes:
        id: The memory's.
        instead: Id of the memory that came up in its place.
    """

    id: str
    instead: str


@dataclass(frozen=True, slots=True)
class Consolidation:
    """What a pass does, or would do.

    Attributes:
        memories: Memories looked at.
        merged: Copies, which are forgotten.
        alike: As near as copies, in other words or figures: listed, not touched; `gone` is the
            newer of the two.
        pruned: Memories that have faded, which are forgotten.
        strengthened: Memories that were of use.
        decayed: Memories that were not.
        confused: Memories that replay did not find again.
        dry_run: Whether nothing was changed.
    """

    memories: int
    merged: tuple[Merge, ...] = ()
    alike: tuple[Merge, ...] = ()
    pruned: tuple[Strength, ...] = ()
    strengthened: tuple[Strength, ...] = ()
    decayed: tuple[Strength, ...] = ()
    confused: tuple[Confusion, ...] = ()
    dry_run: bool = True

    @property
    def forgotten(self) -> tuple[str, ...]:
        """Ids of the memories that are gone after the pass."""
        return (*(merge.gone for merge in self.merged), *(one.id for one in self.pruned))


def strength(usage: Usage, config: ConsolidationConfig) -> float:
    """Return 1 + gain from use, halved for every half-life without use."""
    gained = 1.0 + config.use_gain * math.log1p(usage.uses)
    return gained * math.pow(0.5, usage.idle_days / config.half_life_days)


def plan(
    vectors: Tensor,
    owners: Tensor,
    usage: Sequence[Usage],
    *,
    config: ConsolidationConfig | None = None,
    progress: Progress | None = None,
) -> Consolidation:
    """List what the pass would do.

    Args:
        vectors: Cue vectors, float [n, d]; a memory's cues in any order, its first one the cue
            that is compared with all others.
        owners: The memory that each cue leads to, as its place in `usage`, int64 [n].
        usage: One record for each memory, in the order of storing.
        config: How to decide.
        progress: Told how many memories were compared and how many there are.

    Raises:
        InvalidInputError: A cue leads to a memory without a record.
    """
    config = config or ConsolidationConfig()
    outside = len(owners) and not 0 <= int(owners.min()) <= int(owners.max()) < len(usage)
    if len(vectors) != len(owners) or outside:
        raise InvalidInputError(
            f"expected an owner in [0, {len(usage)}) for each of {len(vectors)} cues, got "
            f"{len(owners)} of them, some of which may be outside"
        )
    cues = _Cues(vectors, owners.to(vectors.device), usage, config)
    copies, alike = cues.copies(progress)
    merged = [Merge(usage[kept].id, usage[gone].id, cosine) for gone, kept, cosine in copies]
    after = _with_copies(usage, copies)
    strengths = [strength(one, config) for one in after]
    gone = {place for place, _, _ in copies}
    pruned: list[Strength] = []
    stronger: list[Strength] = []
    weaker: list[Strength] = []
    for place, one in enumerate(usage):
        if place in gone:
            continue
        change = Strength(one.id, one.strength, strengths[place])
        if change.after < config.prune_below:
            pruned.append(change)
            gone.add(place)
        elif not math.isclose(change.after, change.before, rel_tol=_SAME):
            (stronger if change.after > change.before else weaker).append(change)
    confused = cues.confused([place for place in range(len(usage)) if place not in gone], strengths)
    return Consolidation(
        memories=len(usage),
        merged=tuple(merged),
        alike=tuple(Merge(usage[a].id, usage[b].id, cosine) for b, a, cosine in alike),
        pruned=tuple(pruned),
        strengthened=tuple(stronger),
        decayed=tuple(weaker),
        confused=tuple(Confusion(usage[a].id, usage[b].id) for a, b in confused),
    )


_Pair = tuple[int, int, float]
"""Place of what goes, place of what stays, their cosine."""


def _with_copies(usage: Sequence[Usage], copies: Sequence[_Pair]) -> list[Usage]:
    """The records after each memory has taken over the uses of its copies."""
    after = list(usage)
    for gone, kept, _ in copies:
        one, other = after[kept], usage[gone]
        idle = min(one.idle_days, other.idle_days)
        after[kept] = replace(one, uses=one.uses + other.uses, idle_days=idle)
    return after


class _Cues:
    """Cue vectors and what the memories that they lead to allow."""

    def __init__(
        self, vectors: Tensor, owners: Tensor, usage: Sequence[Usage], config: ConsolidationConfig
    ) -> None:
        self.vectors, self.owners, self.config = vectors, owners, config
        self.usage = usage
        order = torch.argsort(owners, stable=True)
        held, counts = torch.unique_consecutive(owners[order], return_counts=True)
        starts = counts.cumsum(0) - counts
        self.rows = dict(zip(held.tolist(), torch.split(order, counts.tolist()), strict=True))
        self.first = torch.full((len(usage),), -1, dtype=torch.int64, device=owners.device)
        self.first[held] = order[starts]

    def _column(self, values: Sequence[int]) -> Tensor:
        return torch.tensor(values, dtype=torch.int64, device=self.owners.device)

    def unit(self, rows: Tensor) -> Tensor:
        """The vectors of some cues at length one, float32 [n, d]."""
        return functional.normalize(self.vectors[rows].float(), dim=1)

    def copies(self, progress: Progress | None) -> tuple[list[_Pair], list[_Pair]]:
        """Pairs to merge and pairs that are merely alike, by the place of what goes."""
        usage = self.usage
        group = self._column([-1 if one.copies is None else one.copies for one in usage])
        sizes = torch.bincount(group + 1, minlength=1)
        eligible = (group >= 0) & (sizes[group + 1] > 1) & (self.first >= 0)
        compare = _Compare(self, group, self._column([one.words for one in usage]), self._ranks())
        memories = eligible.nonzero()[:, 0]
        memories = memories[torch.argsort(group[memories], stable=True)]
        columns = eligible[self.owners].nonzero()[:, 0]
        columns = columns[torch.argsort(group[self.owners[columns]], stable=True)]
        labels = group[self.owners[columns]].contiguous()
        for start in range(0, len(memories), _ROWS):
            rows = memories[start : start + _ROWS]
            ends = group[rows[[0, -1]]]
            low = int(torch.searchsorted(labels, ends[:1]))
            high = int(torch.searchsorted(labels, ends[1:], right=True))
            for place in range(low, high, _COLUMNS):
                compare.tile(rows, columns[place : min(place + _COLUMNS, high)])
            if progress is not None:
                progress(min(start + _ROWS, len(memories)), len(memories))
        return compare.merges(), compare.likenesses()

    def _ranks(self) -> Tensor:
        """Who stays before whom: what is tied, has more cues, is stronger, is older; int64 [m]."""
        counts = torch.bincount(self.owners, minlength=len(self.usage)).tolist()
        keys = [
            (not one.tied, -counts[place], -round(strength(one, self.config), 2), place)
            for place, one in enumerate(self.usage)
        ]
        ranks = torch.empty(len(keys), dtype=torch.int64)
        ranks[torch.tensor([key[3] for key in sorted(keys)], dtype=torch.int64)] = torch.arange(
            len(keys)
        )
        return ranks.to(self.owners.device)

    def covered(self, gone: int, kept: int) -> float:
        """Cosine of the cue of `gone` that is least like any cue of `kept`."""
        mine, other = self.unit(self.rows[gone]), self.unit(self.rows[kept])
        return min(1.0, float((mine @ other.T).max(dim=1).values.min()))

    def confused(self, stay: Sequence[int], strengths: Sequence[float]) -> list[tuple[int, int]]:
        """Disturb a cue of each of the strongest memories and see whether it still leads home."""
        config = self.config
        held = [place for place in stay if place in self.rows]
        chosen = sorted(held, key=lambda place: (-strengths[place], place))[: config.replay]
        if not chosen:
            return []
        stays = torch.zeros(len(self.usage), dtype=torch.bool, device=self.owners.device)
        stays[self._column(held)] = True
        space = self._column([one.namespace for one in self.usage])
        mine = self._column(chosen)
        probe = self.unit(self.first[mine])
        generator = torch.Generator().manual_seed(config.seed)
        noise = torch.randn(*probe.shape, generator=generator).to(probe)
        probe = (probe + config.replay_noise / probe.shape[1] ** 0.5 * noise).double()
        best = probe.new_full((len(chosen),), -torch.inf)
        found = mine.clone()
        for rows in torch.arange(len(self.owners), device=mine.device).split(_COLUMNS):
            owner = self.owners[rows]
            # Equal cues must tie, and the first wins; a product rounds each column in its own way.
            near = (probe @ self.unit(rows).double().T * _GRID).round_()
            near.masked_fill_(~stays[owner] | (space[mine, None] != space[owner]), -torch.inf)
            value, at = near.max(dim=1)
            found = torch.where(value > best, owner[at], found)
            best = torch.maximum(value, best)
        pairs = zip(chosen, found.tolist(), strict=True)
        return [(place, came) for place, came in pairs if came != place]


class _Compare:
    """Finds for each memory what it is a copy of: one entry each, however many there are."""

    def __init__(self, cues: _Cues, group: Tensor, words: Tensor, ranks: Tensor) -> None:
        self._cues, self._group, self._words, self._ranks = cues, group, words, ranks
        tied = [one.tied for one in cues.usage]
        self._tied = torch.tensor(tied, dtype=torch.bool, device=group.device)
        self._keeper: dict[int, tuple[int, int, float]] = {}  # by place: rank, place, cosine
        self._alike: dict[int, tuple[float, int]] = {}  # by place: −cosine, place

    def tile(self, memories: Tensor, columns: Tensor) -> None:
        """Compare the first cues of some memories with some cues of all."""
        cues, config = self._cues, self._cues.config
        cosine = cues.unit(cues.first[memories]) @ cues.unit(columns).T
        row, column = (cosine >= config.merge_at).nonzero(as_tuple=True)
        place, other = memories[row], cues.owners[columns[column]]
        close = cosine[row, column]
        kin = (self._group[place] == self._group[other]) & (place != other)
        same = self._words[place] == self._words[other]
        if config.same_words:
            older = kin & ~same & (other < place)
            self._note_alike(place[older], other[older], close[older])
            kin &= same
        worse = kin & (self._ranks[other] < self._ranks[place]) & ~self._tied[place]
        self._note_copies(place[worse], other[worse])

    def _note_alike(self, place: Tensor, other: Tensor, close: Tensor) -> None:
        """Remember for each memory the nearest that is older."""
        order = torch.argsort(close, descending=True, stable=True)
        order = order[torch.argsort(place[order], stable=True)]
        first = _starts(place[order])
        columns = (place[order][first], other[order][first], close[order][first])
        for mine, theirs, cosine in zip(*(column.tolist() for column in columns), strict=True):
            found = (-cosine, theirs)
            self._alike[mine] = min(self._alike.get(mine, found), found)

    def _note_copies(self, place: Tensor, other: Tensor) -> None:
        """Take the first in rank that covers each memory; those that do not are passed over."""
        order = torch.argsort(self._ranks[other], stable=True)
        order = order[torch.argsort(place[order], stable=True)]
        place, other = place[order], other[order]
        while len(place):
            first = _starts(place)
            found = [
                self._covers(mine, theirs)
                for mine, theirs in zip(place[first].tolist(), other[first].tolist(), strict=True)
            ]
            settled = place[first][torch.tensor(found, device=place.device)]
            rest = ~first & ~torch.isin(place, settled)
            place, other = place[rest], other[rest]

    def _covers(self, mine: int, theirs: int) -> bool:
        """Whether a memory's keeper is this one, or one that comes before it in rank."""
        rank = int(self._ranks[theirs])
        known = self._keeper.get(mine)
        if known is not None and known[0] <= rank:
            return True
        cosine = self._cues.covered(mine, theirs)
        if cosine >= self._cues.config.merge_at:
            self._keeper[mine] = (rank, theirs, cosine)
            return True
        return False

    def merges(self) -> list[_Pair]:
        """Copies whose original stays, in order of storing."""
        return [
            (place, kept, cosine)
            for place, (_, kept, cosine) in sorted(self._keeper.items())
            if kept not in self._keeper
        ]

    def likenesses(self) -> list[_Pair]:
        """What is alike and stays, the newer of the two first; most alike first."""
        stays = {place: kept for place, kept, _ in self.merges()}
        ends = {
            (stays.get(place, place), stays.get(other, other))
            for place, (_, other) in self._alike.items()
        }
        pairs = [
            (max(pair), min(pair), self._cues.covered(max(pair), min(pair)))
            for pair in sorted(ends)
        ]
        near = [pair for pair in pairs if pair[2] >= self._cues.config.merge_at]
        return sorted(set(near), key=lambda pair: (-pair[2], pair))


def _starts(sorted_: Tensor) -> Tensor:
    """Say of each value whether it differs from the one before it."""
    first = torch.ones(len(sorted_), dtype=torch.bool, device=sorted_.device)
    first[1:] = sorted_[1:] != sorted_[:-1]
    return first
