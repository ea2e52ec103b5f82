"""Two-stage Hopfield recall on the vectors themselves: the default of these mechanisms.

The nearest cues by cosine enter a modern Hopfield network, which settles; attention is summed by
memory, since a memory has several cues. `engine/retrieve.py` is the same over the index.
"""

from __future__ import annotations

import torch
from torch import Tensor

from nuonuo_memory.engine.hopfield.settle import settle
from nuonuo_memory.research.mechanisms.base import (
    CueVectors,
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
        self.config: MechanismConfig = config or MechanismConfig()
        self._cues = CueVectors(dimension, device=device)

    def store(self, cues: Tensor, targets: Tensor, ids: Tensor) -> None:
        """Store that each cue leads to a memory; the targets' vectors are not needed."""
        check_rows(cues, targets, ids, self.dimension)
        self._cues.add(cues, ids)

    def recall(self, queries: Tensor, *, k: int = 1) -> Recalled:
        """Return the `k` memories that each query recalls."""
        check_vectors(queries, self.dimension)
        hopfield, vectors, ids = self.config.hopfield, self._cues.vectors, self._cues.ids
        probe = self._cues.unit(queries)
        nearest = torch.topk(probe @ vectors.T, min(hopfield.candidates, len(ids)), dim=1).indices
        settled = settle(
            probe,
            vectors[nearest],
            beta=hopfield.beta,
            max_steps=hopfield.max_steps,
            tolerance=hopfield.tolerance,
        )
        return by_attention(settled.attention, ids[nearest], k)
