"""Queries [B, d] to memories by attention over their nearest cues, in plain tensor operations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from nuonuo_memory.config import HopfieldConfig
from nuonuo_memory.engine.hopfield.settle import by_memory, settle
from nuonuo_memory.engine.vectors.cue_index import CueIndex
from nuonuo_memory.engine.vectors.search import Candidates, search

Find = Callable[[Tensor, Sequence[Sequence[int]], int], Candidates]
"""What finds the nearest cues of queries [B, d] in the groups of each."""


class Retrieved(NamedTuple):
    """The k memories with the most attention for each of B queries, best first.

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


@torch.inference_mode()
def retrieve_plainly(
    cue_index: CueIndex,
    queries: Tensor,
    *,
    groups: Sequence[Sequence[int]],
    k: int,
    config: HopfieldConfig,
    allowed: Tensor | None,
) -> Retrieved:
    """Do what `retrieve` does, without kernels, for arguments that were checked."""

    def find(asked: Tensor, named: Sequence[Sequence[int]], wide: int) -> Candidates:
        return search(cue_index, asked, groups=named, k=wide, allowed=allowed)

    return retrieve_by(find, queries, groups=groups, k=k, config=config)


def retrieve_by(
    find: Find,
    queries: Tensor,
    *,
    groups: Sequence[Sequence[int]],
    k: int,
    config: HopfieldConfig,
) -> Retrieved:
    """Return the k memories of queries [B, d], from candidates that `find` returns.

    More candidates are asked for until they belong to k memories.

    Args:
        find: Returns the nearest cues of queries in their groups, as many as its last argument.
        queries: As for `retrieve`, checked, on the device that the candidates will be on.
        groups: As for `retrieve`.
        k: As for `retrieve`.
        config: As for `retrieve`.
    """
    wide = max(config.candidates, k)
    found = find(queries, groups, wide)
    result = settle_candidates(queries, found, k=k, config=config)
    short = (result.memory_ids[:, -1] < 0) & (found.cue_ids[:, -1] >= 0)
    while bool(short.any()):
        again = short.nonzero()[:, 0]
        wide *= 2
        names = [groups[place] for place in again.tolist()]
        found = find(queries[again], names, wide)
        part = settle_candidates(queries[again], found, k=k, config=config)
        for column, values in zip(result, part, strict=True):
            column[again] = values
        short[again] = (part.memory_ids[:, -1] < 0) & (found.cue_ids[:, -1] >= 0)
    return result


def settle_candidates(
    queries: Tensor, found: Candidates, *, k: int, config: HopfieldConfig
) -> Retrieved:
    """Settle each query among its candidates [B, c], c >= k, and rank their memories."""
    settled = settle(
        queries.to(torch.float64),
        found.codes.to(torch.float64),
        beta=config.beta,
        max_steps=config.max_steps,
        tolerance=config.tolerance,
        mask=found.cue_ids >= 0,
        scale=found.scale.to(torch.float64),
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
