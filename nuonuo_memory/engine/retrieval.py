"""Recall on the level of tensors: nearest cues, settling among them, attention by memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from nuonuo_memory.config import HopfieldConfig
from nuonuo_memory.engine.arena import CueArena
from nuonuo_memory.engine.hopfield import by_memory, settle
from nuonuo_memory.engine.nearest import Candidates, nearest
from nuonuo_memory.engine.quantise import check_vectors, fixed_point


class Retrieved(NamedTuple):
    """The memories that each of B queries brought to mind, best first.

    Attributes:
        memory_ids: [B, k] int64, -1 where there are fewer.
        scores: [B, k] float64, the attention mass of the memory's cues; 0 likewise.
        cue_ids: [B, k] int64, the memory's cue that is nearest to the query; -1 likewise.
        similarity: [B, k] float64, of that cue; -inf likewise.
        energy: [B] float64, of the settled state; inf when there was nothing to settle among.
        entropy: [B] float64, of the attention over cues, in nats.
        margin: [B] float64, the first memory's mass minus the second's.
        state: [B, d] float64, settled.
    """

    memory_ids: Tensor
    scores: Tensor
    cue_ids: Tensor
    similarity: Tensor
    energy: Tensor
    entropy: Tensor
    margin: Tensor
    state: Tensor


def retrieve(
    arena: CueArena,
    queries: Tensor,
    *,
    groups: Sequence[Sequence[int]],
    k: int,
    config: HopfieldConfig,
    allowed: Tensor | None = None,
) -> Retrieved:
    """Recall the k memories that each query [B, d] leads to.

    The network holds the `config.candidates` nearest cues. When these belong to fewer than k
    memories, the query is asked again with twice as many, until k are found or no cue is left.

    Raises:
        VectorError: The queries have another size, or are not finite.
        InvalidInputError: `k` is below 1, or `groups` are not as many as the queries.
    """
    queries = check_vectors(queries, arena.dimension, what="queries").to(arena.device)
    wide = max(config.candidates, k)
    found = nearest(arena, queries, groups=groups, k=wide, allowed=allowed)
    result = settle_candidates(arena, queries, found, k=k, config=config)
    short = (result.memory_ids[:, -1] < 0) & (found.cue_ids[:, -1] >= 0)
    while bool(short.any()):
        again = short.nonzero()[:, 0]
        wide *= 2
        names = [groups[place] for place in again.tolist()]
        found = nearest(arena, queries[again], groups=names, k=wide, allowed=allowed)
        part = settle_candidates(arena, queries[again], found, k=k, config=config)
        for column, values in zip(result, part, strict=True):
            column[again] = values
        short[again] = (part.memory_ids[:, -1] < 0) & (found.cue_ids[:, -1] >= 0)
    return result


def settle_candidates(
    arena: CueArena, queries: Tensor, found: Candidates, *, k: int, config: HopfieldConfig
) -> Retrieved:
    """Settle each query among its candidates [B, c], c >= k, and rank their memories."""
    mask = found.cue_ids >= 0
    patterns, scale = _patterns(arena, found.cue_ids, mask)
    settled = settle(
        queries.to(torch.float64),
        patterns,
        beta=config.beta,
        max_steps=config.max_steps,
        tolerance=config.tolerance,
        mask=mask,
        scale=scale,
    )
    memories, mass, first = by_memory(settled.attention, found.memory_ids)
    second = mass[:, 1] if mass.shape[1] > 1 else torch.zeros_like(mass[:, 0])
    margin = mass[:, 0] - second
    memories, mass, first = memories[:, :k], mass[:, :k], first[:, :k]
    held = first >= 0
    place = first.clamp(min=0)
    return Retrieved(
        memories,
        mass,
        torch.where(held, found.cue_ids.gather(1, place), -1),
        torch.where(held, found.similarity.gather(1, place), -torch.inf),
        settled.energy,
        settled.entropy,
        margin,
        settled.state,
    )


def _patterns(arena: CueArena, cue_ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Return the candidates' rows as float64 integers [B, c, d] and their scales [B, c]."""
    rows = arena.gather(cue_ids[mask].cpu())
    shape = (*cue_ids.shape, arena.dimension)
    if len(rows) == cue_ids.numel():
        return fixed_point(rows.high, rows.low).view(shape), rows.scale.double().view(mask.shape)
    patterns = torch.zeros(shape, dtype=torch.float64, device=arena.device)
    scale = torch.zeros(mask.shape, dtype=torch.float64, device=arena.device)
    patterns[mask] = fixed_point(rows.high, rows.low)
    scale[mask] = rows.scale.to(torch.float64)
    return patterns, scale
