"""A modern Hopfield network as a plain `torch.nn.Module`, dense or sparse.

Ramsauer et al. 2020 (arXiv:2008.02217), in the general form of Hopfield-Fenchel-Young energies
(Martins et al. 2023, arXiv:2311.07530; Hu et al. 2023, arXiv:2309.12673). Patterns X, one a row:

    update    ξ' = Xᵀ p,   p = α-entmax(β X ξ)
    energy    E(ξ) = −max over p of (p·Xξ + H_α(p)/β) + ½ ξ·ξ + H_α(1/N)/β + ½ M²

α = 1 is softmax, Ramsauer's network. With α = 1.5 or 2 the attention is sparse, and one update
from a pattern gives the pattern back *exactly* as soon as β Δ ≥ 1/(α−1), however many are stored;
softmax needs a β that grows with ln N and is never exact. Gradients flow through the queries.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from nuonuo_memory.engine.hopfield import theory
from nuonuo_memory.errors import InvalidInputError
from nuonuo_memory.research.entmax import ALPHAS, entmax, entropy, margin
from nuonuo_memory.research.separation import check_vectors


@dataclass(frozen=True, slots=True)
class Retrieved:
    """Where states came to rest.

    Attributes:
        state: After the last update, [b, d].
        attention: The weights that made it, [b, N].
        energy: Of the state, [b]; it never rises from update to update.
        steps: Updates until the state moved less than the tolerance, int64 [b].
    """

    state: Tensor
    attention: Tensor
    energy: Tensor
    steps: Tensor


class ModernHopfield(nn.Module):
    """Stores patterns and retrieves them from what is like them.

    Args:
        dimension: Size of a pattern.
        beta: Inverse temperature; `suggest_beta` gives one for the patterns stored.
        alpha: 1 for softmax, 1.5 for 1.5-entmax, 2 for sparsemax.
        max_steps: Updates at most.
        tolerance: A state that moves less than this (Euclidean) has settled.

    Raises:
        InvalidInputError: If a setting is out of range.
    """

    patterns: Tensor

    def __init__(
        self,
        dimension: int,
        *,
        beta: float = 40.0,
        alpha: float = 1.0,
        max_steps: int = 10,
        tolerance: float = 1e-5,
    ) -> None:
        super().__init__()
        if dimension < 1 or beta <= 0 or alpha not in ALPHAS or max_steps < 1 or tolerance < 0:
            raise InvalidInputError(
                f"expected dimension >= 1, beta > 0, alpha of {ALPHAS}, max_steps >= 1 and "
                f"tolerance >= 0, got {dimension}, {beta}, {alpha}, {max_steps}, {tolerance}"
            )
        self.dimension = dimension
        self.beta = beta
        self.alpha = alpha
        self.max_steps = max_steps
        self.tolerance = tolerance
        self.register_buffer("patterns", torch.empty(0, dimension))

    def __len__(self) -> int:
        return len(self.patterns)

    def store(self, patterns: Tensor) -> None:
        """Add patterns [n, dimension].

        Raises:
            VectorError: If the shape is wrong or a number is not finite.
        """
        check_vectors(patterns, self.dimension)
        self.patterns = torch.cat([self.patterns, patterns.to(self.patterns)])

    def forward(self, queries: Tensor) -> Tensor:
        """Return the settled state of each query [b, dimension]."""
        return self.retrieve(queries).state

    def retrieve(self, queries: Tensor) -> Retrieved:
        """Iterate each query [b, dimension] until it rests.

        Raises:
            VectorError: If the shape is wrong or a number is not finite.
            InvalidInputError: If nothing is stored.
        """
        check_vectors(queries, self.dimension)
        self._require_patterns()
        state = queries.to(self.patterns)
        attention = state.new_zeros(len(state), len(self))
        steps = torch.zeros(len(state), dtype=torch.int64, device=state.device)
        moving = torch.ones(len(state), dtype=torch.bool, device=state.device)
        for _ in range(self.max_steps):
            weights = entmax(self.beta * (state @ self.patterns.T), self.alpha)
            moved = weights @ self.patterns
            distance = torch.linalg.vector_norm((moved - state).detach(), dim=1)
            steps += moving
            attention = torch.where(moving[:, None], weights, attention)
            state = torch.where(moving[:, None], moved, state)
            moving = moving & (distance >= self.tolerance)
            if not bool(moving.any()):
                break
        return Retrieved(state, attention, self.energy(state), steps)

    def retrieve_top(self, queries: Tensor, k: int) -> tuple[Tensor, Tensor]:
        """Return the `k` patterns that each query settles on: indices and attention, [b, k]."""
        best = torch.topk(self.retrieve(queries).attention, min(k, len(self)), dim=1)
        return best.indices, best.values

    def energy(self, states: Tensor) -> Tensor:
        """Return the energy of each state [b, dimension]; at least 0, at most 2 M² within M."""
        self._require_patterns()
        overlap = states.to(self.patterns) @ self.patterns.T
        weights = entmax(self.beta * overlap, self.alpha)
        gained = (weights * overlap).sum(dim=1) + entropy(weights, self.alpha) / self.beta
        even = states.new_full((1, len(self)), 1.0 / len(self)).to(self.patterns)
        constant = entropy(even, self.alpha) / self.beta + self.longest() ** 2 / 2
        return -gained + states.to(self.patterns).square().sum(dim=1) / 2 + constant

    def longest(self) -> float:
        """Return M, the length of the longest pattern."""
        self._require_patterns()
        return float(torch.linalg.vector_norm(self.patterns, dim=1).max())

    def separation(self) -> Tensor:
        """Return Δ of each pattern, [N]: x·x less the largest x·y; infinite for a single one."""
        self._require_patterns()
        parts = []
        for start in range(0, len(self), 1024):
            own = self.patterns[start : start + 1024]
            products = own @ self.patterns.T
            place = torch.arange(len(own), device=own.device)
            products[place, place + start] = -torch.inf
            parts.append(own.square().sum(dim=1) - products.amax(dim=1))
        return torch.cat(parts)

    def fixed_points(self) -> Tensor:
        """Tell which patterns surely have a fixed point of their own, bool [N].

        For softmax by Ramsauer's condition (`hopfield_theory`); with sparse attention exactly the
        pattern itself, from β Δ ≥ 1/(α−1) on.
        """
        if self.alpha == 1.0:
            count, longest = len(self), self.longest()
            least = 2 / (self.beta * count)
            inside = 2 * (count - 1) * count * self.beta * longest**2
            needed = least + float(torch.tensor(max(inside, 1.0)).log()) / self.beta
        else:
            needed = margin(self.alpha) / self.beta
        return self.separation() >= needed

    def regime(self, queries: Tensor, *, share: float = 0.9) -> Tensor:
        """Return how many patterns hold `share` of the settled attention, int64 [b].

        1: the state rests at a pattern. A few: at the mean of these (metastable). About share · N:
        at the mean of all, β is too low.
        """
        ordered = self.retrieve(queries).attention.sort(dim=1, descending=True).values
        return (ordered.cumsum(dim=1) < share).sum(dim=1) + 1

    def suggest_beta(self, *, error: float = 0.01, share: float = 0.95) -> float:
        """Return the smallest β that retrieves `share` of the stored patterns within `error`.

        From the patterns' own separations, not from their number alone.

        Raises:
            InvalidInputError: If too many patterns are equal to others for any β to be enough.
        """
        separation = float(torch.quantile(self.separation().double(), 1.0 - share))
        if self.alpha != 1.0 and separation > 0:
            return margin(self.alpha) / separation
        return theory.beta_for_error(len(self), separation, error=error, longest=self.longest())

    def _require_patterns(self) -> None:
        if not len(self):
            raise InvalidInputError("no pattern is stored; call store() first")

    def _load_from_state_dict(
        self, state_dict: dict[str, object], prefix: str, *args: object, **kwargs: object
    ) -> None:
        stored = state_dict.get(prefix + "patterns")
        if isinstance(stored, Tensor) and stored.ndim == 2:
            self.patterns = self.patterns.new_empty(stored.shape)
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)
