"""Coarse to fine: flat Hebbian recall finds candidates, the nearest cue among theirs decides."""

from __future__ import annotations

import torch
from torch import Tensor

from nuonuo_memory.research.mechanisms.base import (
    CueVectors,
    MechanismConfig,
    Recalled,
    best_of,
    check_rows,
)
from nuonuo_memory.research.mechanisms.flat import FlatHebbian
from nuonuo_memory.research.separation import Separator, check_vectors


class CoarseToFine:
    """Flat Hebbian recall followed by cosine similarity among the memories that it found."""

    def __init__(
        self,
        dimension: int,
        *,
        config: MechanismConfig | None = None,
        device: torch.device | str = "cpu",
        separator: Separator | None = None,
    ) -> None:
        self.dimension = dimension
        self.config: MechanismConfig = config or MechanismConfig()
        self._coarse = FlatHebbian(
            dimension, config=self.config, device=device, separator=separator
        )
        self._cues = CueVectors(dimension, device=device)

    def store(self, cues: Tensor, targets: Tensor, ids: Tensor) -> None:
        """Store that each cue leads to a memory."""
        check_rows(cues, targets, ids, self.dimension)
        self._coarse.store(cues, targets, ids)
        self._cues.add(cues, ids)

    def recall(self, queries: Tensor, *, k: int = 1) -> Recalled:
        """Return the `k` memories that each query recalls."""
        check_vectors(queries, self.dimension)
        found = self._coarse.recall(queries, k=max(k, self.config.candidates)).ids
        similarity = self._cues.unit(queries) @ self._cues.vectors.T
        leads = self._cues.ids[None, :, None] == found[:, None, :]  # [b, cues, candidates]
        by_cue = torch.where(leads, similarity[:, :, None], -torch.inf)
        return best_of(by_cue.amax(dim=1).double(), found, k)
