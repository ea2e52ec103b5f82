"""Two-stage Hopfield recall on the vectors themselves: the product's own way, and the default.

The nearest cues by cosine enter a modern Hopfield network, which settles; attention is summed by
memory, since a memory has several cues. `engine/retrieve.py` is the same over the index.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from nuonuo_memory.engine.hopfield.settle import settle
from nuonuo_memory.research.codes import grown
from nuonuo_memory.research.mechanisms.base import (
    MechanismConfig,
    Recalled,
    by_attention,
    check_rows,
)
from nuonuo_memory.research.separation import Separator, check_vectors


class TwoStageHopfield:
    """Cue vectors, and the memories that they lead to; a `separator` is not used."""

    def __init__(
        self,
        dimension: int,
        *,
        config: MechanismConfig | None = None,
        device: torch.device | str = "cpu",
        separator: Separator | None = None,  # noqa: ARG002 - it works on vectors, not on codes
    ) -> None:
        self.dimension = dimension
        self.config = config or MechanismConfig()
        self._cues = torch.empty(0, dimension, device=device)
        self._ids = torch.empty(0, dtype=torch.int64, device=device)

    def store(self, cues: Tensor, targets: Tensor, ids: Tensor) -> None:
        """Store that each cue leads to a memory; the targets' vectors are not needed."""
        check_rows(cues, targets, ids, self.dimension)
        start, end = len(self._ids), len(self._ids) + len(ids)
        self._cues = grown(self._cues, end)
        self._cues[start:end] = functional.normalize(cues.to(self._cues), dim=1)
        self._ids = torch.cat([self._ids, ids.to(self._ids)])

    def recall(self, queries: Tensor, *, k: int = 1) -> Recalled:
        """Return the `k` memories that each query brings to mind."""
        check_vectors(queries, self.dimension)
        hopfield = self.config.hopfield
        probe = functional.normalize(queries.to(self._cues), dim=1)
        similarity = probe @ self._cues[: len(self._ids)].T
        nearest = torch.topk(similarity, min(hopfield.candidates, len(self._ids)), dim=1).indices
        settled = settle(
            probe,
            self._cues[nearest],
            beta=hopfield.beta,
            max_steps=hopfield.max_steps,
            tolerance=hopfield.tolerance,
        )
        return by_attention(settled.attention, self._ids[nearest], k)
