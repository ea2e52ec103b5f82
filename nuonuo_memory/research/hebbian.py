"""Hebbian association of sparse codes, in two forms that give equal results.

    learn       W += s · t cᵀ        c: cue code, t: target code, s: strength, a whole number
    recall      next = WTA(W c)

`DenseAssociator` (hebbian_dense.py) keeps W. `FactoredAssociator` keeps the pairs:
W c = Σᵢ sᵢ tᵢ (cᵢ·c) needs no matrix, takes 4 MB of codes for 20,000 pairs where the matrix takes
1,074 MB, and forgets exactly because nothing was summed. All numbers are integers, so the two
agree to the last bit.

**Order.** With order n the overlap counts by its power: Σᵢ sᵢ tᵢ (cᵢ·c)ⁿ, a dense associative
memory (Krotov & Hopfield 2016, arXiv:1606.01164) that no matrix can hold. Codes of real sentences
share more than random ones do: at order 1, the matrix's, recall from exact cues breaks at about
2,000 pairs of sentences, at order 2 it is still exact at 10,000 (docs/research/lineage.md).

**No way back.** A walk of several hops must not return to where it was. Before each winner-take-all
the codes already visited are explained away: of each visited v as much is taken from the sums as
they hold of it, min over v's ones of (W c). That needs nothing but the sums, so that both forms do
the same.
"""

from __future__ import annotations

import ctypes
import hashlib
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor

from nuonuo_memory.errors import InvalidInputError, NotFoundError
from nuonuo_memory.research.codes import CodeTable, grown
from nuonuo_memory.research.separation import CODE_DIM, WINNERS, winner_take_all

if TYPE_CHECKING:
    from nuonuo_memory.research.hebbian_cuda import DeviceWalks, Pairs

_WORK = 2**21  # entries of a temporary tensor at most: a few queries' work stays in the cache
SUPPORT = 0.5
"""A hop with less support than this has left what was learned: the walk ends."""


@dataclass(frozen=True, slots=True)
class Walk:
    """Where a batch of walks went.

    Attributes:
        codes: The code after each hop, int32 [b, hops, winners]; -1 where a walk had ended.
        support: Mean sum over the winners by winners ** order, float64 [b, hops]; 1 when one
            association of strength 1 was followed from its exact cue, 0 where a walk had ended.
    """

    codes: Tensor
    support: Tensor

    @property
    def last(self) -> Tensor:
        """The code after the last hop, int32 [b, winners]."""
        return self.codes[:, -1]


class HebbianAssociator(Protocol):
    """What both forms do; `cues` and `targets` are codes, int32 [n, winners], row by row."""

    code_dim: int
    winners: int
    order: int

    def learn(self, cues: Tensor, targets: Tensor, *, strength: int = 1) -> None:
        """Strengthen each pair by `strength`."""
        ...

    def weaken(self, cues: Tensor, targets: Tensor, *, strength: int = 1) -> None:
        """Take `strength` from each pair, or all it has."""
        ...

    def unlearn(self, cues: Tensor, targets: Tensor) -> None:
        """Remove each pair wholly; the state equals one that never learned it."""
        ...

    def sums(self, codes: Tensor) -> Tensor:
        """Return W c for each code, int64 [b, code_dim]."""
        ...

    def recall(self, codes: Tensor, *, hops: int = 1, support: float = SUPPORT) -> Walk:
        """Follow `hops` associations from each code."""
        ...

    def fingerprint(self) -> str:
        """Return a digest of what was learned, whatever the order."""
        ...


def walk(
    memory: HebbianAssociator, codes: Tensor, *, hops: int = 1, support: float = SUPPORT
) -> Walk:
    """Follow `hops` associations from each code (int32 [b, winners]) and never turn back.

    Raises:
        InvalidInputError: If `hops` is below 1.
    """
    # A tensor: by a number, a GPU would multiply with its rounded inverse.
    whole = torch.full(
        (len(codes),),
        float(memory.winners ** (memory.order + 1)),
        dtype=torch.float64,
        device=codes.device,
    )
    if hops < 1:
        raise InvalidInputError(f"hops must be at least 1, got {hops}")
    visited = [codes]
    alive = torch.ones(len(codes), dtype=torch.bool, device=codes.device)
    reached, supports = [], []
    for _ in range(hops):
        sums = memory.sums(visited[-1])
        for code in reversed(visited):
            _explain_away(sums, code)
        winners = winner_take_all(sums, memory.winners)
        share = sums.gather(1, winners.long()).sum(dim=1).double() / whole
        alive = alive & (share >= support) & (share > 0)
        reached.append(torch.where(alive[:, None], winners, -1))
        supports.append(torch.where(alive, share, 0.0))
        visited.append(winners)
    return Walk(torch.stack(reached, dim=1), torch.stack(supports, dim=1))


def _explain_away(sums: Tensor, code: Tensor) -> None:
    """Take out of `sums` [b, code_dim], in place, as much of `code` [b, winners] as they hold."""
    index = code.long()
    held = sums.gather(1, index)
    sums.scatter_(1, index, held - held.amin(dim=1, keepdim=True))


class FactoredAssociator:
    """Pairs of codes with whole-number strengths; the default form.

    Args:
        code_dim: Size of a code.
        winners: Ones in a code.
        order: Power of the overlap, 1 to 4; 1 equals the dense matrix, 2 or more holds many
            thousand pairs of real sentences.
        device: Where the pairs live.

    Raises:
        InvalidInputError: If a size or the order is out of range.
    """

    def __init__(
        self,
        code_dim: int = CODE_DIM,
        winners: int = WINNERS,
        *,
        order: int = 1,
        device: torch.device | str = "cpu",
    ) -> None:
        if not 1 <= order <= 4:
            raise InvalidInputError(f"order must be from 1 to 4, got {order}")
        self.order = order
        self.code_dim = code_dim
        self.winners = winners
        self.device: torch.device = torch.device(device)
        self._cues = CodeTable(code_dim, winners, device=device)
        self._targets = CodeTable(code_dim, winners, device=device)
        self._strength = torch.empty(0, dtype=torch.int32, device=self.device)
        self._cleared = 0
        self._walks: DeviceWalks | None = None

    def __len__(self) -> int:
        return len(self._cues) - self._cleared

    @property
    def nbytes(self) -> int:
        """Bytes held for the pairs, spare room and index included."""
        strengths = self._strength.numel() * self._strength.element_size()
        return self._cues.nbytes + self._targets.nbytes + strengths

    def learn(self, cues: Tensor, targets: Tensor, *, strength: int = 1) -> None:
        """Strengthen each pair by `strength`.

        Raises:
            InvalidInputError: If the shapes differ, or `strength` is below 1.
        """
        check_pairs(cues, targets, strength)
        self._cues.check(cues)
        self._targets.check(targets)
        rows = self._cues.add(cues)
        self._targets.add(targets)
        self._strength = grown(self._strength, len(self._cues))
        self._strength[rows] = strength

    def weaken(self, cues: Tensor, targets: Tensor, *, strength: int = 1) -> None:
        """Take `strength` from each pair, or all it has; a pair given twice loses it twice.

        Raises:
            NotFoundError: If a pair was never learned; then nothing changes.
        """
        check_pairs(cues, targets, strength)
        self._cues.check(cues)
        before = self._strength.clone()
        for query, rows in enumerate(self._find(cues, targets)):
            left = strength
            if not bool((before[rows] > 0).any()):
                self._strength = before
                raise unknown_pair(query)
            for row in rows.tolist():
                taken = min(left, int(self._strength[row]))
                self._strength[row] -= taken
                left -= taken
        self._sweep()

    def unlearn(self, cues: Tensor, targets: Tensor) -> None:
        """Remove each pair wholly; the state equals one that never learned it.

        Raises:
            NotFoundError: If a pair was never learned; then nothing changes.
        """
        check_pairs(cues, targets)
        self._cues.check(cues)
        found = self._find(cues, targets)
        for query, rows in enumerate(found):
            if not len(rows):
                raise unknown_pair(query)
        if found:
            self._strength[torch.cat(found)] = 0
        self._sweep()

    def sums(self, codes: Tensor) -> Tensor:
        """Return Σᵢ sᵢ tᵢ (cᵢ·c)ⁿ for each code, int64 [b, code_dim]; W c at order 1."""
        codes = codes.to(self.device)
        shared = self._cues.shared(codes)
        out = torch.zeros(len(codes), self.code_dim, dtype=torch.int64, device=self.device)
        if self.device.type == "cpu":
            self._gather_hits(shared, out)
        else:
            self._gather_all(shared, out)
        return out

    def recall(self, codes: Tensor, *, hops: int = 1, support: float = SUPPORT) -> Walk:
        """Follow `hops` associations from each code (int32 [b, winners]) and never turn back.

        Args:
            codes: Where to start: the exact code of a stored cue, not of a noisy question.
            hops: How many associations to follow.
            support: A hop with less support than this ends its walk.

        Raises:
            InvalidInputError: If the codes are malformed or `hops` is below 1.
        """
        self._cues.check(codes)
        walks = self._on_device(hops)
        if walks is None or not len(codes):
            return walk(self, codes.to(self.device), hops=hops, support=support)
        return Walk(*walks.walk(self._pairs(), codes.to(self.device), hops=hops, support=support))

    def _on_device(self, hops: int) -> DeviceWalks | None:
        """Return the kernels' walks, made when first asked for; None where they cannot be."""
        fits = self.code_dim <= 2**14 and hops >= 1 and len(self._cues) > 0
        if self.device.type != "cuda" or not fits or find_spec("triton") is None:
            return None
        if self._walks is None:
            from nuonuo_memory.research.hebbian_cuda import DeviceWalks  # needs Triton

            self._walks = DeviceWalks()
        return self._walks

    def _pairs(self) -> Pairs:
        from nuonuo_memory.research.hebbian_cuda import Pairs  # needs Triton

        room = self._cues.room, self._targets.room, self._strength
        return Pairs(*room, len(self._cues), self.code_dim, self.order)

    def fingerprint(self) -> str:
        """Return a digest of pairs and strengths, independent of order and of storage."""
        kept = self._strength[: len(self._cues)] > 0
        pairs = torch.cat([self._cues.rows[kept], self._targets.rows[kept]], dim=1).cpu()
        unique, place = torch.unique(pairs, dim=0, return_inverse=True)
        strength = torch.zeros(len(unique), dtype=torch.int64)
        strength.index_add_(0, place, self._strength[: len(self._cues)][kept].cpu().long())
        return digest_rows(unique, strength)

    def _gather_hits(self, shared: Tensor, out: Tensor) -> None:
        """Add up the targets of the pairs that share a one with the cue."""
        step = max(1, _WORK // (self.winners * max(1, len(self._cues))))
        for start in range(0, len(shared), step):
            query, pair = shared[start : start + step].nonzero(as_tuple=True)
            index = self._targets.rows[pair].long() + ((query + start) * self.code_dim)[:, None]
            weight = self._weigh(shared[query + start, pair]) * self._strength[pair]
            flat = weight[:, None].expand_as(index).reshape(-1)
            out.view(-1).scatter_add_(0, index.reshape(-1), flat)

    def _gather_all(self, shared: Tensor, out: Tensor) -> None:
        """Add up all targets, without a synchronisation (integers: any order gives the same)."""
        rows = self._targets.rows
        index = rows.clamp_min(0).reshape(-1).int()  # a cleared pair has strength 0
        step = max(1, _WORK // max(1, index.numel()))
        for start in range(0, len(shared), step):
            weight = self._weigh(shared[start : start + step]) * self._strength[: len(self._cues)]
            weight = weight.repeat_interleave(self.winners, dim=1)
            out[start : start + step].index_add_(1, index, weight)

    def _weigh(self, shared: Tensor) -> Tensor:
        """Return overlaps to the power of the order, int64."""
        weight = shared.long()
        return weight if self.order == 1 else weight.pow(self.order)

    def _find(self, cues: Tensor, targets: Tensor) -> list[Tensor]:
        """Return the rows that hold each pair, int64, oldest first."""
        found = []
        targets = targets.to(self.device)
        for start in range(0, len(cues), 256):
            same = self._cues.shared(cues[start : start + 256]) == self.winners
            for offset, row in enumerate(same):
                rows = row.nonzero()[:, 0]
                equal = (self._targets.codes(rows) == targets[start + offset]).all(dim=1)
                found.append(rows[equal])
        return found

    def _sweep(self) -> None:
        """Erase the pairs that have no strength left; make room once half the rows are erased."""
        used = self._strength[: len(self._cues)]
        gone = ((used == 0) & (self._cues.rows[:, 0] >= 0)).nonzero()[:, 0]
        self._cues.clear(gone)
        self._targets.clear(gone)
        self._cleared += len(gone)
        if self._cleared * 2 > len(used):
            kept = used > 0
            for table in (self._cues, self._targets):
                table.keep(kept)
            self._strength = used[kept].clone()
            self._cleared = 0


def check_pairs(cues: Tensor, targets: Tensor, strength: int = 1) -> None:
    """Check that pairs can be learned.

    Raises:
        InvalidInputError: If the shapes differ, or `strength` is below 1.
    """
    if cues.shape != targets.shape:
        raise InvalidInputError(
            f"expected as many targets as cues, got {list(cues.shape)} and {list(targets.shape)}"
        )
    if strength < 1:
        raise InvalidInputError(f"strength must be a whole number from 1, got {strength}")


def unknown_pair(query: int) -> NotFoundError:
    """Make the error for a pair that was never learned."""
    return NotFoundError(f"pair {query} of the batch was never learned; nothing was changed")


def digest_rows(keys: Tensor, values: Tensor) -> str:
    """SHA-256 of rows that are in canonical order, and of their values."""
    digest = hashlib.sha256()
    for part in (keys, values):
        digest.update(repr(tuple(part.shape)).encode())
        digest.update(as_bytes(part))
    return digest.hexdigest()


def as_bytes(tensor: Tensor) -> bytes:
    """Return the bytes of a tensor, row by row."""
    held = tensor.detach().cpu().contiguous()
    return ctypes.string_at(held.data_ptr(), held.numel() * held.element_size())
