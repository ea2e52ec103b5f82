"""Pattern separation: from dense vectors to sparse binary codes (dentate gyrus).

    code(x) = the k largest of P x        P: Gaussian, [code_dim, d], scaled by 1/√d

One projection serves cues and targets alike, so that the target of one association can be the cue
of the next. A code is kept as the sorted indices of its k ones: int32 [n, k], -1 never occurs.

The same seed gives the same codes on every machine, device and batch size: the projection is made
of integers by integer arithmetic, vectors are rounded to 14 bits, and every partial sum stays below
2^24, so that float32 matrix products are exact in whatever order they are summed.
"""

from __future__ import annotations

import math
from typing import Protocol

import torch
from torch import Tensor

from nuonuo_memory.engine.splitmix64 import GAMMA, mix, signed
from nuonuo_memory.errors import InvalidInputError, VectorError

CODE_DIM = 16_384
"""Of the prototype's sizes (4,096 to 32,768) the one with the best paraphrase recall."""
WINNERS = 50
"""Of the prototype's k (20, 50, 100) the one with the best paraphrase recall at 16,384."""

_SIGMA = 32  # standard deviation of an entry of P in integer steps; 127 is almost 4 of them
_PLANE = 128  # a rounded vector is high * _PLANE + low, both within ±127
_SEED_STRIDE = 0xD1342543DE82EF95  # seeds that follow each other start far apart
_EXACT_COLUMNS = 1_024  # 1,024 * 127 * 127 < 2^24: the longest sum that float32 holds exactly


class Separator(Protocol):
    """Turns vectors into sparse codes: random (`PatternSeparator`) or learned (`BioHash`).

    Attributes:
        dimension: Size of a vector.
        code_dim: Size of a code.
        winners: Number of ones in a code.
    """

    dimension: int
    code_dim: int
    winners: int

    def codes(self, vectors: Tensor) -> Tensor:
        """Return the codes of `vectors` [n, dimension] as sorted indices, int32 [n, winners]."""
        ...


class PatternSeparator:
    """Random projection followed by winner-take-all (the fly's hash; Dasgupta et al. 2017).

    Args:
        dimension: Size of a vector.
        code_dim: Size of a code.
        winners: Number of ones in a code.
        seed: Makes the projection; nothing else about it need ever be stored.
        device: Where codes are computed.

    Raises:
        InvalidInputError: If a size is not positive, or `winners` exceeds `code_dim`.
    """

    def __init__(
        self,
        dimension: int,
        *,
        code_dim: int = CODE_DIM,
        winners: int = WINNERS,
        seed: int = 0,
        device: torch.device | str = "cpu",
    ) -> None:
        if dimension < 1 or not 1 <= winners <= code_dim:
            raise InvalidInputError(
                "a separator needs dimension >= 1 and 1 <= winners <= code_dim, got "
                f"dimension {dimension}, winners {winners}, code_dim {code_dim}"
            )
        self.dimension = dimension
        self.code_dim = code_dim
        self.winners = winners
        self.seed = seed
        self._projection = integer_gaussian(code_dim, dimension, seed=seed, device=device)

    def codes(self, vectors: Tensor) -> Tensor:
        """Return the codes of `vectors` [n, dimension] as sorted indices, int32 [n, winners].

        Raises:
            VectorError: If the shape is wrong or a number is not finite.
        """
        return exact_codes(vectors, self._projection, self.winners)


def exact_codes(vectors: Tensor, projection: Tensor, winners: int) -> Tensor:
    """Return the winners of a projection of whole numbers, int32 [n, winners].

    Args:
        vectors: Float [n, d], finite; their lengths do not matter.
        projection: Whole numbers within ±127, float32 [code_dim, d].
        winners: How many win.

    Raises:
        VectorError: If the shape is wrong or a number is not finite.
    """
    check_vectors(vectors, projection.shape[1])
    parts = [
        winner_take_all(exact_scores(part, projection), winners)
        for part in torch.split(vectors, 256)
    ]
    return torch.cat(parts).view(len(vectors), winners)


def exact_scores(vectors: Tensor, projection: Tensor) -> Tensor:
    """Return P x for each vector, exact up to one positive factor per vector, int64 [n, code_dim].

    Args:
        vectors: Float [n, d], finite.
        projection: Whole numbers within ±127, float32 [code_dim, d].
    """
    x = vectors.to(device=projection.device, dtype=torch.float64)
    largest = x.abs().amax(dim=1, keepdim=True).clamp_min(torch.finfo(torch.float64).tiny)
    steps = torch.round(x / largest * (_PLANE * _PLANE // 2 - 1))
    high = torch.round(steps / _PLANE)
    planes = torch.cat([high, steps - high * _PLANE]).to(torch.float32)
    total = torch.zeros(len(planes), len(projection), dtype=torch.int64, device=x.device)
    for start in range(0, x.shape[1], _EXACT_COLUMNS):
        columns = slice(start, start + _EXACT_COLUMNS)
        total += (planes[:, columns] @ projection[:, columns].T).long()
    return total[: len(x)] * _PLANE + total[len(x) :]


def integer_gaussian(
    rows: int, columns: int, *, seed: int, device: torch.device | str = "cpu"
) -> Tensor:
    """Return a Gaussian matrix of integers within ±127, float32 [rows, columns].

    An entry is the sum of twelve 16-bit numbers, which a counter-based generator (SplitMix64)
    makes from the seed and the entry's place: integer arithmetic only, hence
    the same everywhere. Its standard deviation is 32; the factor that makes it 1/√d is left out,
    as winner-take-all does not see it.
    """
    parts = []
    start_of_seed = signed(seed * _SEED_STRIDE)
    per_part = max(1, 2**20 // columns)
    for start in range(0, rows, per_part):
        count = (min(rows, start + per_part) - start) * columns
        place = torch.arange(count, dtype=torch.int64, device=device) + start * columns
        total = torch.zeros_like(place)
        for draw in range(3):
            bits = mix((place * 3 + draw) * signed(GAMMA) + start_of_seed)
            for shift in (0, 16, 32, 48):
                total += (bits >> shift) & 0xFFFF
        centred = total - 12 * 0xFFFF // 2  # standard deviation 0x10000
        step = 0x10000 // _SIGMA
        parts.append(((centred + step // 2) // step).clamp(-127, 127).to(torch.float32))
    return torch.cat(parts).view(rows, columns)


def winner_take_all(scores: Tensor, winners: int) -> Tensor:
    """Return the sorted indices of the `winners` largest scores, int32 [n, winners].

    Among equal scores the lowest index wins, on every device.

    Args:
        scores: Integers below 2^47 in size, or floats (compared as float32), [n, m]; no NaN.
        winners: How many win, at most m.
    """
    width = scores.shape[1]
    if scores.is_floating_point():
        bits = (scores.float() + 0.0).view(torch.int32)  # + 0.0 turns -0.0 into 0.0
        keys = (bits ^ ((bits >> 31) & 0x7FFFFFFF)).long()  # same order as the floats
    else:
        keys = scores.long()
    place = torch.arange(width - 1, -1, -1, device=scores.device)
    best = torch.topk(keys * width + place, winners, dim=1, sorted=False).indices
    return best.sort(dim=1).values.int()


def overlap(left: Tensor, right: Tensor) -> Tensor:
    """Return how many ones each pair of codes shares: int64 [n] for two [n, k]."""
    return (left[:, :, None] == right[:, None, :]).sum(dim=(1, 2))


def check_vectors(vectors: Tensor, dimension: int) -> None:
    """Check that `vectors` is a float tensor [n, dimension] of finite numbers.

    Raises:
        VectorError: If it is not.
    """
    if vectors.ndim != 2 or vectors.shape[1] != dimension or not vectors.is_floating_point():
        raise VectorError(
            f"expected float vectors of shape [n, {dimension}], "
            f"got {vectors.dtype} {list(vectors.shape)}"
        )
    if not bool(torch.isfinite(vectors).all()):
        raise VectorError("expected finite vectors, got NaN or infinity; check the encoder")


def expected_overlap(cosine: float, *, code_dim: int = CODE_DIM, winners: int = WINNERS) -> float:
    """Return the expected share of ones that two codes have in common, in [0, 1].

    For vectors at this cosine the projections are bivariate normal with that correlation; each
    keeps its top share p = winners / code_dim, and the overlap is P(both above the threshold) / p.
    Computed as a one-dimensional integral over the first projection.
    """
    share = winners / code_dim
    if cosine >= 1.0:
        return 1.0
    threshold = float(torch.special.ndtri(torch.tensor(1.0 - share, dtype=torch.float64)))
    x = torch.linspace(threshold, threshold + 8.0, 4_001, dtype=torch.float64)
    density = torch.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)
    above = torch.special.ndtr((cosine * x - threshold) / math.sqrt(1.0 - cosine * cosine))
    return float(torch.trapezoid(density * above, x)) / share
