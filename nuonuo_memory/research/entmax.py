"""Attention from dense to sparse: softmax, 1.5-entmax and sparsemax, with their entropies.

The α-entmax of z is the p on the simplex that maximises p·z + H_α(p), H_α being Tsallis' entropy:
softmax at α = 1, sparsemax at α = 2 (Martins & Astudillo 2016, arXiv:1602.02068), and between them
the 1.5-entmax (Peters et al. 2019, arXiv:1905.05702), both solved exactly by sorting.
"""

from __future__ import annotations

import torch
from torch import Tensor

from nuonuo_memory.errors import InvalidInputError

ALPHAS = (1.0, 1.5, 2.0)


def entmax(values: Tensor, alpha: float = 1.0) -> Tensor:
    """Return the α-entmax of each row of `values` [n, m].

    Raises:
        InvalidInputError: If `alpha` is none of 1, 1.5 and 2.
    """
    if alpha == 1.0:
        return torch.softmax(values, dim=1)
    if alpha == 2.0:
        return _sparsemax(values)
    if alpha == 1.5:
        return _entmax15(values)
    raise InvalidInputError(f"alpha must be one of {ALPHAS}, got {alpha}")


def entropy(weights: Tensor, alpha: float = 1.0) -> Tensor:
    """Return Tsallis' entropy of each row of `weights` [n, m]: Shannon's, in nats, at α = 1."""
    if alpha == 1.0:
        shannon: Tensor = -torch.special.xlogy(weights, weights).sum(dim=1)
        return shannon
    total: Tensor = (weights - weights.pow(alpha)).sum(dim=1) / (alpha * (alpha - 1))
    return total


def margin(alpha: float) -> float:
    """Return the lead over all other values at which α-entmax gives one value all the weight.

    It is 1 / (α − 1), infinite for softmax (Blondel et al. 2020, arXiv:1901.02324).
    """
    return float("inf") if alpha == 1.0 else 1.0 / (alpha - 1.0)


def _sparsemax(values: Tensor) -> Tensor:
    """P = max(z − τ, 0), τ from the largest support that it leaves consistent."""
    shifted = values - values.amax(dim=1, keepdim=True)
    ordered = shifted.sort(dim=1, descending=True).values
    total = ordered.cumsum(dim=1) - 1
    size = torch.arange(1, values.shape[1] + 1, device=values.device, dtype=values.dtype)
    support = (ordered * size > total).sum(dim=1, keepdim=True)
    threshold = total.gather(1, support - 1) / support
    return (shifted - threshold).clamp_min(0)


def _entmax15(values: Tensor) -> Tensor:
    """P = max(z/2 − τ, 0)², τ from a quadratic on the sorted prefix."""
    shifted = (values - values.amax(dim=1, keepdim=True)) / 2
    ordered = shifted.sort(dim=1, descending=True).values
    size = torch.arange(1, values.shape[1] + 1, device=values.device, dtype=values.dtype)
    mean = ordered.cumsum(dim=1) / size
    spread = size * ((ordered**2).cumsum(dim=1) / size - mean**2)
    threshold = mean - ((1 - spread) / size).clamp_min(0).sqrt()
    support = (threshold <= ordered).sum(dim=1, keepdim=True)
    return (shifted - threshold.gather(1, support - 1)).clamp_min(0) ** 2
