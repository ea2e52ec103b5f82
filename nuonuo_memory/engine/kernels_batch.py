# mypy: disable-error-code="misc,no-untyped-def,no-untyped-call,untyped-decorator,no-any-return"
# ruff: noqa: ANN001, ANN201, N803, PLR0913, PLR0915, PLR0917 - a launch gives the arguments types
"""Triton kernels for many queries over the same rows, where arithmetic is what takes the time.

The product of high planes only (8-bit queries as well as rows) halves the arithmetic; what the
queries' high planes leave out widens the bounds by residual * longest, longest being the length
that no row exceeds.

The scores are never written. Rows go through in segments that grow fourfold. After each, the k-th
largest lower bound of tile maxima so far is the threshold for the next, so that a query's list
takes a few thousand entries whatever the number of rows, and is thinned out between segments. The
first segment, which has no threshold yet, is read twice.
"""

from __future__ import annotations

import triton
import triton.language as tl

from nuonuo_memory.engine.kernels import COLUMNS, TILE


@triton.jit
def scan_batch(
    table, tiles, planes, factor, residual, longest, limits, peaks, counters, entries, bounds,
    first_tile, queries, row_stride,
    D: tl.constexpr, BK: tl.constexpr, QUERIES: tl.constexpr, LIST: tl.constexpr,
    APPEND: tl.constexpr,
):  # fmt: skip
    """Bound a tile's rows for QUERIES queries; write maxima, or append what reaches the limit.

    peaks [B, row_stride] gets the largest upper bound of the tile less twice its largest error: no
    more than the lower bound of the row that has it, both without the queries' slack.
    """
    parts = tl.cdiv(queries, QUERIES)
    tile = (first_tile + tl.program_id(0) // parts).to(tl.int64)
    if tile >= tl.load(tiles):
        return
    q = (tl.program_id(0) % parts) * QUERIES + tl.arange(0, QUERIES)
    asked = q < queries
    entry = table + tile * COLUMNS
    high = tl.load(entry).to(tl.pointer_type(tl.int8))
    scale = tl.load(entry + 2).to(tl.pointer_type(tl.float32))
    error = tl.load(entry + 3).to(tl.pointer_type(tl.float32))
    rows = tl.load(entry + 6).to(tl.int32)
    r = tl.arange(0, TILE)
    held = r < rows
    total = tl.zeros([TILE, QUERIES], dtype=tl.int32)
    for start in range(0, D, BK):
        c = start + tl.arange(0, BK)
        at = tl.multiple_of(high + r[:, None] * D + c[None, :], [16, 16])
        a = tl.load(at, mask=held[:, None], other=0)
        b = tl.load(planes + (2 * q)[:, None] * D + c[None, :], mask=asked[:, None], other=0)
        total = tl.dot(a, tl.trans(b), total, out_dtype=tl.int32)
    s = tl.load(scale + r, mask=held, other=0.0)
    e = tl.load(error + r, mask=held, other=float("-inf"))
    weight = tl.load(factor + q, mask=asked, other=0.0)
    weight = weight * 256.0  # the query's plane is the high one
    upper = (total.to(tl.float32) * s[:, None]) * weight[None, :] + e[:, None]
    crest = tl.max(upper, 0)
    worst = tl.max(tl.where(held, e, 0.0), 0)
    tl.store(peaks + q.to(tl.int64) * row_stride + tile, crest - 2.0 * worst, mask=asked)
    if APPEND:
        slack = tl.load(residual + q, mask=asked, other=0.0) * tl.load(longest)
        cut = tl.load(limits + q, mask=asked, other=float("inf")) - slack
        if tl.max((crest >= cut).to(tl.int32), 0) > 0:
            hit = (upper >= cut[None, :]) & held[:, None] & asked[None, :]
            mine = tl.broadcast_to(q[None, :].to(tl.int64), [TILE, QUERIES])
            slot = tl.atomic_add(counters + 2 * mine, 1, mask=hit, sem="relaxed")
            room = hit & (slot < LIST)
            place = tl.broadcast_to(tile * TILE + r[:, None], [TILE, QUERIES])
            tl.store(entries + mine * LIST + slot, place, mask=room)
            tl.store(bounds + mine * LIST + slot, upper + slack[None, :], mask=room)


@triton.jit
def thin_out(entries, bounds, limits, counters, LIST: tl.constexpr):
    """Drop entries whose upper bound no longer reaches the limit; leave a list that ran over."""
    q = tl.program_id(0).to(tl.int64)
    count = tl.load(counters + 2 * q)
    if count <= LIST:
        i = tl.arange(0, LIST)
        live = i < count
        bound = tl.load(bounds + q * LIST + i, mask=live, other=float("-inf"))
        place = tl.load(entries + q * LIST + i, mask=live, other=0)
        stays = (bound >= tl.load(limits + q)) & live
        slot = tl.cumsum(stays.to(tl.int32), 0) - 1
        tl.debug_barrier()
        tl.store(entries + q * LIST + slot, place, mask=stays)
        tl.store(bounds + q * LIST + slot, bound, mask=stays)
        tl.store(counters + 2 * q, tl.sum(stays.to(tl.int32), 0))
