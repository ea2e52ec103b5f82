"""What sparse codes share by chance, and how many pairs a Hebbian matrix holds in spite of it."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from nuonuo_memory.errors import InvalidInputError


def shared_moments(codes: Tensor, *, code_dim: int, pairs: int = 1000) -> tuple[float, float]:
    """Return the mean and mean square of the ones shared by two different codes [n, winners].

    Estimated from at most `pairs` codes, spread over all.

    Raises:
        InvalidInputError: If there are fewer than two codes.
    """
    if len(codes) < 2:
        raise InvalidInputError(f"overlap needs at least 2 codes, got {len(codes)}")
    step = max(1, len(codes) // pairs)
    sample = codes[::step][:pairs]
    shared = overlaps(sample, sample, code_dim=code_dim).double()
    other = ~torch.eye(len(sample), dtype=torch.bool, device=shared.device)
    return float(shared[other].mean()), float(shared[other].square().mean())


def hebbian_capacity(code_dim: int, winners: int, *, mean_square: float | None = None) -> float:
    """Return about how many pairs a Hebbian matrix recalls exactly from exact cues.

    After n other pairs a unit holds noise of variance n · E[o²] · p, where o is the number of ones
    that two cue codes share and p = winners / code_dim; the signal is `winners`. All winners must
    beat all others, which takes √(2 ln code_dim) + √(2 ln winners) standard deviations.

    Args:
        code_dim: Size of a code.
        winners: Ones in a code.
        mean_square: E[o²], from `shared_moments`; that of random codes when `None`. Codes of real
            sentences share more, and favour some units, so that they hold far fewer.
    """
    share = winners / code_dim
    if mean_square is None:
        mean_square = winners * share + (winners * share) ** 2
    deviations = math.sqrt(2 * math.log(code_dim)) + math.sqrt(2 * math.log(max(2, winners)))
    return (winners / deviations) ** 2 / (mean_square * share)


def overlaps(left: Tensor, right: Tensor, *, code_dim: int) -> Tensor:
    """Return how many ones every code of `left` [n, k] shares with every of `right` [m, k].

    Returns:
        int32 [n, m].
    """
    ones = as_dense(left, code_dim=code_dim, dtype=torch.uint8)
    flat = ones.index_select(1, right.reshape(-1).int())
    return flat.view(len(left), len(right), -1).sum(dim=2, dtype=torch.int32)


def as_dense(codes: Tensor, *, code_dim: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """Return codes [n, k] as zeros and ones, [n, code_dim]; an index of -1 is no one at all."""
    ones = torch.zeros(len(codes), code_dim + 1, dtype=dtype, device=codes.device)
    ones.scatter_(1, torch.where(codes < 0, code_dim, codes).long(), 1)
    return ones[:, :code_dim]
