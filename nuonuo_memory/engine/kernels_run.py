# mypy: disable-error-code="no-untyped-call"
"""Running the kernels: buffers of fixed shapes and a captured graph for each."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import triton
from torch import Tensor

from nuonuo_memory.config import HopfieldConfig
from nuonuo_memory.engine import kernels, kernels_batch
from nuonuo_memory.engine.kernels_settle import combine, conclude, gram, step
from nuonuo_memory.engine.retrieval import Retrieved
from nuonuo_memory.engine.tiles import TILE, Tiles

LIST_FEW, LIST_MANY = 4096, 8192
"""Rows a query may have left after the bounds; more, and the plain search answers it."""
MOST_CANDIDATES = 128
_ROOM = 256
"""Queries that a tile may matter to, in a batch; more, and the plain search answers them."""
_HELD = 4096
"""Maxima that the threshold's search holds at once."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What a captured graph is made for.

    Attributes:
        queries: A power of two.
        dimension: Of the vectors.
        tiles: Room for so many.
        reach: Tiles that one query has at most, a power of two.
        together: Queries that share a tile, 1 to 64; 0 when all share all tiles and the batch
            kernel takes them.
        block: Rows of one maximum, for the small kernel.
        k: Memories wanted.
        config: The network.
    """

    queries: int
    dimension: int
    tiles: int
    reach: int
    together: int
    block: int
    k: int
    config: HopfieldConfig


class Recaller:
    """All steps of recall for one shape, as a graph over buffers of its own.

    The tiles' table, the query and the results live in fixed places, so that the graph holds
    while the arena grows, as long as its tiles fit.
    """

    def __init__(self, shape: Shape, device: torch.device, *, capture: bool = True) -> None:
        self.shape = shape
        self.wide = 1 << (max(16, shape.config.candidates) - 1).bit_length()
        self.list = LIST_FEW if shape.together else LIST_MANY
        self._device = device
        self._tiles: Tiles | None = None
        self._graph: torch.cuda.CUDAGraph | None = None
        batch = -(-shape.queries // 8) * 8
        self._query_buffers(batch)
        self._scan_buffers(batch)
        self._list_buffers(batch)
        self._result_buffers(batch)
        if capture:
            self._capture()

    def _room(self, dtype: torch.dtype, *sizes: int) -> Tensor:
        return torch.zeros(sizes, dtype=dtype, device=self._device)

    def _query_buffers(self, batch: int) -> None:
        d = self.shape.dimension
        self.queries = self._room(torch.float32, batch, d)
        self.planes = self._room(torch.int8, batch, 2, d)
        self.factor = self._room(torch.float32, batch)
        self.codes = self._room(torch.float64, batch, d)
        self.unit = self._room(torch.float64, batch)
        self.lengths = self._room(torch.float64, batch)
        self.residual = self._room(torch.float32, batch)

    def _scan_buffers(self, batch: int) -> None:
        s = self.shape
        self.table = self._room(torch.int64, s.tiles, 8)
        self.count = self._room(torch.int64, 1)
        self.ranges = self._room(torch.int64, batch, 3)
        self.longest = self._room(torch.float32, 1)
        self.limits = self._room(torch.float32, batch)
        if s.together:
            blocks = s.tiles * (TILE // s.block)
            self.uppers = self._room(torch.float32, s.tiles * TILE, s.together)
            self.peaks = self._room(torch.float32, blocks, s.together)
            self.crests = self._room(torch.float32, blocks, s.together)
        else:
            self.peaks = self._room(torch.float32, s.tiles, batch)
            self.crests = self._room(torch.float32, s.tiles, batch)
            self.pairs = self._room(torch.int32, s.tiles, _ROOM)
            self.sizes = self._room(torch.int32, s.tiles)

    def _list_buffers(self, batch: int) -> None:
        self.counters = self._room(torch.int32, batch, 2)
        self.entries = self._room(torch.int64, batch, self.list)
        self.similarity = self._room(torch.float64, batch, self.list)
        self.cues = self._room(torch.int64, batch, self.list)
        self.memories = self._room(torch.int64, batch, self.list)
        self.kept = self._room(torch.int64, batch, self.list)
        self.best = self._room(torch.int32, batch, self.wide)
        self.grams = self._room(torch.float64, batch, self.wide, self.wide)
        steps = self.shape.config.max_steps
        self.weights = self._room(torch.float64, batch, steps, self.wide)
        self.overlaps = self._room(torch.float64, batch, steps, self.wide)
        self.shares = self._room(torch.float64, batch, self.wide)

    def _result_buffers(self, batch: int) -> None:
        k = self.shape.k
        self.out_memories = self._room(torch.int64, batch, k)
        self.out_scores = self._room(torch.float64, batch, k)
        self.out_cues = self._room(torch.int64, batch, k)
        self.out_similarity = self._room(torch.float64, batch, k)
        self.out_scalars = self._room(torch.float64, batch, 3)
        self.out_state = self._room(torch.float64, batch, self.shape.dimension)
        self.status = self._room(torch.int32, batch)

    def load(self, tiles: Tiles) -> None:
        """Take another table; nothing happens when it is the one in place."""
        if tiles is self._tiles:
            return
        size = len(tiles.table)
        self.table[:size].copy_(tiles.table)
        self.count.fill_(size)
        if self.shape.together:
            self.ranges.zero_()
            self.ranges[: len(tiles.ranges)].copy_(tiles.ranges)
        else:
            self.longest.fill_(tiles.longest)
            self.ranges[:, 1] = size
            self.ranges[:, 2] = torch.arange(len(self.ranges), device=self._device)
        self._tiles = tiles

    def run(self, queries: Tensor) -> None:
        """Recall queries [B, d]; the results are in `out_*` when the stream gets there."""
        self.queries[: len(queries)].copy_(queries)
        if self._graph is None:
            self.launch()
        else:
            self._graph.replay()

    def results(self, n: int) -> Retrieved:
        """Return copies of the first n results, without waiting for them."""
        energy, entropy, margin = self.out_scalars[:n].T.clone()
        return Retrieved(
            self.out_memories[:n].clone(),
            self.out_scores[:n].clone(),
            self.out_cues[:n].clone(),
            self.out_similarity[:n].clone(),
            energy,
            entropy,
            margin,
            self.out_state[:n].clone(),
        )

    def candidates(self, n: int) -> Tensor:
        """Return the cue ids [n, c] that entered the network, best first, -1 for none."""
        best = self.best[:n, : self.shape.config.candidates].to(torch.int64)
        cues = self.cues[:n].gather(1, best.clamp(min=0))
        return torch.where(best >= 0, cues, -1)

    def launch(self) -> None:
        """Launch every kernel once, on the current stream."""
        d, n = self.shape.dimension, self.shape.queries
        bits = min(28, 38 - max(1, d - 1).bit_length())
        kernels.prepare[(n,)](
            self.queries, self.planes, self.factor, self.codes, self.unit, self.lengths,
            self.residual, D=d, WIDE=triton.next_power_of_2(d), BITS=bits, num_warps=4,
        )  # fmt: skip
        if self.shape.together:
            self._scan_few()
        else:
            self._scan_many()
        self._finish()

    def _scan_few(self) -> None:
        s, per_tile = self.shape, TILE // self.shape.block
        kernels.scan[(s.tiles,)](
            self.table, self.count, self.planes, self.factor, self.uppers, self.peaks, self.crests,
            D=s.dimension, BK=part_of(s.dimension), Q=s.together, WIDE=max(8, s.together),
            BLOCK=s.block, num_warps=8 if s.together > 16 else 4, num_stages=3,
        )  # fmt: skip
        self._threshold(s.reach * per_tile, q=s.together, per_tile=per_tile)
        kernels.collect[(triton.cdiv(s.tiles, 16), s.together)](
            self.table, self.count, self.uppers, self.crests, self.limits, self.counters,
            self.entries, Q=s.together, PER_TILE=per_tile, GROUP=16, LIST=self.list, num_warps=4,
        )  # fmt: skip

    def _scan_many(self) -> None:
        s, width = self.shape, self.peaks.shape[1]
        kernels_batch.scan_batch[(s.tiles * triton.cdiv(s.queries, 128),)](
            self.table, self.count, self.planes, self.factor, self.peaks, self.crests,
            s.queries, width, D=s.dimension, BK=part_of(s.dimension), QUERIES=128,
            num_warps=4, num_stages=3,
        )  # fmt: skip
        self._threshold(s.tiles, q=width, per_tile=1)
        kernels_batch.pair[(s.tiles,)](
            self.count, self.crests, self.limits, self.residual, self.longest, self.counters,
            self.pairs, self.sizes, s.queries, width, PART=1024, ROOM=_ROOM, LIST=self.list,
            num_warps=4,
        )  # fmt: skip
        kernels_batch.scan_pairs[(s.tiles,)](
            self.table, self.count, self.planes, self.factor, self.residual, self.longest,
            self.limits, self.counters, self.entries, self.pairs, self.sizes,
            D=s.dimension, BK=part_of(s.dimension), QUERIES=32, ROOM=_ROOM, LIST=self.list,
            num_warps=4, num_stages=3,
        )  # fmt: skip

    def _threshold(self, maxima: int, *, q: int, per_tile: int) -> None:
        step = min(_HELD, max(64, triton.next_power_of_2(maxima)))
        kernels.threshold[(self.shape.queries,)](
            self.peaks, self.ranges, self.limits, self.counters, self.residual, self.longest,
            self.shape.config.candidates, Q=q, PER_TILE=per_tile, FOLD=triton.cdiv(maxima, step),
            STEP=step, num_warps=max(1, min(16, step // 128)),
        )  # fmt: skip

    def _finish(self) -> None:
        s, d, n = self.shape, self.shape.dimension, self.shape.queries
        bk, few = part_of(d), n < 64
        kernels.rescore[(n, 64 if few else 8)](
            self.table, self.entries, self.counters, self.limits, self.lengths,
            self.codes, self.unit, self.similarity, self.cues, self.memories, self.kept,
            D=d, BK=bk, LIST=self.list, PART=16, num_warps=4,
        )  # fmt: skip
        kernels.rank[(n, 16 if few else 4)](
            self.counters, self.similarity, self.cues, self.memories, self.best,
            s.config.candidates, LIST=self.list, C=self.wide, PART=32, num_warps=4,
        )  # fmt: skip
        side = min(64, self.wide)
        gram[(n, (self.wide // side) ** 2)](
            self.table, self.best, self.kept, self.grams,
            D=d, BK=bk, LIST=self.list, C=self.wide, SIDE=side, num_warps=4,
        )  # fmt: skip
        rows = 16 if few else self.wide
        for number in range(s.config.max_steps):
            step[(n, self.wide // rows)](
                self.best, self.similarity, self.grams, self.weights, self.overlaps,
                s.config.beta, number, LIST=self.list, C=self.wide, ROWS=rows,
                STEPS=s.config.max_steps, num_warps=4 if few else 8,
            )  # fmt: skip
        conclude[(n,)](
            self.best, self.similarity, self.cues, self.memories, self.lengths, self.counters,
            self.grams, self.weights, self.overlaps, self.shares, self.out_memories,
            self.out_scores, self.out_cues, self.out_similarity, self.out_scalars, self.status,
            s.config.beta, s.config.tolerance, s.config.candidates,
            LIST=self.list, C=self.wide, K=s.k, STEPS=s.config.max_steps, num_warps=8,
        )  # fmt: skip
        combine[(n, d // bk)](
            self.table, self.best, self.kept, self.shares, self.out_state,
            D=d, BK=bk, LIST=self.list, C=self.wide, num_warps=8,
        )  # fmt: skip

    def _capture(self) -> None:
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            self.launch()
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self.launch()
        self._graph = graph


def supported(dimension: int, *, candidates: int, k: int) -> bool:
    """Say whether the kernels can take this recall: 16-byte rows, and a network of 128 at most."""
    fits = candidates <= MOST_CANDIDATES and k <= candidates
    return fits and 64 <= dimension <= 1024 and part_of(dimension) >= 32


def part_of(dimension: int) -> int:
    """Return the largest power of two up to 128 that divides the dimension."""
    return min(128, dimension & -dimension)
