# mypy: disable-error-code="misc,no-untyped-def,no-untyped-call,untyped-decorator,no-any-return"
# ruff: noqa: ANN001, ANN201, N803, PLR0913, PLR0917 - a launch gives the arguments types
"""Triton kernels for many queries over the same rows, where arithmetic is what takes the time.

The product of coarse codes only (8-bit queries as well as rows) halves the arithmetic; what the
queries' coarse codes leave out widens the bounds by query_error * longest, longest being the length
that no row exceeds.

For 64 queries both codes are affordable: `scan_wide` writes the largest bound of each block
of rows, `collect_blocks` lists the blocks that matter, `refine` reads these again for their rows.

The scores are never written: `scan_batch` writes the largest bound of each tile and query. With
the threshold known, `pair` lists for each tile the few queries that it can matter to, and
`scan_pairs` reads it once more for these alone.
"""

from __future__ import annotations

import triton
import triton.language as tl

from nuonuo_memory.engine.cuda.scan import COLUMNS, TILE

BLOCK = tl.constexpr(16)
"""Rows of one maximum of `scan_wide`."""


@triton.jit
def scan_batch(
    table, tiles, int8_codes, factor, lower_maxima, upper_maxima, queries, width,
    D: tl.constexpr, BK: tl.constexpr, QUERIES: tl.constexpr,
):  # fmt: skip
    """Write a tile's maxima for QUERIES queries, [tiles, width].

    upper_maxima gets the largest upper bound; lower_maxima that less twice the largest error, no
    more than the lower bound of the row that has it. Both are without the queries' slack.
    """
    parts = tl.cdiv(queries, QUERIES)
    tile = (tl.program_id(0) // parts).to(tl.int64)
    if tile >= tl.load(tiles):
        return
    q = (tl.program_id(0) % parts) * QUERIES + tl.arange(0, QUERIES)
    asked = q < queries
    entry = table + tile * COLUMNS
    coarse = tl.load(entry).to(tl.pointer_type(tl.int8))
    scale = tl.load(entry + 2).to(tl.pointer_type(tl.float32))
    error = tl.load(entry + 3).to(tl.pointer_type(tl.float32))
    rows = tl.load(entry + 6).to(tl.int32)
    r = tl.arange(0, TILE)
    held = r < rows
    s = tl.load(scale + r, mask=held, other=0.0)
    e = tl.load(error + r, mask=held, other=float("-inf"))
    # The query's code is the coarse one, of weight 256.
    weight = tl.load(factor + q, mask=asked, other=0.0) * 256.0
    # Queries are the product's rows: a maximum over cues then needs two shuffles, not hundreds.
    total = tl.zeros([QUERIES, TILE], dtype=tl.int32)
    for start in range(0, D, BK):
        c = start + tl.arange(0, BK)
        at = tl.multiple_of(coarse + r[:, None] * D + c[None, :], [16, 16])
        a = tl.load(at, mask=held[:, None], other=0)
        b = tl.load(int8_codes + (2 * q)[:, None] * D + c[None, :], mask=asked[:, None], other=0)
        total = tl.dot(b, tl.trans(a), total, out_dtype=tl.int32)
    upper_max = tl.max((total.to(tl.float32) * s[None, :]) * weight[:, None] + e[None, :], 1)
    worst = tl.max(tl.where(held, e, 0.0), 0)
    tl.store(upper_maxima + tile * width + q, upper_max, mask=asked)
    tl.store(lower_maxima + tile * width + q, upper_max - 2.0 * worst, mask=asked)


@triton.jit
def scan_wide(
    table, tiles, int8_codes, factor, lower_maxima, upper_maxima, found,
    D: tl.constexpr, BK: tl.constexpr, QUERIES: tl.constexpr, MAXIMA: tl.constexpr,
):  # fmt: skip
    """Write maxima of a tile's blocks of BLOCK rows for QUERIES queries with both their codes.

    upper_maxima [tiles * TILE / BLOCK, QUERIES] gets each block's largest upper bound; lower_maxima
    [tiles * MAXIMA, QUERIES] lower bounds, of each block or, where MAXIMA is 1, of the tile. The
    numbers of blocks `found` [QUERIES] become 0.
    """
    tile = tl.program_id(0).to(tl.int64)
    if tile == 0:
        tl.store(found + tl.arange(0, QUERIES), tl.zeros([QUERIES], dtype=tl.int32))
    if tile >= tl.load(tiles):
        return
    blocks: tl.constexpr = TILE // BLOCK
    q = tl.arange(0, QUERIES)
    entry = table + tile * COLUMNS
    coarse = tl.load(entry).to(tl.pointer_type(tl.int8))
    scale = tl.load(entry + 2).to(tl.pointer_type(tl.float32))
    error = tl.load(entry + 3).to(tl.pointer_type(tl.float32))
    rows = tl.load(entry + 6).to(tl.int32)
    r = tl.arange(0, TILE)
    held = r < rows
    s = tl.load(scale + r, mask=held, other=0.0)
    e = tl.load(error + r, mask=held, other=float("-inf"))
    weight = tl.load(factor + q)
    coarse_total = tl.zeros([QUERIES, TILE], dtype=tl.int32)
    residual_total = tl.zeros([QUERIES, TILE], dtype=tl.int32)
    for start in range(0, D, BK):
        c = start + tl.arange(0, BK)
        at = tl.multiple_of(coarse + r[:, None] * D + c[None, :], [16, 16])
        a = tl.load(at, mask=held[:, None], other=0)
        at = int8_codes + (2 * q)[:, None] * D + c[None, :]
        coarse_total = tl.dot(tl.load(at), tl.trans(a), coarse_total, out_dtype=tl.int32)
        residual_total = tl.dot(tl.load(at + D), tl.trans(a), residual_total, out_dtype=tl.int32)
    if D < 510:  # their sum fits 31 bits
        score = (coarse_total * 256 + residual_total).to(tl.float32)
    else:
        score = coarse_total.to(tl.float32) * 256.0 + residual_total.to(tl.float32)
    bound = score * s[None, :] * weight[:, None] + e[None, :]
    upper_max = tl.max(tl.reshape(bound, [QUERIES, blocks, BLOCK]), 2)
    b = tl.arange(0, blocks)
    tl.store(upper_maxima + (tile * blocks + b)[None, :] * QUERIES + q[:, None], upper_max)
    # The row of the largest upper bound has a lower bound at most two errors below it.
    lower_max = upper_max - 2.0 * tl.max(tl.where(held, e, 0.0), 0)
    if MAXIMA == 1:
        tl.store(lower_maxima + tile * QUERIES + q, tl.max(lower_max, 1))
    else:
        tl.store(lower_maxima + (tile * blocks + b)[None, :] * QUERIES + q[:, None], lower_max)


@triton.jit
def collect_blocks(
    tiles, upper_maxima, limits, found, blocks,
    QUERIES: tl.constexpr, GROUP: tl.constexpr, LIST: tl.constexpr,
):  # fmt: skip
    """List for each query the blocks whose upper bound reaches its threshold, `found` of them."""
    b = tl.program_id(0).to(tl.int64) * GROUP + tl.arange(0, GROUP)
    live = b < tl.load(tiles) * (TILE // BLOCK)
    q = tl.arange(0, QUERIES)
    limit = tl.load(limits + q)
    at = upper_maxima + b[:, None] * QUERIES + q[None, :]
    upper_max = tl.load(at, mask=live[:, None], other=float("-inf"))
    hit = (upper_max >= limit[None, :]) & (upper_max > float("-inf"))
    hits = hit.to(tl.int32)
    number = tl.sum(hits, 0)
    if tl.sum(number, 0) > 0:
        first = tl.atomic_add(found + q, number, mask=number > 0, sem="relaxed")
        slot = first[None, :] + tl.cumsum(hits, 0) - 1
        block = tl.broadcast_to(b[:, None], [GROUP, QUERIES])
        tl.store(blocks + q[None, :] * LIST + slot, block, mask=hit & (slot < LIST))


@triton.jit
def refine(
    table, int8_codes, factor, limits, counters, entries, found, blocks,
    D: tl.constexpr, BK: tl.constexpr, PART: tl.constexpr, LIST: tl.constexpr,
):  # fmt: skip
    """Append the rows of a query's blocks, PART blocks at a time, that reach its threshold.

    A list that ran over before is marked as one that runs over here.
    """
    q = tl.program_id(0).to(tl.int64)
    count = tl.load(found + q)
    if (count > LIST) & (tl.program_id(1) == 0):
        tl.atomic_add(counters + 2 * q, LIST + 1, sem="relaxed")
    count = tl.minimum(count, LIST)
    limit = tl.load(limits + q)
    weight = tl.load(factor + q)
    n = tl.arange(0, 16)
    r = tl.arange(0, PART * BLOCK)
    for begin in range(tl.program_id(1) * PART, count, tl.num_programs(1) * PART):
        i = begin + r // BLOCK
        place = tl.load(blocks + q * LIST + i, mask=i < count, other=0) * BLOCK + r % BLOCK
        entry = table + (place // TILE) * COLUMNS
        row = place % TILE
        held = (i < count) & (row < tl.load(entry + 6))
        coarse = tl.load(entry).to(tl.pointer_type(tl.int8)) + row * D
        s = tl.load(tl.load(entry + 2).to(tl.pointer_type(tl.float32)) + row, mask=held, other=0.0)
        e = tl.load(tl.load(entry + 3).to(tl.pointer_type(tl.float32)) + row, mask=held, other=0.0)
        total = tl.zeros([PART * BLOCK, 16], dtype=tl.int32)
        for start in range(0, D, BK):
            c = start + tl.arange(0, BK)
            at = tl.multiple_of(coarse[:, None] + c[None, :], [16, 16])
            a = tl.load(at, mask=held[:, None], other=0)
            at = int8_codes + (2 * q + n[None, :]) * D + c[:, None]
            total = tl.dot(a, tl.load(at, mask=n[None, :] < 2, other=0), total, out_dtype=tl.int32)
        # Columns 0 and 1 are the query's codes, the others 0.
        part = total.to(tl.float32) * tl.where(n == 0, 256.0, 1.0)[None, :]
        upper = tl.sum(part, 1) * s * weight + e
        hit = held & (upper >= limit)
        spot = counters + 2 * q + tl.zeros_like(place)
        slot = tl.atomic_add(spot, 1, mask=hit, sem="relaxed")
        tl.store(entries + q * LIST + slot, place, mask=hit & (slot < LIST))


@triton.jit
def pair(
    tiles, upper_maxima, limits, query_error, longest, counters, pairs, sizes, queries, width,
    PART: tl.constexpr, ROOM: tl.constexpr, LIST: tl.constexpr,
):  # fmt: skip
    """List for a tile the queries whose threshold it can reach: pairs [tiles, ROOM], sizes.

    A query that finds no room is marked as one whose list ran over.
    """
    tile = tl.program_id(0).to(tl.int64)
    if tile >= tl.load(tiles):
        return
    size = 0
    slack_per_query = tl.load(longest)
    for start in range(0, queries, PART):
        q = start + tl.arange(0, PART)
        asked = q < queries
        upper_max = tl.load(upper_maxima + tile * width + q, mask=asked, other=float("-inf"))
        slack = tl.load(query_error + q, mask=asked, other=0.0) * slack_per_query
        limit = tl.load(limits + q, mask=asked, other=float("inf"))
        hit = (upper_max + slack >= limit) & asked
        slot = size + tl.cumsum(hit.to(tl.int32), 0) - 1
        tl.store(pairs + tile * ROOM + slot, q, mask=hit & (slot < ROOM))
        tl.atomic_add(counters + 2 * q, LIST + 1, mask=hit & (slot >= ROOM), sem="relaxed")
        size += tl.sum(hit.to(tl.int32), 0)
    tl.store(sizes + tile, tl.minimum(size, ROOM))


@triton.jit
def scan_pairs(
    table, tiles, int8_codes, factor, query_error, longest, limits, counters, entries, pairs, sizes,
    D: tl.constexpr, BK: tl.constexpr, QUERIES: tl.constexpr, ROOM: tl.constexpr,
    LIST: tl.constexpr,
):  # fmt: skip
    """Append the rows of a tile whose upper bounds reach the thresholds of its queries."""
    tile = tl.program_id(0).to(tl.int64)
    if tile >= tl.load(tiles):
        return
    size = tl.load(sizes + tile)
    entry = table + tile * COLUMNS
    coarse = tl.load(entry).to(tl.pointer_type(tl.int8))
    scale = tl.load(entry + 2).to(tl.pointer_type(tl.float32))
    error = tl.load(entry + 3).to(tl.pointer_type(tl.float32))
    rows = tl.load(entry + 6).to(tl.int32)
    r = tl.arange(0, TILE)
    held = r < rows
    s = tl.load(scale + r, mask=held, other=0.0)
    e = tl.load(error + r, mask=held, other=float("-inf"))
    for begin in range(0, size, QUERIES):
        n = begin + tl.arange(0, QUERIES)
        asked = n < size
        q = tl.load(pairs + tile * ROOM + n, mask=asked, other=0).to(tl.int64)
        total = tl.zeros([TILE, QUERIES], dtype=tl.int32)
        for start in range(0, D, BK):
            c = start + tl.arange(0, BK)
            at = tl.multiple_of(coarse + r[:, None] * D + c[None, :], [16, 16])
            a = tl.load(at, mask=held[:, None], other=0)
            at = tl.multiple_of(int8_codes + (2 * q)[:, None] * D + c[None, :], [16, 16])
            b = tl.load(at, mask=asked[:, None], other=0)
            total = tl.dot(a, tl.trans(b), total, out_dtype=tl.int32)
        weight = tl.load(factor + q, mask=asked, other=0.0) * 256.0
        slack = tl.load(query_error + q, mask=asked, other=0.0) * tl.load(longest)
        limit = tl.load(limits + q, mask=asked, other=float("inf")) - slack
        upper = (total.to(tl.float32) * s[:, None]) * weight[None, :] + e[:, None]
        hit = (upper >= limit[None, :]) & held[:, None] & asked[None, :]
        mine = tl.broadcast_to(q[None, :], [TILE, QUERIES])
        slot = tl.atomic_add(counters + 2 * mine, 1, mask=hit, sem="relaxed")
        place = tl.broadcast_to(tile * TILE + r[:, None], [TILE, QUERIES])
        tl.store(entries + mine * LIST + slot, place, mask=hit & (slot < LIST))
