"""Attractor recall (CA3): an autoassociative matrix cleans the cue's code, then W maps it.

code ← WTA(W_auto · code)  until it stops changing        next = WTA(W_hetero · code)
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

_STEPS = 10  # as the prototype; few codes still change after five


class Attractor(OnCodes):
    """Two associators: cue to cue, and cue to target."""

    def _prepare(self, code_dim: int, winners: int, device: torch.device) -> None:
        self._auto = FactoredAssociator(code_dim, winners, device=device)
        self._hetero = FactoredAssociator(code_dim, winners, device=device)
        self._memories = TargetTable(self.separator, device=device)

    def store(self, cues: Tensor, targets: Tensor, ids: Tensor) -> None:
        """Store that each cue leads to a memory."""
        check_rows(cues, targets, ids, self.dimension)
        cue_codes, target_codes = self.separator.codes(cues), self.separator.codes(targets)
        self._auto.learn(cue_codes, cue_codes)
        self._hetero.learn(cue_codes, target_codes)
        self._memories.add(target_codes, ids)

    def recall(self, queries: Tensor, *, k: int = 1) -> Recalled:
        """Return the `k` memories that each query recalls."""
        check_vectors(queries, self.dimension)
        code = self._settled(self.separator.codes(queries))
        found = winner_take_all(self._hetero.sums(code), self.separator.winners)
        return self._memories.best(self._memories.shares(found), k)

    def _settled(self, code: Tensor) -> Tensor:
        """Run codes [b, winners] through the first associator until they rest."""
        for _ in range(_STEPS):
            cleaned = winner_take_all(self._auto.sums(code), self.separator.winners)
            if torch.equal(cleaned, code):
                break
            code = cleaned
        return code
