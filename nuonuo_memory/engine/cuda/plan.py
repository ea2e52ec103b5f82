# mypy: disable-error-code="no-untyped-call"
"""Running the kernels: buffers of fixed shapes and a captured graph for each."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import triton
from torch import Tensor

from nuonuo_memory.config import HopfieldConfig
from nuonuo_memory.engine.cuda import scan, scan_batch
from nuonuo_memory.engine.cuda.capture import capture
from nuonuo_memory.engine.cuda.settle_kernels import conclude, gram, step, sum_by_memory
from nuonuo_memory.engine.cuda.tiles import SHARED, TILE, Tiles
from nuonuo_memory.engine.hopfield.attention import Retrieved

LIST_FEW, LIST_MANY = 4096, 8192
"""Rows a query may have left after the bounds; more, and the plain search answers it."""
MOST_CANDIDATES = 128
_ROOM = 256
"""Queries that a tile may matter to, in a batch; more, and the plain search answers them."""
_BLOCKS = TILE // 16
"""Blocks of a tile in the wide scan."""
_FEW_TILES = 2048
_AT_ONCE = 64
"""Candidates whose Gram matrix fits the registers of one launch."""
_HELD = 2048
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

    @property
    def blocked(self) -> bool:
        """Whether all queries share all tiles and are many enough for the wide scan."""
        return self.together == self.queries == SHARED

    @property
    def per_tile(self) -> int:
        """Maxima of a tile that the threshold is searched among."""
        if self.blocked:
            return _BLOCKS if self.reach <= _FEW_TILES else 1
        return TILE // self.block if self.together else 1


class Recaller:
    """All steps of recall for one shape, as a graph over buffers of its own.

    The tiles' table, the query and the results live in fixed places, so that the graph holds
    while the index grows, as long as its tiles fit.
    """

    out_memories: Tensor
    out_scores: Tensor
    out_cues: Tensor
    out_similarity: Tensor
    out_scalars: Tensor
    out_state: Tensor

    def __init__(self, shape: Shape, device: torch.device, *, captured: bool = True) -> None:
        self.shape = shape
        self.wide: int = 1 << (max(16, shape.config.candidates) - 1).bit_length()
        self.list = LIST_FEW if shape.together else LIST_MANY
        self._device = device
        self._tiles: Tiles | None = None
        self._graph: torch.cuda.CUDAGraph | None = None
        batch = -(-shape.queries // 8) * 8
        self._query_buffers(batch)
        self._scan_buffers(batch)
        self._list_buffers(batch)
        self._result_buffers(batch)
        if captured:
            self._graph = capture(self.launch, device)

    def _room(self, dtype: torch.dtype, *sizes: int) -> Tensor:
        return torch.zeros(sizes, dtype=dtype, device=self._device)

    def _query_buffers(self, batch: int) -> None:
        d = self.shape.dimension
        self.queries: Tensor = self._room(torch.float32, batch, d)
        self.int8_codes: Tensor = self._room(torch.int8, batch, 2, d)
        self.factor: Tensor = self._room(torch.float32, batch)
        self.codes: Tensor = self._room(torch.float64, batch, d)
        self.unit: Tensor = self._room(torch.float64, batch)
        self.lengths: Tensor = self._room(torch.float64, batch)
        self.query_error: Tensor = self._room(torch.float32, batch)

    def _scan_buffers(self, batch: int) -> None:
        s = self.shape
        self.table: Tensor = self._room(torch.int64, s.tiles, 8)
        self.count: Tensor = self._room(torch.int64, 1)
        self.ranges: Tensor = self._room(torch.int64, batch, 3)
        self.longest: Tensor = self._room(torch.float32, 1)
        self.limits: Tensor = self._room(torch.float32, batch)
        if s.blocked:
            self.lower_maxima: Tensor = self._room(torch.float32, s.tiles * s.per_tile, s.together)
            self.upper_maxima: Tensor = self._room(torch.float32, s.tiles * _BLOCKS, s.together)
            self.found: Tensor = self._room(torch.int32, batch)
            self.blocks: Tensor = self._room(torch.int64, batch, self.list)
        elif s.together:
            blocks = s.tiles * s.per_tile
            self.upper_bounds: Tensor = self._room(torch.float32, s.tiles * TILE, s.together)
            self.lower_maxima = self._room(torch.float32, blocks, s.together)
            self.upper_maxima = self._room(torch.float32, blocks, s.together)
        else:
            self.lower_maxima = self._room(torch.float32, s.tiles, batch)
            self.upper_maxima = self._room(torch.float32, s.tiles, batch)
            self.pairs: Tensor = self._room(torch.int32, s.tiles, _ROOM)
            self.sizes: Tensor = self._room(torch.int32, s.tiles)

    def _list_buffers(self, batch: int) -> None:
        self.counters: Tensor = self._room(torch.int32, batch, 2)
        self.entries: Tensor = self._room(torch.int64, batch, self.list)
        self.similarity: Tensor = self._room(torch.float64, batch, self.list)
        self.cues: Tensor = self._room(torch.int64, batch, self.list)
        self.memories: Tensor = self._room(torch.int64, batch, self.list)
        self.kept: Tensor = self._room(torch.int64, batch, self.list)
        self.best: Tensor = self._room(torch.int32, batch, self.wide)
        self.grams: Tensor = self._room(torch.float64, batch, self.wide, self.wide)
        steps = self.shape.config.max_steps
        self.weights: Tensor = self._room(torch.float64, batch, steps, self.wide)
        self.overlaps: Tensor = self._room(torch.float64, batch, steps, self.wide)
        self.shares: Tensor = self._room(torch.float64, batch, self.wide)
        self.masses: Tensor = self._room(torch.float64, batch, self.wide)

    def _result_buffers(self, batch: int) -> None:
        widths = (self.shape.k,) * 4 + (3, self.shape.dimension)
        self._packed = self._room(torch.float64, batch * sum(widths))
        self._widths = [batch * width for width in widths]
        found = self._unpacked(self._packed)
        self.out_memories, self.out_scores, self.out_cues, self.out_similarity = found[:4]
        self.out_scalars, self.out_state = found[4:]
        # The kernels write it into the host's memory: no copy to wait for.
        on_gpu = self._device.type == "cuda"
        self._status = torch.zeros(batch, dtype=torch.int32, pin_memory=on_gpu)

    def _unpacked(self, packed: Tensor) -> list[Tensor]:
        """Cut the results' memory into memories, scores, cues, similarity, scalars and states."""
        parts = packed.split(self._widths)
        batch = len(self.queries)
        whole = (0, 2)  # ids
        return [
            (part.view(torch.int64) if number in whole else part).view(batch, -1)
            for number, part in enumerate(parts)
        ]

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
        """Return a copy of the first n results, without waiting for it."""
        parts = self._unpacked(self._packed.clone())
        memories, scores, cues, similarity, scalars, state = (part[:n] for part in parts)
        energy, entropy, margin = scalars.unbind(1)
        return Retrieved(memories, scores, cues, similarity, energy, entropy, margin, state)

    def unanswered(self, n: int) -> Tensor:
        """Wait for the results; return which of the first n the kernels could not answer."""
        if self._device.type == "cuda":
            torch.cuda.current_stream(self._device).synchronize()
        return self._status[:n].nonzero()[:, 0]

    def candidates(self, n: int) -> Tensor:
        """Return the cue ids [n, c] that entered the network, best first, -1 for none."""
        best = self.best[:n, : self.shape.config.candidates].to(torch.int64)
        cues = self.cues[:n].gather(1, best.clamp(min=0))
        return torch.where(best >= 0, cues, -1)

    def launch(self) -> None:
        """Launch every kernel once, on the current stream."""
        d, n = self.shape.dimension, self.shape.queries
        bits = min(28, 38 - max(1, d - 1).bit_length())
        scan.prepare[(n,)](
            self.queries, self.int8_codes, self.factor, self.codes, self.unit, self.lengths,
            self.query_error, D=d, WIDE=triton.next_power_of_2(d), BITS=bits, num_warps=4,
        )  # fmt: skip
        if self.shape.blocked:
            self._scan_wide()
        elif self.shape.together:
            self._scan_few()
        else:
            self._scan_many()
        self._finish()

    def _scan_wide(self) -> None:
        s = self.shape
        scan_batch.scan_wide[(s.tiles,)](
            self.table, self.count, self.int8_codes, self.factor, self.lower_maxima,
            self.upper_maxima, self.found,
            D=s.dimension, BK=part_of(s.dimension), QUERIES=s.together, MAXIMA=s.per_tile,
            num_warps=4, num_stages=2,
        )  # fmt: skip
        self._threshold(s.reach * s.per_tile, q=s.together)
        scan_batch.collect_blocks[(triton.cdiv(s.tiles * _BLOCKS, 16),)](
            self.count, self.upper_maxima, self.limits, self.found, self.blocks,
            QUERIES=s.together, GROUP=16, LIST=self.list, num_warps=4,
        )  # fmt: skip
        scan_batch.refine[(s.queries, 32)](
            self.table, self.int8_codes, self.factor, self.limits, self.counters, self.entries,
            self.found, self.blocks,
            D=s.dimension, BK=part_of(s.dimension), PART=4, LIST=self.list, num_warps=4,
        )  # fmt: skip

    def _scan_few(self) -> None:
        s = self.shape
        scan.scan[(s.tiles,)](
            self.table, self.count, self.int8_codes, self.factor, self.upper_bounds,
            self.lower_maxima, self.upper_maxima,
            D=s.dimension, BK=part_of(s.dimension), Q=s.together, WIDE=max(8, s.together),
            BLOCK=s.block, num_warps=8 if s.together > 16 else 4, num_stages=3,
        )  # fmt: skip
        self._threshold(s.reach * s.per_tile, q=s.together)
        scan.collect[(triton.cdiv(s.tiles, 16), s.together)](
            self.table, self.count, self.upper_bounds, self.upper_maxima, self.limits,
            self.counters, self.entries, Q=s.together, PER_TILE=s.per_tile, GROUP=16,
            LIST=self.list, num_warps=4,
        )  # fmt: skip

    def _scan_many(self) -> None:
        s, width = self.shape, self.lower_maxima.shape[1]
        scan_batch.scan_batch[(s.tiles * triton.cdiv(s.queries, 128),)](
            self.table, self.count, self.int8_codes, self.factor, self.lower_maxima,
            self.upper_maxima, s.queries, width, D=s.dimension, BK=part_of(s.dimension),
            QUERIES=128, num_warps=4, num_stages=2, maxnreg=168,
        )  # fmt: skip
        self._threshold(s.tiles, q=width)
        scan_batch.pair[(s.tiles,)](
            self.count, self.upper_maxima, self.limits, self.query_error, self.longest,
            self.counters, self.pairs, self.sizes, s.queries, width, PART=1024, ROOM=_ROOM,
            LIST=self.list, num_warps=4,
        )  # fmt: skip
        scan_batch.scan_pairs[(s.tiles,)](
            self.table, self.count, self.int8_codes, self.factor, self.query_error, self.longest,
            self.limits, self.counters, self.entries, self.pairs, self.sizes,
            D=s.dimension, BK=part_of(s.dimension), QUERIES=32, ROOM=_ROOM, LIST=self.list,
            num_warps=4, num_stages=3,
        )  # fmt: skip

    def _threshold(self, maxima: int, *, q: int) -> None:
        step = min(_HELD, max(64, triton.next_power_of_2(maxima)))
        scan.threshold[(self.shape.queries,)](
            self.lower_maxima, self.ranges, self.limits, self.counters, self.query_error,
            self.longest, self.shape.config.candidates, Q=q, PER_TILE=self.shape.per_tile,
            FOLD=triton.cdiv(maxima, step), STEP=step, num_warps=max(1, min(16, step // 128)),
        )  # fmt: skip

    def _finish(self) -> None:
        s, d, n = self.shape, self.shape.dimension, self.shape.queries
        bk, few = part_of(d), n < 64
        scan.rescore[(n, 64 if few else 8)](
            self.table, self.entries, self.counters, self.limits, self.lengths,
            self.codes, self.unit, self.similarity, self.cues, self.memories, self.kept,
            D=d, BK=bk, LIST=self.list, PART=16, num_warps=4,
        )  # fmt: skip
        scan.rank[(n, 16 if few else 4)](
            self.counters, self.similarity, self.cues, self.memories, self.best,
            s.config.candidates, LIST=self.list, C=self.wide, PART=32, num_warps=4,
        )  # fmt: skip
        steps, at_once = s.config.max_steps, not few and self.wide <= _AT_ONCE
        side = min(32 if few else 64, self.wide)
        gram[(n, (self.wide // side) ** 2)](
            self.table, self.best, self.kept, self.grams, self.similarity, self.weights,
            self.overlaps, s.config.beta, D=d, BK=bk, LIST=self.list, C=self.wide, SIDE=side,
            STEPS=steps if at_once else 0, num_warps=4,
        )  # fmt: skip
        rows = 16 if few else self.wide
        for number in range(0 if at_once else steps):
            step[(n, self.wide // rows)](
                self.best, self.similarity, self.grams, self.weights, self.overlaps,
                s.config.beta, number, LIST=self.list, C=self.wide, ROWS=rows,
                STEPS=steps, num_warps=4 if few else 8,
            )  # fmt: skip
        few_rows = min(16 if few else 32, self.wide)
        sum_by_memory[(n, self.wide // few_rows)](
            self.best, self.similarity, self.memories, self.lengths, self.grams, self.weights,
            self.overlaps, self.shares, self.masses, self.out_scalars,
            s.config.beta, s.config.tolerance,
            LIST=self.list, C=self.wide, ROWS=few_rows, STEPS=steps, num_warps=4,
        )  # fmt: skip
        columns = min(bk, 32 if few else 128)
        conclude[(n, d // columns + self.wide // few_rows)](
            self.table, self.best, self.kept, self.similarity, self.cues, self.memories,
            self.counters, self.shares, self.masses, self.out_state, self.out_memories,
            self.out_scores, self.out_cues, self.out_similarity, self.out_scalars, self._status,
            s.config.candidates, D=d, BK=columns, LIST=self.list, C=self.wide, ROWS=few_rows,
            K=s.k, num_warps=4,
        )  # fmt: skip


def supported(dimension: int, *, candidates: int, k: int) -> bool:
    """Say whether the kernels can take this recall: 16-byte rows, and a network of 128 at most."""
    fits = candidates <= MOST_CANDIDATES and k <= candidates
    return fits and 64 <= dimension <= 1024 and part_of(dimension) >= 32


def part_of(dimension: int) -> int:
    """Return the largest power of two up to 128 that divides the dimension."""
    return min(128, dimension & -dimension)
