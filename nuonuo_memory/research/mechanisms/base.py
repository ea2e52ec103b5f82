"""What every recall mechanism does, and the settings that they share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

from nuonuo_memory.config import HopfieldConfig
from nuonuo_memory.engine.hopfield.settle import by_memory
from nuonuo_memory.errors import InvalidInputError
from nuonuo_memory.research.codes import CodeTable, grown
from nuonuo_memory.research.separation import (
    CODE_DIM,
    WINNERS,
    PatternSeparator,
    Separator,
    check_vectors,
)


@dataclass(frozen=True, slots=True)
class MechanismConfig:
    """Settings of the recall mechanisms; each reads those it needs.

    Attributes:
        code_dim: Size of a code.
        winners: Ones in a code.
        seed: Makes the random projection.
        order: Power of the overlap (polynomial); see `research/hebbian.py`.
        beta: Inverse temperature over shares of overlapping ones (Hopfield on codes); when `None`
            the one that theory asks for at the number of cues stored and `separation`.
        separation: Lead in share of ones that a paraphrase's own cue has over others.
        steps: Iterations at most, of the mechanisms on codes.
        spike_steps: Time steps of the spiking network; more find less.
        auto_strength: Strength of cue ⊗ cue against 2 for target ⊗ cue (recurrent).
        inhibition: Share of a unit's expected activity that is subtracted (recurrent).
        candidates: Memories that the first stage finds (coarse-to-fine).
        hopfield: Settings of two-stage recall; β is above the product's, whose memories have many
            cues that count together: where a memory has one cue a low β only blurs.
    """

    code_dim: int = CODE_DIM
    winners: int = WINNERS
    seed: int = 0
    order: int = 3
    beta: float | None = None
    separation: float = 0.2
    steps: int = 3
    spike_steps: int = 10
    auto_strength: int = 1
    inhibition: float = 1.0
    candidates: int = 20
    hopfield: HopfieldConfig = field(
        default_factory=lambda: HopfieldConfig(candidates=64, beta=100.0)
    )

    def separator(self, dimension: int, device: torch.device | str) -> PatternSeparator:
        """Make the random separator that these settings describe."""
        return PatternSeparator(
            dimension,
            code_dim=self.code_dim,
            winners=self.winners,
            seed=self.seed,
            device=device,
        )


@dataclass(frozen=True, slots=True)
class Recalled:
    """The memories that a batch of queries recalled.

    Attributes:
        ids: Memories, best first, int64 [b, k]; -1 where fewer than k came up.
        scores: Higher is better, float64 [b, k]; -inf where the id is -1.
    """

    ids: Tensor
    scores: Tensor


class Mechanism(Protocol):
    """Stores cues that lead to memories, and recalls memories from vectors like these cues."""

    def store(self, cues: Tensor, targets: Tensor, ids: Tensor) -> None:
        """Store that each cue leads to a memory.

        Args:
            cues: Float [n, dimension].
            targets: The memories' own vectors, float [n, dimension].
            ids: The memories, int64 [n]; several cues may lead to one.

        Raises:
            VectorError: If vectors have the wrong shape or are not finite.
            InvalidInputError: If the numbers of rows differ.
        """
        ...

    def recall(self, queries: Tensor, *, k: int = 1) -> Recalled:
        """Return the `k` memories that each query (float [b, dimension]) recalls."""
        ...


class Factory(Protocol):
    """Makes a mechanism; every mechanism's class is one."""

    def __call__(
        self,
        dimension: int,
        *,
        config: MechanismConfig | None = None,
        device: torch.device | str = "cpu",
        separator: Separator | None = None,
    ) -> Mechanism:
        """Make an empty mechanism; `separator` stands in for the random one."""
        ...


class OnCodes:
    """A mechanism's sizes, settings and separator; what it keeps is made by `_prepare`.

    Args:
        dimension: Size of a vector.
        config: Settings.
        device: Where codes are kept.
        separator: Stands in for the random one that the settings describe.
    """

    def __init__(
        self,
        dimension: int,
        *,
        config: MechanismConfig | None = None,
        device: torch.device | str = "cpu",
        separator: Separator | None = None,
    ) -> None:
        self.dimension = dimension
        self.config: MechanismConfig = config or MechanismConfig()
        self.separator: Separator | PatternSeparator = separator or self.config.separator(
            dimension, device
        )
        self._prepare(self.separator.code_dim, self.separator.winners, torch.device(device))

    def _prepare(self, code_dim: int, winners: int, device: torch.device) -> None:
        """Make what the mechanism keeps, empty."""
        raise NotImplementedError


class CueVectors:
    """Unit vectors of cues, and the memories that they lead to.

    Attributes:
        ids: int64 [n], the memory of each cue.
    """

    def __init__(self, dimension: int, *, device: torch.device | str) -> None:
        self.ids: Tensor = torch.empty(0, dtype=torch.int64, device=device)
        self._vectors = torch.empty(0, dimension, device=device)

    @property
    def vectors(self) -> Tensor:
        """Unit vectors, float32 [n, dimension]. A view: do not write."""
        return self._vectors[: len(self.ids)]

    def add(self, cues: Tensor, ids: Tensor) -> None:
        """Add cues, float [n, dimension], and the memories that they lead to, int64 [n]."""
        start, end = len(self.ids), len(self.ids) + len(ids)
        self._vectors = grown(self._vectors, end)
        self._vectors[start:end] = self.unit(cues)
        self.ids = torch.cat([self.ids, ids.to(self.ids)])

    def unit(self, vectors: Tensor) -> Tensor:
        """Scale vectors to length one, float32 on this device."""
        return functional.normalize(vectors.to(self._vectors), dim=1)


class TargetTable:
    """The codes of memories, to read out which memory a recalled code means."""

    def __init__(self, separator: Separator, *, device: torch.device | str) -> None:
        self._table = CodeTable(separator.code_dim, separator.winners, device=device)
        self._ids = torch.empty(0, dtype=torch.int64, device=device)

    def add(self, codes: Tensor, ids: Tensor) -> None:
        """Add the memories that are not there yet, with their codes [n, winners]."""
        ids = ids.to(self._ids.device)
        fresh = ~torch.isin(ids, self._ids)
        order = torch.sort(ids[fresh], stable=True)
        first = torch.ones_like(order.values, dtype=torch.bool)
        first[1:] = order.values[1:] != order.values[:-1]
        rows = fresh.nonzero()[:, 0][order.indices[first]]
        self._table.add(codes[rows])
        self._ids = torch.cat([self._ids, ids[rows]])

    def shares(self, codes: Tensor) -> Tensor:
        """Return the share of ones that codes have in common with every memory, float64 [b, m]."""
        return self._table.shared(codes).double() / self._table.winners

    def best(self, shares: Tensor, k: int) -> Recalled:
        """Return the `k` memories of the largest shares [b, m]; ties go to the lowest id."""
        order = torch.argsort(self._ids)
        return best_of(shares[:, order], self._ids[order].expand(len(shares), -1), k)


def best_of(scores: Tensor, ids: Tensor, k: int) -> Recalled:
    """Return the `k` best of scores [b, m] with their ids [b, m]; the first wins a tie."""
    order = torch.sort(scores, dim=1, descending=True, stable=True).indices[:, :k]
    found = Recalled(ids.gather(1, order), scores.gather(1, order).double())
    missing = k - order.shape[1]
    if missing <= 0:
        return found
    pad = torch.nn.functional.pad
    return Recalled(
        pad(found.ids, (0, missing), value=-1),
        pad(found.scores, (0, missing), value=-torch.inf),
    )


def by_attention(attention: Tensor, ids: Tensor, k: int) -> Recalled:
    """Return the `k` memories that hold most attention [b, c], whose cues lead to ids [b, c]."""
    memories, mass, _ = by_memory(attention, ids)
    return best_of(mass.masked_fill(memories < 0, -torch.inf), memories, k)


def check_rows(cues: Tensor, targets: Tensor, ids: Tensor, dimension: int) -> None:
    """Check what is to be stored.

    Raises:
        VectorError: If vectors have the wrong shape or are not finite.
        InvalidInputError: If the numbers of rows differ or ids are no whole numbers from 0.
    """
    check_vectors(cues, dimension)
    check_vectors(targets, dimension)
    if not len(cues) == len(targets) == len(ids):
        raise InvalidInputError(
            "expected one target and one id for each cue, "
            f"got {len(cues)} cues, {len(targets)} targets, {len(ids)} ids"
        )
    if ids.dtype != torch.int64 or bool((ids < 0).any()):
        raise InvalidInputError(f"expected ids that are int64 and 0 or more, got {ids.dtype}")
