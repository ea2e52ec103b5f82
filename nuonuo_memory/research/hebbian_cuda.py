# mypy: disable-error-code="no-untyped-call"
"""Walks over associations on a GPU: buffers of fixed shapes and a captured graph for each."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import torch
import triton
from torch import Tensor

from nuonuo_memory.engine.cuda.capture import capture
from nuonuo_memory.research import hebbian_kernels

TOGETHER = 64
"""Walks of one graph at most; their sums take 131 KB each at 16,384."""
_GRAPHS = 8
_ROWS = 32


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of codes on a GPU, of which the first `used` count.

    Attributes:
        cues: int16 [room, winners]; a cleared row is -1 throughout.
        targets: int16 [room, winners], likewise.
        strengths: int32 [room]; 0 in a cleared row.
        used: Rows in use.
        code_dim: Size of a code.
        order: Power of the overlap.
    """

    cues: Tensor
    targets: Tensor
    strengths: Tensor
    used: int
    code_dim: int
    order: int

    @property
    def winners(self) -> int:
        """Ones in a code."""
        return self.cues.shape[1]


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a graph is made for: the pairs' places in memory, and the walks."""

    places: tuple[int, int, int]
    room: int
    batch: int
    hops: int
    support: float


class DeviceWalks:
    """Follows associations; holds the last used graphs, and the tensors that they point at."""

    def __init__(self) -> None:
        self._graphs: OrderedDict[_Shape, Walker] = OrderedDict()

    def walk(
        self, pairs: Pairs, codes: Tensor, *, hops: int, support: float
    ) -> tuple[Tensor, Tensor]:
        """Return codes int32 [b, hops, winners] and support float64 [b, hops], without waiting."""
        reached, supports = [], []
        for part in torch.split(codes, TOGETHER):
            walker = self.start(pairs, part, hops=hops, support=support)
            reached.append(walker.out_codes[: len(part)].clone())
            supports.append(walker.out_support[: len(part)].clone())
        return torch.cat(reached), torch.cat(supports)

    def start(self, pairs: Pairs, codes: Tensor, *, hops: int, support: float) -> Walker:
        """Launch walks from at most TOGETHER codes; the walker holds the results until the next."""
        tensors = (pairs.cues, pairs.targets, pairs.strengths)
        first, second, third = (tensor.data_ptr() for tensor in tensors)
        batch = 1 << (len(codes) - 1).bit_length()
        shape = _Shape((first, second, third), len(pairs.cues), batch, hops, support)
        walker = self._graphs.pop(shape, None)
        if walker is None:
            walker = Walker(pairs, batch, hops=hops, support=support)
            walker.capture()
            if len(self._graphs) == _GRAPHS:
                self._graphs.popitem(last=False)
        self._graphs[shape] = walker
        walker.run(codes, pairs.used)
        return walker


class Walker:
    """All steps of some walks, as a graph over buffers of its own."""

    def __init__(self, pairs: Pairs, batch: int, *, hops: int, support: float) -> None:
        self._pairs = pairs
        self._hops = hops
        self._support = support
        self._graph: torch.cuda.CUDAGraph | None = None
        self._counted = -1
        device, winners = pairs.cues.device, pairs.winners

        def room(dtype: torch.dtype, *sizes: int) -> Tensor:
            return torch.zeros(sizes, dtype=dtype, device=device)

        self._codes = room(torch.int32, batch, winners)
        self._used = room(torch.int64, 1)
        self._marks = room(torch.uint8, batch, pairs.code_dim)
        self._sums = room(torch.int64, batch, pairs.code_dim)
        self._visited = room(torch.int32, batch, hops + 1, winners)
        self._alive = room(torch.int32, batch)
        self.out_codes: Tensor = room(torch.int32, batch, hops, winners)
        self.out_support: Tensor = room(torch.float64, batch, hops)

    def run(self, codes: Tensor, used: int) -> None:
        """Walk from codes int32 [b, winners] over the first `used` pairs."""
        if used != self._counted:
            self._used.fill_(used)
            self._counted = used
        self._codes[: len(codes)].copy_(codes)
        if self._graph is None:
            self.launch()
        else:
            self._graph.replay()

    def launch(self) -> None:
        """Launch every kernel once, on the current stream."""
        pairs, batch = self._pairs, len(self._codes)
        sizes = {
            "CODE": pairs.code_dim,
            "WINNERS": pairs.winners,
            "WIDE": triton.next_power_of_2(pairs.winners),
        }
        whole = {"WIDE_CODE": triton.next_power_of_2(pairs.code_dim), "PLACES": self._hops + 1}
        warps = max(1, min(32, whole["WIDE_CODE"] // 512))
        hebbian_kernels.begin[(batch,)](
            self._codes, self._marks, self._visited, self._alive, **sizes, **whole, num_warps=8
        )
        for number in range(self._hops):
            hebbian_kernels.add_up[(triton.cdiv(len(pairs.cues), _ROWS), batch)](
                pairs.cues, pairs.targets, pairs.strengths, self._used, self._marks, self._sums,
                **sizes, ORDER=pairs.order, ROWS=_ROWS, num_warps=4,
            )  # fmt: skip
            hebbian_kernels.choose[(batch,)](
                self._sums, self._marks, self._visited, self._alive, self.out_codes,
                self.out_support, number, self._support,
                **sizes, **whole, WHOLE=pairs.winners ** (pairs.order + 1), num_warps=warps,
            )  # fmt: skip

    def capture(self) -> None:
        """Record the launches; `run` replays them from then on."""
        self._graph = capture(self.launch, self._codes.device)
