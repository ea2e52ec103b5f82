"""The table of tiles that one GPU search runs over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from nuonuo_memory.engine.vectors.chunks import GroupRows, Rows

TILE = 128
"""Rows of a tile: 48 KB of coarse codes at 384 dimensions."""

SHARED = 64
"""Queries that one tile's product takes with both their codes: 128 columns."""


@dataclass(frozen=True, slots=True)
class Tiles:
    """Tiles [n, 8] int64 as `scan` lists them, and each query's first, count and column [B, 3].

    `together` queries share each tile, 0 standing for all; a query has at most `reach` tiles; no
    row is longer than `longest`; `many` is what it was assembled with; `chunks` keeps the rows
    alive that the table points at.
    """

    table: Tensor
    ranges: Tensor
    together: int
    reach: int
    longest: float
    many: int
    chunks: tuple[Rows, ...]


def tiles_of(groups: Sequence[GroupRows]) -> Tensor:
    """Return the tiles [n, 8] of some groups on the CPU, for query 0."""
    parts = [_chunk_tiles(rows) for group in groups for _, rows in group.used()]
    return torch.cat(parts) if parts else torch.zeros(0, 8, dtype=torch.int64)


def _chunk_tiles(rows: Rows) -> Tensor:
    columns = (rows.coarse, rows.residual, rows.scale, rows.error, rows.cue_ids, rows.memory_ids)
    starts = torch.arange(0, len(rows), TILE)
    table = torch.zeros(len(starts), 8, dtype=torch.int64)
    for number, column in enumerate(columns):
        step = column.element_size() * (column.shape[1] if column.ndim == 2 else 1)
        table[:, number] = column.data_ptr() + starts * step
    table[:, 6] = (len(rows) - starts).clamp(max=TILE)
    return table


def assemble(per_query: Sequence[Sequence[GroupRows]], device: torch.device, *, many: int) -> Tiles:
    """Build the table of tiles for a batch, from the groups that each query searches.

    When every query searches the same groups, up to 64 queries share one reading of each tile,
    and more than 64 over at least `many` tiles are left to the batch kernel; otherwise each query
    has tiles of its own.
    """
    chunks = {id(chunk): chunk for groups in per_query for rows in groups for chunk in rows.chunks}
    same = all(groups == per_query[0] for groups in per_query)
    batch = len(per_query)
    longest = max((rows.longest for groups in per_query for rows in groups), default=0.0)
    table = tiles_of(per_query[0]) if same and batch > SHARED else None
    if table is not None and len(table) >= many:
        ranges = torch.zeros(0, 3, dtype=torch.int64)
        kept = tuple(chunks.values())
        return Tiles(table.to(device), ranges, 0, len(table), longest, many, kept)
    together = min(SHARED, 1 << (batch - 1).bit_length()) if same else 1
    pieces: list[Tensor] = []
    ranges = torch.zeros(len(per_query), 3, dtype=torch.int64)
    cache: dict[tuple[int, ...], Tensor] = {}
    begin = 0
    for first in range(0, len(per_query), together):
        groups = per_query[first]
        key = tuple(map(id, groups))
        if key not in cache:
            cache[key] = tiles_of(groups)
        tiles = cache[key].clone()
        tiles[:, 7] = first
        for place in range(first, min(first + together, len(per_query))):
            ranges[place] = torch.tensor([begin, len(tiles), place - first])
        begin += len(tiles)
        pieces.append(tiles)
    table = torch.cat(pieces) if pieces else torch.zeros(0, 8, dtype=torch.int64)
    reach = int(ranges[:, 1].max())
    kept = tuple(chunks.values())
    return Tiles(table.to(device), ranges.to(device), together, reach, longest, many, kept)
