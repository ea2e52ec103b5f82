"""Coarse to fine: flat Hebbian recall brings up memories, the nearest cue among theirs decides."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from nuonuo_memory.research.codes import grown
from nuonuo_memory.research.mechanisms.base import MechanismConfig, Recalled, best_of, check_rows
from nuonuo_memory.research.mechanisms.flat import FlatHebbian
from nuonuo_memory.research.separation import Separator, check_vectors


class CoarseToFine:
    """Flat Hebbian recall followed by cosine similarity among what it brought up."""

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
        self._coarse = FlatHebbian(
            dimension, config=self.config, device=device, separator=separator
        )
        self._cues = torch.empty(0, dimension, device=device)
        self._ids = torch.empty(0, dtype=torch.int64, device=device)

    def store(self, cues: Tensor, targets: Tensor, ids: Tensor) -> None:
        """Store that each cue leads to a memory."""
        check_rows(cues, targets, ids, self.dimension)
        self._coarse.store(cues, targets, ids)
        start, end = len(self._ids), len(self._ids) + len(ids)
        self._cues = grown(self._cues, end)
        self._cues[start:end] = functional.normalize(cues.to(self._cues), dim=1)
        self._ids = torch.cat([self._ids, ids.to(self._ids)])

    def recall(self, queries: Tensor, *, k: int = 1) -> Recalled:
        """Return the `k` memories that each query brings to mind."""
        check_vectors(queries, self.dimension)
        brought = self._coarse.recall(queries, k=max(k, self.config.candidates)).ids
        probe = functional.normalize(queries.to(self._cues), dim=1)
        similarity = probe @ self._cues[: len(self._ids)].T
        leads = self._ids[None, :, None] == brought[:, None, :]  # [b, cues, candidates]
        by_cue = torch.where(leads, similarity[:, :, None], -torch.inf)
        return best_of(by_cue.amax(dim=1).double(), brought, k)
