"""How far apart cues lie: margins, crosstalk, and how many patterns softmax keeps apart."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

_BLOCK = 512


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Each cue against the cues of other memories of its group.

    Attributes:
        nearest: The most similar cue of another memory, int64 [n]; -1 where there is none.
        similarity: Its cosine, float64 [n]; -1 where there is none.
        leak: Attention that other memories take when the cue itself is asked, float64 [n].
    """

    nearest: Tensor
    similarity: Tensor
    leak: Tensor

    @property
    def margin(self) -> Tensor:
        """1 − similarity: the separation Δ of each cue, float64 [n]."""
        return 1.0 - self.similarity


def neighbours(
    unit: Tensor, owners: Tensor, groups: Tensor, *, beta: float, rows: Tensor | None = None
) -> Neighbours:
    """Compare cues with those of other memories.

    Args:
        unit: Unit vectors, float [n, d].
        owners: The memory of each cue, int64 [n].
        groups: The namespace of each cue, int64 [n]; namespaces do not see each other.
        beta: Inverse temperature at which `leak` is computed.
        rows: Cues to look at, int64 [m]; all when `None`.
    """
    rows = torch.arange(len(unit), device=unit.device) if rows is None else rows
    found = []
    for part in torch.split(rows, _BLOCK):
        cosine = (unit[part] @ unit.T).double()
        cosine.masked_fill_(groups[part, None] != groups[None, :], -torch.inf)
        own = owners[part, None] == owners[None, :]
        mass = torch.softmax(beta * cosine, dim=1)
        leak = (mass * ~own).sum(dim=1)
        best = cosine.masked_fill(own, -torch.inf).max(dim=1)
        alone = best.values == -torch.inf
        nearest = torch.where(alone, -1, best.indices)
        found.append((nearest, torch.where(alone, -1.0, best.values), leak))
    if not found:
        empty = unit.new_empty(0, dtype=torch.float64)
        return Neighbours(rows, empty, empty)
    nearest, similarity, leak = (torch.cat(column) for column in zip(*found, strict=True))
    return Neighbours(nearest, similarity, leak)


def patterns_at(beta: float, separation: float, *, error: float = 0.01) -> float:
    """Return how many unit patterns of this separation softmax at β keeps apart within `error`.

    Ramsauer et al.'s Theorem 5 solved for N: 1 + error · exp(β Δ) / 2.
    """
    return 1.0 + error / 2 * math.exp(min(beta * separation, 700.0))
