"""Learning rules: how a pair of codes changes a weight matrix.

Two rules behind one interface, over dense float weights [code_dim, code_dim], for study. The
outer product is what `hebbian` does exactly; spike-timing-dependent plasticity (Bi & Poo 1998; Song
et al. 2000) is the baseline that the prototype found wanting:

    Δw = a₊ exp(−Δt / τ)   when the cue's neuron fires Δt before the target's
    Δw = −a₋ exp(Δt / τ)   when it fires after it

Weights start at zero, so a cue alone never makes a target's neuron fire, and nothing would ever be
learned: the teacher forces the target's spikes. Jitter blurs who fired first, and depression then
takes back part of what was learned: the reason why STDP stores less than the outer product.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from nuonuo_memory.errors import InvalidInputError
from nuonuo_memory.research.separation import winner_take_all


class Plasticity(Protocol):
    """A rule that changes `weights` [code_dim, code_dim], row = target, column = cue, in place."""

    def learn(self, weights: Tensor, cues: Tensor, targets: Tensor) -> None:
        """Learn each pair of codes, int32 [n, winners]."""
        ...


@dataclass(frozen=True, slots=True)
class OuterProduct:
    """W += rate · t cᵀ, once for each pair.

    Attributes:
        rate: Added for each one in the cue and one in the target.
    """

    rate: float = 1.0

    def learn(self, weights: Tensor, cues: Tensor, targets: Tensor) -> None:
        """Learn each pair of codes, int32 [n, winners]."""
        _check(weights, cues, targets)
        for cue, target in zip(cues.long(), targets.long(), strict=True):
            weights[target[:, None], cue[None, :]] += self.rate


@dataclass(frozen=True, slots=True)
class SpikeTiming:
    """Pair-based STDP over a few presentations, with or without a teacher.

    Attributes:
        potentiation: a₊.
        depression: a₋; a little above a₊, so that chance pairings are unlearned.
        time_constant: τ, in steps.
        lag: Steps by which the teacher lets the target follow the cue.
        jitter: Standard deviation of a spike's time, in steps.
        presentations: How often a pair is shown.
        forced: Whether a teacher makes the target fire. Without one the target fires only when the
            weights drive it, which from zero weights is never.
        seed: Makes the jitter.
    """

    potentiation: float = 1.0
    depression: float = 1.05
    time_constant: float = 5.0
    lag: float = 3.0
    jitter: float = 3.0
    presentations: int = 3
    forced: bool = True
    seed: int = 0

    def learn(self, weights: Tensor, cues: Tensor, targets: Tensor) -> None:
        """Learn each pair of codes, int32 [n, winners]."""
        _check(weights, cues, targets)
        generator = torch.Generator().manual_seed(self.seed)
        for cue, target in zip(cues.long(), targets.long(), strict=True):
            for _ in range(self.presentations):
                fired = target if self.forced else self._driven(weights, cue)
                times = torch.randn(len(cue) + len(fired), generator=generator) * self.jitter
                gap = self.lag + times[len(cue) :, None] - times[None, : len(cue)]
                rise = self.potentiation * torch.exp(-gap.clamp_min(0) / self.time_constant)
                fall = -self.depression * torch.exp(gap.clamp_max(0) / self.time_constant)
                change = torch.where(gap > 0, rise, fall).to(weights)
                weights[fired[:, None], cue[None, :]] += change
        weights.clamp_min_(0)  # excitatory synapses

    def _driven(self, weights: Tensor, cue: Tensor) -> Tensor:
        """Return the neurons that the weights alone make fire, at half the drive of one pair."""
        drive = weights[:, cue].sum(dim=1)
        return (drive > 0.5 * self.potentiation * len(cue)).nonzero()[:, 0]


def recall(weights: Tensor, codes: Tensor, *, winners: int) -> Tensor:
    """Return WTA(W c) for each code, int32 [n, winners]."""
    sums = torch.stack([weights[:, code.long()].sum(dim=1) for code in codes])
    return winner_take_all(sums, winners)


def _check(weights: Tensor, cues: Tensor, targets: Tensor) -> None:
    if weights.ndim != 2 or weights.shape[0] != weights.shape[1] or cues.shape != targets.shape:
        raise InvalidInputError(
            "expected square weights and as many targets as cues, got "
            f"{list(weights.shape)}, {list(cues.shape)} and {list(targets.shape)}"
        )
