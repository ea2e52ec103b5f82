"""A spiking autoencoder: vector → spike trains of leaky integrate-and-fire neurons → vector.

    v(t) = λ v(t−1) + W x + b − s(t−1)        s(t) = 1 where v(t) ≥ 1
    x̂ = D Σₜ a(t) s(t) + e

The step function has no useful derivative; training replaces it by that of a fast sigmoid,
1 / (1 + κ |v − 1|)² (Zenke & Ganguli 2018; Neftci et al. 2019). The current is constant over a
presentation, so that W x is computed once and a step costs a few element-wise operations; that is
all a spiking library would bring here, and none is needed.

Three things make training short. Membranes start at different depths, so that rounding errors of
neurons are independent. Each neuron's current is scaled so that it spikes from the first batch on
(the prototype was silent for 60 epochs). The readout starts from its least-squares solution.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from nuonuo_memory.errors import InvalidInputError
from nuonuo_memory.research.separation import check_vectors


@dataclass(frozen=True, slots=True)
class SpikingConfig:
    """The network's shape and its neurons.

    Attributes:
        neurons: Spiking neurons; of the prototype's sizes 2,048 did best at 768 dimensions.
        steps: Time steps of one presentation.
        time_constant: Of the leak, in steps: λ = exp(−1 / time_constant).
        slope: κ, how fast the surrogate derivative falls beside the threshold.
        rate: Share of steps in which a neuron spikes when training begins.
        spread: Standard deviation of that share between vectors, as a part of `rate`; near 1 many
            neurons fall silent, near 0 a spike more or less drowns the difference.
        seed: Makes the initial weights and membrane depths.
    """

    neurons: int = 2048
    steps: int = 64
    time_constant: float = 64.0
    slope: float = 5.0
    rate: float = 0.08
    spread: float = 0.45
    seed: int = 0

    def __post_init__(self) -> None:
        if self.neurons < 1 or self.steps < 1 or self.time_constant <= 0 or not 0 < self.rate < 1:
            raise InvalidInputError(
                "a spiking network needs neurons and steps from 1, a time constant above 0 and a "
                f"rate in (0, 1), got {self}"
            )


@dataclass(frozen=True, slots=True)
class SpikeReport:
    """How well vectors survive as spikes.

    Attributes:
        cosine: Mean cosine of a vector and its reconstruction.
        worst: The smallest of these cosines.
        mse: Mean squared error of a component.
        rate: Share of neuron-steps with a spike.
        latency: Mean step of a neuron's first spike, over the neurons that spike.
        silent: Share of neurons that never spike for a vector.
    """

    cosine: float
    worst: float
    mse: float
    rate: float
    latency: float
    silent: float


@dataclass(frozen=True, slots=True)
class Epoch:
    """One pass of training.

    Attributes:
        loss: Mean of 1 − cosine plus the squared error.
        rate: Share of neuron-steps with a spike.
    """

    loss: float
    rate: float


def _spike(excess: Tensor, slope: float) -> Tensor:
    """A step at 0; its derivative is that of x / (1 + slope |x|), which adds nothing forward."""
    fired = (excess >= 0).to(excess.dtype)
    if not torch.is_grad_enabled():
        return fired
    smooth = excess / (1 + slope * excess.abs())
    return fired + (smooth - smooth.detach())


class SpikingAutoencoder(nn.Module):
    """Spiking encoder and linear readout.

    Args:
        dimension: Size of a vector.
        config: Shape and neurons.
    """

    initial: Tensor

    def __init__(self, dimension: int, *, config: SpikingConfig | None = None) -> None:
        super().__init__()
        if dimension < 1:
            raise InvalidInputError(f"dimension must be at least 1, got {dimension}")
        self.dimension = dimension
        self.config: SpikingConfig = config or SpikingConfig()
        neurons, steps = self.config.neurons, self.config.steps
        generator = torch.Generator().manual_seed(self.config.seed)
        self.current: nn.Linear = nn.Linear(dimension, neurons)
        self.readout: nn.Linear = nn.Linear(neurons, dimension)
        self.moments: nn.Parameter = nn.Parameter(torch.full((steps,), 1.0 / steps))
        with torch.no_grad():
            self.current.weight.copy_(torch.randn(neurons, dimension, generator=generator))
            self.current.weight.mul_(self.config.rate)  # std of the current of a unit vector
            self.current.bias.fill_(self.config.rate)
            self.readout.weight.copy_(torch.randn(dimension, neurons, generator=generator) * 0.01)
            self.readout.bias.zero_()
        self.register_buffer("initial", torch.rand(neurons, generator=generator))

    def spikes(self, vectors: Tensor) -> Tensor:
        """Return the spike trains of `vectors` [n, dimension]: zeros and ones [n, steps, neurons].

        Raises:
            VectorError: If the shape is wrong or a number is not finite.
        """
        check_vectors(vectors, self.dimension)
        return torch.stack(self._run(vectors), dim=1)

    def decode(self, spikes: Tensor) -> Tensor:
        """Return the vectors [n, dimension] that spike trains [n, steps, neurons] stand for."""
        decoded: Tensor = self.readout(torch.einsum("nts,t->ns", spikes, self.moments))
        return decoded

    def forward(self, vectors: Tensor) -> Tensor:
        """Return the reconstruction of `vectors` [n, dimension]."""
        return self._reconstruct(vectors)[0]

    def _run(self, vectors: Tensor) -> list[Tensor]:
        leak = math.exp(-1.0 / self.config.time_constant)
        current = self.current(vectors.to(self.initial))
        voltage = self.initial.expand_as(current)
        trains: list[Tensor] = []
        for _ in range(self.config.steps):
            voltage = leak * voltage + current
            fired = _spike(voltage - 1.0, self.config.slope)
            voltage = voltage - fired.detach()
            trains.append(fired)
        return trains

    def _reconstruct(self, vectors: Tensor) -> tuple[Tensor, Tensor]:
        """Return the reconstruction and the mean firing rate."""
        trains = self._run(vectors)
        traced = torch.zeros_like(trains[0])
        count = torch.zeros_like(trains[0])
        for moment, fired in zip(self.moments, trains, strict=True):
            traced = traced + moment * fired
            count += fired.detach()
        return self.readout(traced), count.mean() / self.config.steps

    @torch.no_grad()
    def report(self, vectors: Tensor) -> SpikeReport:
        """Measure how well `vectors` [n, dimension] survive, with rate and latency of spikes."""
        sums = torch.zeros(5, dtype=torch.float64)
        worst = 1.0
        for part in torch.split(vectors, 256):
            spikes = self.spikes(part)
            decoded, given = self.decode(spikes), part.to(self.initial)
            cosine = functional.cosine_similarity(decoded, given)
            worst = min(worst, float(cosine.min()))
            any_spike = spikes.any(dim=1)
            first = spikes.argmax(dim=1)[any_spike].double().mean() if any_spike.any() else 0.0
            sums += len(part) * torch.tensor(
                [
                    float(cosine.double().mean()),
                    float((decoded - given).double().square().mean()),
                    float(spikes.double().mean()),
                    float(first),
                    float((~any_spike).double().mean()),
                ],
                dtype=torch.float64,
            )
        cosine_mean, mse, rate, latency, silent = (sums / max(1, len(vectors))).tolist()
        return SpikeReport(cosine_mean, worst, mse, rate, latency, silent)

    @torch.no_grad()
    def prepare(self, vectors: Tensor) -> None:
        """Set the scale of currents and the readout from a sample of vectors [n, dimension].

        Currents get mean `rate` and standard deviation `rate` · `spread`, so that neurons spike
        from the start; the readout becomes the ridge solution for these spikes.
        """
        sample = vectors.to(self.initial)
        drive = sample @ self.current.weight.T
        scale = self.config.rate * self.config.spread / drive.std(dim=0).clamp_min(1e-6)
        self.current.weight.mul_(scale[:, None])
        self.current.bias.copy_(self.config.rate - drive.mean(dim=0) * scale)
        parts = torch.split(sample, 256)
        traced = torch.cat([torch.stack(self._run(part)).mean(dim=0) for part in parts]).double()
        centre, offset = traced.mean(dim=0), sample.double().mean(dim=0)
        traced, wanted = traced - centre, sample.double() - offset
        gram = traced.T @ traced
        gram.diagonal().add_(1e-3 * gram.diagonal().mean())
        weight = torch.linalg.solve(gram, traced.T @ wanted)
        self.readout.weight.copy_(weight.T)
        self.readout.bias.copy_(offset - centre @ weight)


def train(
    model: SpikingAutoencoder,
    vectors: Tensor,
    *,
    epochs: int = 30,
    batch_size: int = 512,
    learning_rate: float = 5e-4,
    progress: Callable[[int, Epoch], None] | None = None,
) -> list[Epoch]:
    """Train `model` to reconstruct `vectors` [n, dimension], end to end, in place.

    AdamW with cosine annealing, as the prototype; the loss is 1 − cosine plus the squared error of
    a vector. Batches are drawn from the model's own seed.

    Raises:
        VectorError: If the shape is wrong or a number is not finite.
    """
    check_vectors(vectors, model.dimension)
    generator = torch.Generator().manual_seed(model.config.seed)
    model.prepare(vectors[torch.randperm(len(vectors), generator=generator)[:8192]])
    optimiser = torch.optim.AdamW(
        [
            {"params": [*model.current.parameters(), model.moments], "lr": learning_rate / 10},
            {"params": model.readout.parameters(), "lr": learning_rate},
        ],
        weight_decay=1e-4,
    )
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, T_max=max(1, epochs))
    history = []
    for number in range(epochs):
        totals = torch.zeros(2, device=model.initial.device)
        order = torch.randperm(len(vectors), generator=generator).to(vectors.device)
        batches = torch.split(order, batch_size)
        for rows in batches:
            given = vectors[rows].to(model.initial)
            decoded, rate = model._reconstruct(given)
            cosine = functional.cosine_similarity(decoded, given).mean()
            loss = 1 - cosine + (decoded - given).square().sum(dim=1).mean()
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            totals += torch.stack([loss.detach(), rate])
        schedule.step()
        history.append(Epoch(*(totals / len(batches)).tolist()))
        if progress is not None:
            progress(number, history[-1])
    return history
