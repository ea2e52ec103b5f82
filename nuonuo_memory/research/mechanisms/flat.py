"""Flat Hebbian recall: next = WTA(W · code(query)), read out as the memory of the nearest code.

Exact from exact cues. From paraphrases the sum over all stored targets, weighted by the overlap of
codes, drowns the right one as memories grow: a matter of signal and noise, not of capacity.
"""

from __future__ import annotations

import torch
from torch import Tensor

from nuonuo_memory.research.hebbian import FactoredAssociator
from nuonuo_memory.research.mechanisms.base import (
    MechanismConfig,
    Recalled,
    TargetTable,
    check_rows,
)
from nuonuo_memory.research.separation import Separator, check_vectors, winner_take_all


class FlatHebbian:
    """One associator from cue codes to target codes, of order 1."""

    order: int | None = 1

    def __init__(
        self,
        dimension: int,
        *,
        config: MechanismConfig | None = None,
        device: torch.device | str = "cpu",
        separator: Separator | None = None,
    ) -> None:
        self.dimension = dimension
        self.config = config or MechanismConfig()
        self.separator = separator or self.config.separator(dimension, device)
        sizes = self.separator.code_dim, self.separator.winners
        order = self.config.order if self.order is None else self.order
        self._associator = FactoredAssociator(*sizes, order=order, device=device)
        self._memories = TargetTable(self.separator, device=device)

    def store(self, cues: Tensor, targets: Tensor, ids: Tensor) -> None:
        """Store that each cue leads to a memory."""
        check_rows(cues, targets, ids, self.dimension)
        codes = self.separator.codes(targets)
        self._associator.learn(self.separator.codes(cues), codes)
        self._memories.add(codes, ids)

    def recall(self, queries: Tensor, *, k: int = 1) -> Recalled:
        """Return the `k` memories that each query brings to mind."""
        check_vectors(queries, self.dimension)
        sums = self._associator.sums(self.separator.codes(queries))
        found = winner_take_all(sums, self.separator.winners)
        return self._memories.best(self._memories.shares(found), k)
