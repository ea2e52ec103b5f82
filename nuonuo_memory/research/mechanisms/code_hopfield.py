"""A modern Hopfield network over sparse codes.

    attention = softmax(β · overlap(state, cues) / winners)       state ← WTA(attention · cues)

After the last step the attention over cues is summed by the memories that they lead to. β grows
with ln N (`hopfield_theory`): at the prototype's 16, twenty thousand cues that share little
outweigh the one that shares most. Cues beyond the 256 nearest are left out, as they hold nothing.
"""

from __future__ import annotations

import torch
from torch import Tensor

from nuonuo_memory.engine.hopfield.theory import beta_for_error
from nuonuo_memory.research.codes import CodeTable
from nuonuo_memory.research.mechanisms.base import (
    OnCodes,
    Recalled,
    by_attention,
    check_rows,
)
from nuonuo_memory.research.separation import check_vectors, winner_take_all

_NEAREST = 256


class CodeHopfield(OnCodes):
    """Codes of cues, and the memories that they lead to."""

    def _prepare(self, code_dim: int, winners: int, device: torch.device) -> None:
        self._cues = CodeTable(code_dim, winners, device=device)
        self._ids = torch.empty(0, dtype=torch.int64, device=device)

    def store(self, cues: Tensor, targets: Tensor, ids: Tensor) -> None:
        """Store that each cue leads to a memory; the targets' vectors are not needed."""
        check_rows(cues, targets, ids, self.dimension)
        self._cues.add(self.separator.codes(cues))
        self._ids = torch.cat([self._ids, ids.to(self._ids.device)])

    def recall(self, queries: Tensor, *, k: int = 1) -> Recalled:
        """Return the `k` memories that each query recalls."""
        check_vectors(queries, self.dimension)
        code = self.separator.codes(queries)
        for step in range(self.config.steps):
            nearest, attention = self._attend(code)
            if step + 1 < self.config.steps:
                code = self._blend(nearest, attention)
        return by_attention(attention, self._ids[nearest], k)

    def _attend(self, code: Tensor) -> tuple[Tensor, Tensor]:
        """Return the nearest cues [b, c] and the attention on them, float64 [b, c]."""
        shared = self._cues.shared(code).long()
        size = shared.shape[1]
        place = torch.arange(size - 1, -1, -1, device=shared.device)
        best = torch.topk(shared * size + place, min(_NEAREST, size), dim=1).indices
        share = shared.gather(1, best).double() / self._cues.winners
        beta = self.config.beta or beta_for_error(len(self._cues), self.config.separation)
        return best, torch.softmax(beta * share, dim=1)

    def _blend(self, nearest: Tensor, attention: Tensor) -> Tensor:
        """Return WTA(attention · cues) as codes; weights in whole millionths, for exact sums."""
        size = self._cues.code_dim
        sums = torch.zeros(len(nearest), size, dtype=torch.int64, device=nearest.device)
        codes = self._cues.rows[nearest].long().flatten(1)
        weight = (attention * 1e6).round().long().repeat_interleave(self._cues.winners, dim=1)
        return winner_take_all(sums.scatter_add_(1, codes, weight), self._cues.winners)
