"""Hebbian association as a dense matrix: the form that the factored one is proved equal to.

W[j, i] holds what a one at j in the cue adds to the sum at i of the target: 1,074 MB at 16,384.
It recalls in a time that does not depend on how much was learned, so it may gain beyond the few
hundred thousand pairs whose codes outgrow it.
"""

from __future__ import annotations

import torch
from torch import Tensor

from nuonuo_memory.research.codes import CodeTable
from nuonuo_memory.research.hebbian import (
    SUPPORT,
    Walk,
    as_bytes,
    check_pairs,
    digest_rows,
    unknown_pair,
    walk,
)
from nuonuo_memory.research.separation import CODE_DIM, WINNERS

_WORK = 2**24  # entries of a temporary tensor at most


class DenseAssociator:
    """The matrix itself, int32 [code_dim, code_dim]: the reference that the default is tested by.

    Row j holds the sums that a one at j in the cue adds. A ledger of pairs makes unlearning exact.

    Args:
        code_dim: Size of a code.
        winners: Ones in a code.
        device: Where the matrix lives.
    """

    order = 1

    def __init__(
        self,
        code_dim: int = CODE_DIM,
        winners: int = WINNERS,
        *,
        device: torch.device | str = "cpu",
    ) -> None:
        self.code_dim = code_dim
        self.winners = winners
        self.device: torch.device = torch.device(device)
        self._weights = torch.zeros(code_dim, code_dim, dtype=torch.int32, device=self.device)
        self._check = CodeTable(code_dim, winners).check
        self._ledger: dict[bytes, int] = {}

    def __len__(self) -> int:
        return len(self._ledger)

    @property
    def nbytes(self) -> int:
        """Bytes held for the matrix."""
        return self._weights.numel() * self._weights.element_size()

    def learn(self, cues: Tensor, targets: Tensor, *, strength: int = 1) -> None:
        """Strengthen each pair by `strength`.

        Raises:
            InvalidInputError: If the shapes differ, or `strength` is below 1.
        """
        check_pairs(cues, targets, strength)
        self._check(cues)
        self._check(targets)
        for key in _keys(cues, targets):
            self._ledger[key] = self._ledger.get(key, 0) + strength
        self._add(cues, targets, torch.full((len(cues),), strength, dtype=torch.int32))

    def weaken(self, cues: Tensor, targets: Tensor, *, strength: int = 1) -> None:
        """Take `strength` from each pair, or all it has; a pair given twice loses it twice.

        Raises:
            NotFoundError: If a pair was never learned; then nothing changes.
        """
        check_pairs(cues, targets, strength)
        taken = []
        self._check(cues)
        keys = self._known(cues, targets)
        for key in keys:
            taken.append(min(strength, self._ledger[key]))
            self._ledger[key] -= taken[-1]
        self._settle_accounts(cues, targets, keys, taken)

    def unlearn(self, cues: Tensor, targets: Tensor) -> None:
        """Remove each pair wholly; the state equals one that never learned it.

        Raises:
            NotFoundError: If a pair was never learned; then nothing changes.
        """
        check_pairs(cues, targets)
        taken = []
        self._check(cues)
        keys = self._known(cues, targets)
        for key in keys:
            taken.append(self._ledger[key])
            self._ledger[key] = 0
        self._settle_accounts(cues, targets, keys, taken)

    def sums(self, codes: Tensor) -> Tensor:
        """Return W c for each code, int64 [b, code_dim]."""
        rows = [self._weights[code.long()].sum(dim=0) for code in codes]
        empty = torch.empty(0, self.code_dim, dtype=torch.int64, device=self.device)
        return torch.stack(rows) if rows else empty

    def recall(self, codes: Tensor, *, hops: int = 1, support: float = SUPPORT) -> Walk:
        """Follow `hops` associations from each code (int32 [b, winners])."""
        self._check(codes)
        return walk(self, codes.to(self.device), hops=hops, support=support)

    def fingerprint(self) -> str:
        """Return a digest of the matrix's entries that are not zero."""
        place = self._weights.view(-1).nonzero()[:, 0]
        return digest_rows(place[:, None].cpu(), self._weights.view(-1)[place].cpu().long())

    def _known(self, cues: Tensor, targets: Tensor) -> list[bytes]:
        keys = _keys(cues, targets)
        for query, key in enumerate(keys):
            if key not in self._ledger:
                raise unknown_pair(query)
        return keys

    def _settle_accounts(
        self, cues: Tensor, targets: Tensor, keys: list[bytes], taken: list[int]
    ) -> None:
        self._add(cues, targets, -torch.tensor(taken, dtype=torch.int32))
        for key in keys:
            if self._ledger.get(key) == 0:
                del self._ledger[key]

    def _add(self, cues: Tensor, targets: Tensor, strength: Tensor) -> None:
        """Add the outer products of the pairs, touching winners² entries for each."""
        step = max(1, _WORK // self.winners**2)
        for start in range(0, len(cues), step):
            part = slice(start, start + step)
            rows = cues[part].to(self.device).long()[:, :, None] * self.code_dim
            index = (rows + targets[part].to(self.device).long()[:, None, :]).reshape(-1)
            weight = strength[part].to(self.device).repeat_interleave(self.winners**2)
            self._weights.view(-1).scatter_add_(0, index, weight)


def _keys(cues: Tensor, targets: Tensor) -> list[bytes]:
    """One key for each pair: the bytes of its two codes."""
    pairs = torch.cat([cues.cpu(), targets.cpu()], dim=1).to(torch.int16)
    data, width = as_bytes(pairs), pairs.shape[1] * 2
    return [data[start : start + width] for start in range(0, len(data), width)]
