"""Recurrent recall with inhibition: one matrix holds target ⊗ cue and, weaker, cue ⊗ cue.

    sums = W · code        code ← WTA(sums − inhibition · expected)

The prototype subtracted one mean activity from all units, which cannot change who wins. Here each
unit is inhibited by the activity expected of it, its share of all that was learned, which damps the
units that many memories use. A memory's score is its best overlap over the steps.
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

_TARGET_STRENGTH = 2  # against auto_strength 1: the prototype's ratio of 1 to 0.5


class Recurrent(OnCodes):
    """One associator, iterated."""

    def _prepare(self, code_dim: int, winners: int, device: torch.device) -> None:
        self._associator = FactoredAssociator(code_dim, winners, device=device)
        self._memories = TargetTable(self.separator, device=device)
        self._use = torch.zeros(code_dim, dtype=torch.int64, device=device)

    def store(self, cues: Tensor, targets: Tensor, ids: Tensor) -> None:
        """Store that each cue leads to a memory."""
        check_rows(cues, targets, ids, self.dimension)
        cue_codes, target_codes = self.separator.codes(cues), self.separator.codes(targets)
        learned = [(target_codes, _TARGET_STRENGTH), (cue_codes, self.config.auto_strength)]
        for codes, strength in learned:
            if strength:
                self._associator.learn(cue_codes, codes, strength=strength)
                counts = torch.bincount(codes.reshape(-1), minlength=len(self._use))
                self._use += strength * counts
        self._memories.add(target_codes, ids)

    def recall(self, queries: Tensor, *, k: int = 1) -> Recalled:
        """Return the `k` memories that each query recalls."""
        check_vectors(queries, self.dimension)
        code = self.separator.codes(queries)
        share = self._use.double() / self._use.sum().clamp_min(1)
        best: Tensor | None = None
        for _ in range(self.config.steps):
            sums = self._associator.sums(code).double()
            expected = sums.sum(dim=1, keepdim=True) * share
            code = winner_take_all(sums - self.config.inhibition * expected, len(code[0]))
            found = self._memories.shares(code)
            best = found if best is None else torch.maximum(best, found)
        return self._memories.best(found if best is None else best, k)
