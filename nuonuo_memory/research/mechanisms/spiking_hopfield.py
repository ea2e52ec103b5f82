"""A Hopfield network of leaky integrate-and-fire neurons, kept as the baseline that it is.

    v(t) = λ v(t−1) + x + W_auto · s(t−1) / winners − s(t−1)        s(0) = x, the query's code

Current comes from the query's code x and from the neurons that spiked, in equal parts; a spike sets
its neuron's membrane v back by 1, which is what a stored cue's neurons receive from each other.
Inhibition lets the `winners` highest membranes spike. The neurons that spiked most are the code
that W_hetero maps to a memory.

The prototype's found 20 % of five paraphrases, and less with more steps. This one keeps up with
flat recall while memories are few, then falls behind it, further with every step: neurons that many
cues share are sent current by all of them, and come to spike in place of the query's own.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from nuonuo_memory.research.mechanisms.attractor import Attractor
from nuonuo_memory.research.separation import winner_take_all

_LEAK = math.exp(-1 / 4)  # of the membrane, a step; a time constant of four steps


class SpikingHopfield(Attractor):
    """The attractor's two associators, with spikes that run over the first."""

    def _settled(self, code: Tensor) -> Tensor:
        """Let spikes run from a code [b, winners]; return the neurons that spiked most."""
        winners = self.separator.winners
        membrane = torch.zeros(len(code), self.separator.code_dim, device=code.device)
        spikes = torch.zeros_like(membrane).scatter_(1, code.long(), 1.0)
        query, counts = spikes, spikes.clone()
        for _ in range(self.config.spike_steps):
            arriving = (self._auto.sums(code).double() / winners).float()
            membrane = _LEAK * membrane + query + arriving - spikes
            code = winner_take_all(membrane, winners)
            spikes = torch.zeros_like(membrane).scatter_(1, code.long(), 1.0)
            counts += spikes
        # Of neurons that spiked as often, those of the higher membrane; it is far below 2 ** 10.
        return winner_take_all(counts * 1024 + membrane.clamp(-511, 511), winners)
