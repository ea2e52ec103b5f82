"""Flat Hebbian recall: next = WTA(W · code(query)), read out as the memory of the nearest code.

Exact from exact cues. From paraphrases the sum over all stored targets, weighted by the overlap of
codes, drowns the right one as memories grow: a matter of signal and noise, not of capacity.
"""

from __future__ import annotations

import torch
from torch import Tensor

from nuonuo_memory.research.hebbian import FactoredAssociator
from nuonuo_memory.research.mechanisms.base import (
    OnCodes,
    Recalled,
    TargetTable,
    check_rows,
)
from nuonuo_memory.research.separation import check_vectors, winner_take_all


class FlatHebbian(OnCodes):
    """One associator from cue codes to target codes, of order 1."""

    order: int | None = 1

    def _prepare(self, code_dim: int, winners: int, device: torch.device) -> None:
        order = self.config.order if self.order is None else self.order
        self._associator = FactoredAssociator(code_dim, winners, order=order, device=device)
        self._memories = TargetTable(self.separator, device=device)

    def store(self, cues: Tensor, targets: Tensor, ids: Tensor) -> None:
        """Store that each cue leads to a memory."""
        check_rows(cues, targets, ids, self.dimension)
        codes = self.separator.codes(targets)
        self._associator.learn(self.separator.codes(cues), codes)
        self._memories.add(codes, ids)

    def recall(self, queries: Tensor, *, k: int = 1) -> Recalled:
        """Return the `k` memories that each query recalls."""
        check_vectors(queries, self.dimension)
        sums = self._associator.sums(self.separator.codes(queries))
        found = winner_take_all(sums, self.separator.winners)
        return self._memories.best(self._memories.shares(found), k)
