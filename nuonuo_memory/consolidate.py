"""The offline pass, as sleep is to a brain: replay, merge, strengthen, decay, prune.

`plan` looks at cue vectors and at how often memories were used, changes nothing, and lists what it
would do; the facade carries out the list, or prints it in a dry run. The same input gives the same
list.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor
from torch.nn import functional

from nuonuo_memory.errors import InvalidInputError

_BLOCK = 1024


@dataclass(frozen=True, slots=True)
class ConsolidationConfig:
    """How the pass decides.

    Attributes:
        merge_at: Cosine of their best cues from which two memories count as the same; the
            prototype merged at 0.7, where unrelated requests of one form already meet.
        half_life_days: A memory not used for so long loses half its strength.
        use_gain: Added to the strength, in units of ln(1 + uses), so that the first uses count
            most.
        prune_below: A memory weaker than this is forgotten; 0 forgets none.
        replay: Memories that are replayed: the strongest, whose recall is checked.
        replay_noise: Length of the disturbance of a replayed cue against the cue's own.
        seed: Makes the disturbance.
    """

    merge_at: float = 0.95
    half_life_days: float = 90.0
    use_gain: float = 0.5
    prune_below: float = 0.0
    replay: int = 256
    replay_noise: float = 0.5
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.merge_at <= 1 or self.half_life_days <= 0 or self.replay < 0:
            raise InvalidInputError(
                "expected merge_at in (0, 1], half_life_days above 0 and replay 0 or more, got "
                f"{self.merge_at}, {self.half_life_days}, {self.replay}"
            )


@dataclass(frozen=True, slots=True)
class Usage:
    """What is known of one memory.

    Attributes:
        memory_id: Its key.
        uses: How often it was recalled.
        idle_days: Days since it was stored or last recalled.
        importance: What the application says of it, 1 when nothing.
        group: Its namespace; memories of different groups never merge.
    """

    memory_id: int
    uses: int = 0
    idle_days: float = 0.0
    importance: float = 1.0
    group: int = 0


@dataclass(frozen=True, slots=True)
class Merge:
    """Fold `gone` into `kept`, which takes over its cues and uses.

    Attributes:
        kept: The stronger of the two; of equals, the older.
        gone: The memory that is then forgotten.
        cosine: Of their most similar cues.
    """

    kept: int
    gone: int
    cosine: float


@dataclass(frozen=True, slots=True)
class Strengthen:
    """Give a memory that was used more strength.

    Attributes:
        memory_id: Which.
        before: Its importance.
        after: Its new strength.
    """

    memory_id: int
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Decay:
    """Let a memory that was not used fade.

    Attributes:
        memory_id: Which.
        before: Its importance.
        after: Its new strength.
    """

    memory_id: int
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Prune:
    """Forget a memory that has faded.

    Attributes:
        memory_id: Which.
        strength: What is left of it.
    """

    memory_id: int
    strength: float


@dataclass(frozen=True, slots=True)
class Replayed:
    """A replayed memory that its own disturbed cue did not bring back: worth another cue.

    Attributes:
        memory_id: Which.
        instead: The memory that came up in its place.
    """

    memory_id: int
    instead: int


Action: TypeAlias = Merge | Strengthen | Decay | Prune | Replayed


def strength(usage: Usage, config: ConsolidationConfig) -> float:
    """Return importance + gain from use, halved for every half-life without use."""
    gained = usage.importance + config.use_gain * math.log1p(usage.uses)
    return gained * math.pow(0.5, usage.idle_days / config.half_life_days)


def plan(
    vectors: Tensor,
    owners: Tensor,
    usage: Sequence[Usage],
    *,
    config: ConsolidationConfig | None = None,
) -> list[Action]:
    """List what the pass would do: merges, then strengths, then prunes, then failed replays.

    Args:
        vectors: Cue vectors, float [n, d].
        owners: The memory that each cue leads to, int64 [n].
        usage: One record for each memory, in the order of storing.
        config: How to decide.

    Raises:
        InvalidInputError: If a cue leads to a memory without a record.
    """
    config = config or ConsolidationConfig()
    records = {record.memory_id: record for record in usage}
    missing = set(owners.tolist()) - records.keys()
    if missing or len(vectors) != len(owners):
        raise InvalidInputError(
            f"expected a usage record for every cue's memory, got none for {sorted(missing)[:5]}"
        )
    strengths = {key: strength(record, config) for key, record in records.items()}
    unit = functional.normalize(vectors.float(), dim=1)
    merges = _merges(unit, owners, records, strengths, config)
    gone = {merge.gone for merge in merges}
    actions: list[Action] = list(merges)
    prunes: list[Action] = []
    for key, record in records.items():
        if key in gone:
            continue
        after = strengths[key]
        if after < config.prune_below:
            prunes.append(Prune(key, after))
        elif after > record.importance:
            actions.append(Strengthen(key, record.importance, after))
        elif after < record.importance:
            actions.append(Decay(key, record.importance, after))
    gone |= {prune.memory_id for prune in prunes if isinstance(prune, Prune)}
    return actions + prunes + _replay(unit, owners, records, strengths, gone, config)


def _merges(
    unit: Tensor,
    owners: Tensor,
    records: dict[int, Usage],
    strengths: dict[int, float],
    config: ConsolidationConfig,
) -> list[Merge]:
    """Greedily, most similar first; a memory that goes takes no other with it."""
    groups = torch.tensor([records[owner].group for owner in owners.tolist()], dtype=torch.int64)
    pairs: dict[tuple[int, int], float] = {}
    for start in range(0, len(unit), _BLOCK):
        rows = slice(start, start + _BLOCK)
        cosine = unit[rows] @ unit.T
        near = (cosine >= config.merge_at) & (groups[rows, None] == groups[None, :])
        near &= owners[rows, None] < owners[None, :]
        for row, column in near.nonzero().tolist():
            pair = (int(owners[start + row]), int(owners[column]))
            pairs[pair] = max(pairs.get(pair, -1.0), min(1.0, float(cosine[row, column])))
    merged: list[Merge] = []
    gone: set[int] = set()
    for (older, newer), cosine_of in sorted(pairs.items(), key=lambda item: (-item[1], item[0])):
        if older in gone or newer in gone:
            continue
        kept, lost = (newer, older) if strengths[newer] > strengths[older] else (older, newer)
        merged.append(Merge(kept, lost, cosine_of))
        gone.add(lost)
    return merged


def _replay(
    unit: Tensor,
    owners: Tensor,
    records: dict[int, Usage],
    strengths: dict[int, float],
    gone: set[int],
    config: ConsolidationConfig,
) -> list[Action]:
    """Disturb a cue of each of the strongest memories and see whether it still leads home."""
    stays = torch.tensor([owner not in gone for owner in owners.tolist()], dtype=torch.bool)
    unit, owners = unit[stays], owners[stays]
    first: dict[int, int] = {}
    for row, owner in enumerate(owners.tolist()):
        first.setdefault(owner, row)
    chosen = sorted(first, key=lambda key: (-strengths[key], key))[: config.replay]
    if not chosen:
        return []
    rows = torch.tensor([first[key] for key in chosen])
    generator = torch.Generator().manual_seed(config.seed)
    noise = torch.randn(len(rows), unit.shape[1], generator=generator).to(unit)
    probe = unit[rows] + config.replay_noise / unit.shape[1] ** 0.5 * noise
    groups = torch.tensor([records[owner].group for owner in owners.tolist()])
    similarity = probe @ unit.T
    similarity.masked_fill_(groups[rows, None] != groups[None, :], -torch.inf)
    found = owners[similarity.argmax(dim=1).cpu()].tolist()
    return [Replayed(key, came) for key, came in zip(chosen, found, strict=True) if came != key]
