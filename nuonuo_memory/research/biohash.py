"""BioHash: a fly hash whose projection is learned from a user's own vectors.

Trained so that a vector and a disturbed copy share more winners, and other vectors fewer:

    loss = −overlap(x, x + noise) + relu(overlap(x, y) − 0.2)

Winner-take-all passes gradients straight through to its relaxation, winners · softmax(s / 0.5).
After training the projection is rounded to integers within ±127, so that codes are exact on every
machine as `PatternSeparator`'s are, and a saved one takes code_dim · dimension bytes. The idea of a
learned fly hash is Ryali et al.'s (2020, arXiv:2001.04907), whose local rule is not used here.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from nuonuo_memory.errors import FormatError, InvalidInputError, MissingDependencyError
from nuonuo_memory.research.crosstalk import as_dense
from nuonuo_memory.research.separation import (
    CODE_DIM,
    WINNERS,
    check_vectors,
    exact_codes,
    integer_gaussian,
    winner_take_all,
)

_FORMAT = "nuonuo-biohash-1"


@dataclass(frozen=True, slots=True)
class BioHashConfig:
    """How the projection is learned; the defaults are the prototype's but for the epochs.

    Attributes:
        code_dim: Size of a code.
        winners: Ones in a code.
        noise: Length of the disturbance against the vector's own; 0.5 gives a cosine of 0.89.
        temperature: Of the relaxed winner-take-all.
        margin: Overlap that other vectors may have at no cost.
        epochs: Passes over the vectors.
        batch_size: Vectors a step.
        learning_rate: Of Adam, with cosine annealing.
        seed: Makes the first projection, the batches and the noise.
    """

    code_dim: int = CODE_DIM
    winners: int = WINNERS
    noise: float = 0.5
    temperature: float = 0.5
    margin: float = 0.2
    epochs: int = 40
    batch_size: int = 256
    learning_rate: float = 1e-3
    seed: int = 0


class BioHash:
    """A learned separator; make one with `BioHash.fit` or `BioHash.load`.

    Args:
        projection: Whole numbers within ±127, float32 [code_dim, dimension].
        winners: Ones in a code.
    """

    code_dim: int
    dimension: int

    def __init__(self, projection: Tensor, *, winners: int = WINNERS) -> None:
        self.code_dim, self.dimension = projection.shape
        self.winners = winners
        self._projection = projection

    @classmethod
    def fit(
        cls,
        vectors: Tensor,
        *,
        positives: Tensor | None = None,
        config: BioHashConfig | None = None,
        device: torch.device | str = "cpu",
    ) -> BioHash:
        """Learn a projection from vectors [n, d], the same on every run of one kind of device.

        Args:
            vectors: What is stored or asked, at least two rows.
            positives: Another wording of each row, [n, d]; noise stands in where there is none.
            config: How to learn.
            device: Where to learn, and where codes are then made.

        Raises:
            VectorError: If a shape is wrong or a number is not finite.
            InvalidInputError: If there are fewer than two vectors.
        """
        config = config or BioHashConfig()
        check_vectors(vectors, vectors.shape[-1])
        if len(vectors) < 2:
            raise InvalidInputError(f"fitting needs at least 2 vectors, got {len(vectors)}")
        if positives is not None:
            check_vectors(positives, vectors.shape[1])
        dimension = vectors.shape[1]
        start = integer_gaussian(config.code_dim, dimension, seed=config.seed, device=device)
        weight = (start / start.std()).requires_grad_()
        data = functional.normalize(vectors.to(weight.device, torch.float32), dim=1)
        pairs = None if positives is None else functional.normalize(positives.to(data), dim=1)
        _descend(weight, data, pairs, config)
        trained = weight.detach()
        return cls((trained / trained.std() * 32).round().clamp(-127, 127), winners=config.winners)

    def codes(self, vectors: Tensor) -> Tensor:
        """Return the codes of `vectors` [n, dimension] as sorted indices, int32 [n, winners].

        Raises:
            VectorError: If the shape is wrong or a number is not finite.
        """
        return exact_codes(vectors, self._projection, self.winners)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the projection to a safetensors file.

        Raises:
            MissingDependencyError: If safetensors is not installed.
        """
        try:
            from safetensors.torch import save_file
        except ImportError as error:
            raise MissingDependencyError(_INSTALL) from error
        metadata = {"format": _FORMAT, "winners": str(self.winners)}
        save_file({"projection": self._projection.cpu().to(torch.int8)}, path, metadata)

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, device: torch.device | str = "cpu") -> BioHash:
        """Read a projection that `save` wrote.

        Raises:
            FormatError: If the file holds something else.
            MissingDependencyError: If safetensors is not installed.
        """
        try:
            from safetensors import SafetensorError, safe_open
        except ImportError as error:
            raise MissingDependencyError(_INSTALL) from error
        try:
            with safe_open(Path(path), framework="pt") as file:
                metadata = file.metadata() or {}
                projection = file.get_tensor("projection")
        except SafetensorError as error:
            raise FormatError(f"{path} is not a saved BioHash: {error}") from error
        if metadata.get("format") != _FORMAT or projection.dtype != torch.int8:
            raise FormatError(f"{path} must have format {_FORMAT}, got {metadata.get('format')!r}")
        return cls(projection.to(device, torch.float32), winners=int(metadata["winners"]))


_INSTALL = "saving a BioHash needs safetensors; install it with pip install safetensors"


def _descend(weight: Tensor, data: Tensor, pairs: Tensor | None, config: BioHashConfig) -> None:
    """Train `weight` [code_dim, d] in place."""
    generator = torch.Generator().manual_seed(config.seed)
    optimiser = torch.optim.Adam([weight], lr=config.learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, T_max=max(1, config.epochs))
    length = config.noise / data.shape[1] ** 0.5
    for _ in range(config.epochs):
        for rows in torch.split(torch.randperm(len(data), generator=generator), config.batch_size):
            if len(rows) < 2:
                continue
            given = data[rows.to(data.device)]
            if pairs is None:
                noise = torch.randn(given.shape, generator=generator).to(data.device)
                like = functional.normalize(given + length * noise, dim=1)
            else:
                like = pairs[rows.to(data.device)]
            code, near = _soft(given @ weight.T, config), _soft(like @ weight.T, config)
            shared = (code * near).sum(dim=1) / config.winners
            others = (code * code.roll(1, dims=0)).sum(dim=1) / config.winners
            loss = (functional.relu(others - config.margin) - shared).mean()
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_([weight], 1.0)
            optimiser.step()
        schedule.step()


def _soft(scores: Tensor, config: BioHashConfig) -> Tensor:
    """The winners as ones, with the gradient of winners · softmax(scores / temperature)."""
    codes = winner_take_all(scores.detach(), config.winners)
    hard = as_dense(codes, code_dim=config.code_dim)
    relaxed = config.winners * torch.softmax(scores / config.temperature, dim=1)
    return hard + relaxed - relaxed.detach()
