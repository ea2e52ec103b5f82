# mypy: disable-error-code="misc,no-untyped-def,no-untyped-call,untyped-decorator,no-any-return"
# ruff: noqa: ANN001, ANN201, N803, PLR0913, PLR0917 - a launch gives the arguments types
"""Triton kernels of recall on a GPU; imported only where CUDA and Triton are.

A search is a table of tiles. A tile is up to TILE rows of one chunk, named by the addresses of its
columns, so that one launch serves one query over many chunks, a batch, or thousands of namespaces:

    column  0 coarse  1 residual  2 scale  3 error  4 cue ids  5 memory ids  6 rows  7 first query

    prepare   queries to int8 codes and to the integers of the exact score
    scan      one read of the coarse codes: bounds of each row, maxima of each block
    threshold the k-th largest lower bound of block maxima, by an 8-way search
    collect   rows whose upper bound reaches the threshold
    rescore   their exact similarity in float64 (sums of integers: any order gives the same)
    rank      their places by similarity, memory id, cue id
    settle    the network on the Gram matrix of the candidates, attention by memory

No kernel waits for the host. Annotations are left out where Triton's own types stand.
"""

from __future__ import annotations

import triton
import triton.language as tl

TILE = tl.constexpr(128)
COLUMNS = tl.constexpr(8)
ATTENTION_UNITS = tl.constexpr(2.0**45)
LIMIT = tl.constexpr(32639.0)
ROUND = tl.constexpr(1.5 * 2.0**52)


@triton.jit
def prepare(
    queries, int8_codes, factor, codes, unit, lengths, query_error,
    D: tl.constexpr, WIDE: tl.constexpr, BITS: tl.constexpr,
):  # fmt: skip
    """Write each query's int8 codes [B, 2, D], factor, integers [B, D] float64, unit, length².

    `query_error` is the length of what the coarse code leaves out of the query of length 1.
    """
    q = tl.program_id(0).to(tl.int64)
    c = tl.arange(0, WIDE)
    x = tl.load(queries + q * D + c, mask=c < D, other=0.0).to(tl.float64)
    square = tl.sum(x * x, 0)
    length = tl.sqrt(square)
    peak = tl.max(tl.abs(x), 0)
    safe = tl.where(peak > 0, peak, 1.0)
    code = (x / safe * 2.0**BITS + ROUND) - ROUND
    tl.store(codes + q * D + c, code, mask=c < D)
    tl.store(unit + q, peak * 2.0 ** (-BITS))
    tl.store(lengths + q, square)
    unity = x / tl.where(length > 0, length, 1.0)
    scale = tl.max(tl.abs(unity), 0) / LIMIT
    value = (unity / tl.where(scale > 0, scale, 1.0) + ROUND) - ROUND
    coarse = tl.floor((value + 128.0) / 256.0)
    tl.store(int8_codes + (2 * q) * D + c, coarse.to(tl.int8), mask=c < D)
    tl.store(int8_codes + (2 * q + 1) * D + c, (value - 256.0 * coarse).to(tl.int8), mask=c < D)
    tl.store(factor + q, (scale * 256.0).to(tl.float32))
    residual = value - 256.0 * coarse
    left_out = tl.sqrt(tl.sum(residual * residual, 0))
    tl.store(query_error + q, (scale * left_out * 1.00001).to(tl.float32))


@triton.jit
def scan(
    table, tiles, int8_codes, factor, upper_bounds, lower_maxima, upper_maxima,
    D: tl.constexpr, BK: tl.constexpr, Q: tl.constexpr, WIDE: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Bound each row's similarity to the tile's Q queries; WIDE is Q, or 8 where Q is less.

    Writes upper_bounds [tiles * TILE, Q] and, for each block of BLOCK rows, the largest lower bound
    (lower_maxima) and the largest upper bound (upper_maxima), [tiles * TILE / BLOCK, Q].
    """
    tile = tl.program_id(0).to(tl.int64)
    if tile >= tl.load(tiles):
        return
    entry = table + tile * COLUMNS
    coarse = tl.load(entry).to(tl.pointer_type(tl.int8))
    scale = tl.load(entry + 2).to(tl.pointer_type(tl.float32))
    error = tl.load(entry + 3).to(tl.pointer_type(tl.float32))
    rows = tl.load(entry + 6).to(tl.int32)
    first = tl.load(entry + 7)
    r = tl.arange(0, TILE)
    n = tl.arange(0, 2 * WIDE)
    held = r < rows
    total = tl.zeros([TILE, 2 * WIDE], dtype=tl.int32)
    for start in range(0, D, BK):
        c = start + tl.arange(0, BK)
        at = tl.multiple_of(coarse + r[:, None] * D + c[None, :], [16, 16])
        a = tl.load(at, mask=held[:, None], other=0)
        b = tl.load(
            int8_codes + (2 * first + n[None, :]) * D + c[:, None], mask=n[None, :] < 2 * Q, other=0
        )
        total = tl.dot(a, b, total, out_dtype=tl.int32)
    coarse_part, residual_part = tl.split(tl.reshape(total, [TILE, WIDE, 2]))
    q = tl.arange(0, WIDE)
    weight = tl.load(factor + first + q, mask=q < Q, other=0.0)
    s = tl.load(scale + r, mask=held, other=0.0)
    e = tl.load(error + r, mask=held, other=0.0)
    score = coarse_part.to(tl.float32) * 256.0 + residual_part.to(tl.float32)
    score = score * s[:, None] * weight[None, :]
    lower = tl.where(held[:, None], score - e[:, None], float("-inf"))
    upper = tl.where(held[:, None], score + e[:, None], float("-inf"))
    kept = (q < Q)[None, :]
    tl.store(upper_bounds + (tile * TILE + r[:, None]) * Q + q[None, :], upper, mask=kept)
    b = tl.arange(0, TILE // BLOCK)
    out = (tile * (TILE // BLOCK) + b[:, None]) * Q + q[None, :]
    lower_max = tl.max(tl.reshape(lower, [TILE // BLOCK, BLOCK, WIDE]), 1)
    upper_max = tl.max(tl.reshape(upper, [TILE // BLOCK, BLOCK, WIDE]), 1)
    tl.store(lower_maxima + out, lower_max, mask=kept)
    tl.store(upper_maxima + out, upper_max, mask=kept)


@triton.jit
def threshold(
    lower_maxima, ranges, limits, counters, query_error, longest, k,
    Q: tl.constexpr, PER_TILE: tl.constexpr, FOLD: tl.constexpr, STEP: tl.constexpr,
):  # fmt: skip
    """Find a bound that k block maxima of the query reach, within 2**-12 of the best such bound.

    `ranges` [B, 3] holds where the query's maxima begin, how many tiles they are of and the step
    between them, both in tiles or columns of `lower_maxima`. FOLD neighbours are taken together
    first, so that STEP * FOLD covers them. Fewer than k maxima give -inf; none give inf. The slack
    query_error * longest is taken off. The query's two counters become 0.
    """
    q = tl.program_id(0).to(tl.int64)
    begin = tl.load(ranges + q * 3) * PER_TILE
    count = tl.load(ranges + q * 3 + 1) * PER_TILE
    column = tl.load(ranges + q * 3 + 2)
    tl.store(counters + 2 * q, 0)
    tl.store(counters + 2 * q + 1, 0)
    i = tl.arange(0, STEP)
    values = tl.full([STEP], float("-inf"), dtype=tl.float32)
    for part in range(FOLD):
        at = part * STEP + i
        v = tl.load(lower_maxima + (begin + at) * Q + column, mask=at < count, other=float("-inf"))
        values = tl.maximum(values, v)
    real = values > float("-inf")
    bottom = tl.min(tl.where(real, values, float("inf")), 0)
    top = tl.max(values, 0)
    if tl.sum(real.to(tl.int32), 0) < k:
        tl.store(limits + q, tl.where(count == 0, float("inf"), float("-inf")))
    else:
        g = tl.arange(0, 8)
        for _ in range(4):
            width = (top - bottom) / 8.0
            marks = bottom + g.to(tl.float32) * width
            reached = tl.sum((values[:, None] >= marks[None, :]).to(tl.int32), 0)
            # Mark 0 is always reached by k; the last mark that is reached becomes the bottom.
            last = tl.maximum(tl.sum((reached >= k).to(tl.int32), 0) - 1, 0)
            old = bottom
            bottom = tl.where(last > 0, old + last.to(tl.float32) * width, old)
            top = tl.where(last < 7, old + (last + 1).to(tl.float32) * width, top)
        tl.store(limits + q, bottom - tl.load(query_error + q) * tl.load(longest))


@triton.jit
def collect(
    table, tiles, upper_bounds, upper_maxima, limits, counters, entries,
    Q: tl.constexpr, PER_TILE: tl.constexpr, GROUP: tl.constexpr, LIST: tl.constexpr,
):  # fmt: skip
    """Append (tile * TILE + row) of rows whose upper bound reaches their query's threshold."""
    t = tl.program_id(0).to(tl.int64) * GROUP + tl.arange(0, GROUP)
    column = tl.program_id(1)
    live = t < tl.load(tiles)
    q = tl.load(table + t * COLUMNS + 7, mask=live, other=0) + column
    limit = tl.load(limits + q, mask=live, other=float("inf"))
    b = tl.arange(0, PER_TILE)
    upper_max = tl.load(
        upper_maxima + (t[:, None] * PER_TILE + b[None, :]) * Q + column,
        mask=live[:, None], other=float("-inf"),
    )  # fmt: skip
    hit = (tl.max(upper_max, 1) >= limit) & live
    if tl.sum(hit.to(tl.int32), 0) > 0:
        r = tl.arange(0, TILE)
        place = t[:, None] * TILE + r[None, :]
        upper = tl.load(upper_bounds + place * Q + column, mask=hit[:, None], other=float("-inf"))
        passed = (upper >= limit[:, None]) & (upper > float("-inf")) & hit[:, None]
        mine = tl.broadcast_to(q[:, None], [GROUP, TILE])
        slot = tl.atomic_add(counters + 2 * mine, 1, mask=passed, sem="relaxed")
        tl.store(entries + mine * LIST + slot, place, mask=passed & (slot < LIST))


@triton.jit
def rescore(
    table, entries, counters, limits, lengths, codes, unit,
    similarity, cues, memories, kept,
    D: tl.constexpr, BK: tl.constexpr, LIST: tl.constexpr, PART: tl.constexpr,
):  # fmt: skip
    """Score entries exactly and keep those that reach the threshold, in no order."""
    q = tl.program_id(0).to(tl.int64)
    count = tl.minimum(tl.load(counters + 2 * q), LIST)
    limit = tl.load(limits + q)
    floor = limit.to(tl.float64) * tl.sqrt(tl.load(lengths + q))
    floor -= 1e-9 * tl.abs(floor)
    weight = tl.load(unit + q)
    for begin in range(tl.program_id(1) * PART, count, tl.num_programs(1) * PART):
        i = begin + tl.arange(0, PART)
        live = i < count
        place = tl.load(entries + q * LIST + i, mask=live, other=0)
        entry = table + (place // TILE) * COLUMNS
        row = place % TILE
        coarse = tl.load(entry).to(tl.pointer_type(tl.int8)) + row * D
        residual = tl.load(entry + 1).to(tl.pointer_type(tl.int8)) + row * D
        products = tl.zeros([PART, BK], dtype=tl.float64)
        for start in range(0, D, BK):
            c = start + tl.arange(0, BK)
            at = tl.multiple_of(coarse[:, None] + c[None, :], [16, 16])
            h = tl.load(at, mask=live[:, None], other=0)
            at = tl.multiple_of(residual[:, None] + c[None, :], [16, 16])
            w = tl.load(at, mask=live[:, None], other=0)
            code = tl.load(codes + q * D + c)
            fixed = (h.to(tl.int32) * 256 + w.to(tl.int32)).to(tl.float64)
            products += fixed * code[None, :]
        at = tl.load(entry + 2).to(tl.pointer_type(tl.float32)) + row
        scale = tl.load(at, mask=live, other=0.0)
        exact = tl.sum(products, 1) * (scale.to(tl.float64) * weight)
        good = live & tl.where(exact < floor, 0, 1).to(tl.int1)  # a floor that is NaN keeps all
        spot = counters + 2 * q + 1 + tl.zeros_like(place)
        slot = q * LIST + tl.atomic_add(spot, 1, mask=good, sem="relaxed")
        cue = tl.load(tl.load(entry + 4).to(tl.pointer_type(tl.int64)) + row, mask=live, other=-1)
        at = tl.load(entry + 5).to(tl.pointer_type(tl.int64)) + row
        memory = tl.load(at, mask=live, other=-1)
        tl.store(similarity + slot, exact, mask=good)
        tl.store(cues + slot, cue, mask=good)
        tl.store(memories + slot, memory, mask=good)
        tl.store(kept + slot, place, mask=good)


@triton.jit
def rank(
    counters, similarity, cues, memories, best, wanted,
    LIST: tl.constexpr, C: tl.constexpr, PART: tl.constexpr,
):  # fmt: skip
    """Write the slots of the `wanted` best entries, best first, into `best` [B, C]."""
    q = tl.program_id(0).to(tl.int64)
    count = tl.load(counters + 2 * q + 1)
    if tl.program_id(1) == 0:
        # Places past the last entry are empty.
        p = tl.arange(0, C)
        none = tl.full([C], -1, dtype=tl.int32)
        tl.store(best + q * C + p, none, mask=(p >= count) | (p >= wanted))
    for begin in range(tl.program_id(1) * PART, count, tl.num_programs(1) * PART):
        i = begin + tl.arange(0, PART)
        live = i < count
        s = tl.load(similarity + q * LIST + i, mask=live, other=float("-inf"))
        m = tl.load(memories + q * LIST + i, mask=live, other=0)
        u = tl.load(cues + q * LIST + i, mask=live, other=0)
        before = tl.zeros([PART], dtype=tl.int32)
        for start in range(0, count, 64):
            j = start + tl.arange(0, 64)
            real = j < count
            s2 = tl.load(similarity + q * LIST + j, mask=real, other=float("-inf"))[None, :]
            m2 = tl.load(memories + q * LIST + j, mask=real, other=0)[None, :]
            u2 = tl.load(cues + q * LIST + j, mask=real, other=0)[None, :]
            by_id = (m2 < m[:, None]) | ((m2 == m[:, None]) & (u2 < u[:, None]))
            ahead = (s2 > s[:, None]) | ((s2 == s[:, None]) & by_id)
            before += tl.sum((ahead & real[None, :]).to(tl.int32), 1)
        tl.store(best + q * C + before, i, mask=live & (before < wanted))
