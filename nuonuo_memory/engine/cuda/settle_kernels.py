# mypy: disable-error-code="misc,no-untyped-def,no-untyped-call,untyped-decorator,no-any-return"
# ruff: noqa: ANN001, ANN201, N803, PLR0913, PLR0915, PLR0917 - a launch gives the arguments types
"""Triton kernels that settle each query among its candidates and rank their memories.

A state after the first update lies in the span of the patterns, so settling iterates on the
attention alone: with the Gram matrix G = X Xᵀ the overlaps of the state Xᵀp are G p, its squared
length is pᵀG p, and no state is formed before the end. G is exact: products of
int8 codes are whole numbers.
"""

from __future__ import annotations

import triton
import triton.language as tl

from nuonuo_memory.engine.cuda.scan import ATTENTION_UNITS, COLUMNS, TILE


@triton.jit
def gram(
    table, best, kept, out, similarity, weights, overlaps, beta,
    D: tl.constexpr, BK: tl.constexpr, LIST: tl.constexpr, C: tl.constexpr, SIDE: tl.constexpr,
    STEPS: tl.constexpr,
):  # fmt: skip
    """Write a SIDE x SIDE block of the candidates' inner products [B, C, C] float64.

    Where STEPS is not 0, SIDE is C: then all updates are made here, as `step` does, and only the
    diagonal of the products is written.
    """
    q = tl.program_id(0).to(tl.int64)
    blocks: tl.constexpr = C // SIDE
    i = (tl.program_id(1) // blocks) * SIDE + tl.arange(0, SIDE)
    j = (tl.program_id(1) % blocks) * SIDE + tl.arange(0, SIDE)
    slot_i = tl.load(best + q * C + i)
    slot_j = tl.load(best + q * C + j)
    live_i, live_j = slot_i >= 0, slot_j >= 0
    place_i = tl.load(kept + q * LIST + slot_i, mask=live_i, other=0)
    place_j = tl.load(kept + q * LIST + slot_j, mask=live_j, other=0)
    entry_i = table + (place_i // TILE) * COLUMNS
    entry_j = table + (place_j // TILE) * COLUMNS
    row_i, row_j = place_i % TILE, place_j % TILE
    coarse_i = tl.load(entry_i).to(tl.pointer_type(tl.int8)) + row_i * D
    coarse_j = tl.load(entry_j).to(tl.pointer_type(tl.int8)) + row_j * D
    residual_i = tl.load(entry_i + 1).to(tl.pointer_type(tl.int8)) + row_i * D
    residual_j = tl.load(entry_j + 1).to(tl.pointer_type(tl.int8)) + row_j * D
    scale_i = tl.load(entry_i + 2).to(tl.pointer_type(tl.float32)) + row_i
    scale_j = tl.load(entry_j + 2).to(tl.pointer_type(tl.float32)) + row_j
    hh = tl.zeros([SIDE, SIDE], dtype=tl.int32)
    mixed = tl.zeros([SIDE, SIDE], dtype=tl.int32)
    ll = tl.zeros([SIDE, SIDE], dtype=tl.int32)
    for start in range(0, D, BK):
        c = start + tl.arange(0, BK)
        at = tl.multiple_of(coarse_i[:, None] + c[None, :], [16, 16])
        hi = tl.load(at, mask=live_i[:, None], other=0)
        at = tl.multiple_of(residual_i[:, None] + c[None, :], [16, 16])
        li = tl.load(at, mask=live_i[:, None], other=0)
        at = tl.multiple_of(coarse_j[:, None] + c[None, :], [16, 16])
        hj = tl.trans(tl.load(at, mask=live_j[:, None], other=0))
        at = tl.multiple_of(residual_j[:, None] + c[None, :], [16, 16])
        lj = tl.trans(tl.load(at, mask=live_j[:, None], other=0))
        hh = tl.dot(hi, hj, hh, out_dtype=tl.int32)
        mixed = tl.dot(hi, lj, mixed, out_dtype=tl.int32)
        mixed = tl.dot(li, hj, mixed, out_dtype=tl.int32)
        ll = tl.dot(li, lj, ll, out_dtype=tl.int32)
    whole = hh.to(tl.float64) * 65536.0 + mixed.to(tl.float64) * 256.0 + ll.to(tl.float64)
    si = tl.load(scale_i, mask=live_i, other=0.0).to(tl.float64)
    sj = tl.load(scale_j, mask=live_j, other=0.0).to(tl.float64)
    at = out + q * C * C + i[:, None] * C + j[None, :]
    product = whole * (si[:, None] * sj[None, :])
    tl.store(at, product, mask=(i[:, None] == j[None, :]) | (STEPS == 0))
    if STEPS > 0:
        overlap = tl.load(similarity + q * LIST + slot_j, mask=live_j, other=0.0)
        some = tl.sum(live_j.to(tl.int32), 0) > 0
        for number in tl.static_range(STEPS):
            values = tl.where(live_j, beta * overlap, float("-inf"))
            peak = tl.where(some, tl.max(values, 0), 0.0)
            p = tl.where(live_j, tl.exp(values - peak), 0.0)
            total = tl.sum(p, 0)
            p = p / tl.where(total > 0, total, 1.0)
            moved = tl.sum(product * p[None, :], 1)
            to = (q * STEPS + number) * C
            tl.store(weights + to + j, p)
            tl.store(overlaps + to + i, moved)
            # The products are symmetric: i and j are the same, in another layout.
            overlap = tl.reshape(moved, [SIDE])


@triton.jit
def combine(
    table, best, kept, shares, out_state, q, part,
    D: tl.constexpr, BK: tl.constexpr, LIST: tl.constexpr, C: tl.constexpr,
):  # fmt: skip
    """Write BK columns of the state: the candidates' rows weighted by their attention."""
    i = tl.arange(0, C)
    slot = tl.load(best + q * C + i)
    live = slot >= 0
    place = tl.load(kept + q * LIST + slot, mask=live, other=0)
    entry = table + (place // TILE) * COLUMNS
    row = place % TILE
    c = part * BK + tl.arange(0, BK)
    coarse = tl.load(entry).to(tl.pointer_type(tl.int8)) + row * D
    residual = tl.load(entry + 1).to(tl.pointer_type(tl.int8)) + row * D
    at = tl.load(entry + 2).to(tl.pointer_type(tl.float32)) + row
    scale = tl.load(at, mask=live, other=0.0).to(tl.float64)
    share = tl.load(shares + q * C + i) * scale
    h = tl.load(tl.multiple_of(coarse[:, None] + c[None, :], [16, 16]), mask=live[:, None], other=0)
    w = tl.load(
        tl.multiple_of(residual[:, None] + c[None, :], [16, 16]), mask=live[:, None], other=0
    )
    fixed = (h.to(tl.int32) * 256 + w.to(tl.int32)).to(tl.float64)
    tl.store(out_state + q * D + c, tl.sum(fixed * share[:, None], 0))


@triton.jit
def step(
    best, similarity, grams, weights, overlaps, beta, number,
    LIST: tl.constexpr, C: tl.constexpr, ROWS: tl.constexpr, STEPS: tl.constexpr,
):  # fmt: skip
    """Make update `number`: weights p = softmax(beta overlaps), and ROWS of the overlaps G p."""
    q = tl.program_id(0).to(tl.int64)
    i = tl.arange(0, C)
    slot = tl.load(best + q * C + i)
    live = slot >= 0
    at = (q * STEPS + number) * C
    if number == 0:
        overlap = tl.load(similarity + q * LIST + slot, mask=live, other=0.0)
    else:
        overlap = tl.load(overlaps + at - C + i)
    some = tl.sum(live.to(tl.int32), 0) > 0
    values = tl.where(live, beta * overlap, float("-inf"))
    peak = tl.where(some, tl.max(values, 0), 0.0)
    p = tl.where(live, tl.exp(values - peak), 0.0)
    total = tl.sum(p, 0)
    p = p / tl.where(total > 0, total, 1.0)
    if tl.program_id(1) == 0:
        tl.store(weights + at + i, p)
    r = tl.program_id(1) * ROWS + tl.arange(0, ROWS)
    block = tl.load(grams + q * C * C + r[:, None] * C + i[None, :])
    tl.store(overlaps + at + r, tl.sum(block * p[None, :], 1))


@triton.jit
def sum_by_memory(
    best, similarity, memories, lengths, grams, weights, overlaps, shares, masses, out_scalars,
    beta, tolerance,
    LIST: tl.constexpr, C: tl.constexpr, ROWS: tl.constexpr, STEPS: tl.constexpr,
):  # fmt: skip
    """Take the update at which the query rested, and sum its attention by memory for ROWS cues.

    `masses` [B, C] gets the memory's sum at its best cue, -1 at its others; `shares` [B, C] the
    attention; `out_scalars` [B, 3] energy and entropy.
    """
    q = tl.program_id(0).to(tl.int64)
    i = tl.arange(0, C)
    slot = tl.load(best + q * C + i)
    live = slot >= 0
    at = q * LIST + slot
    sims = tl.load(similarity + at, mask=live, other=0.0)
    overlap = sims
    attention = tl.zeros([C], dtype=tl.float64)
    moving = True
    for number in tl.static_range(STEPS):
        p = tl.load(weights + (q * STEPS + number) * C + i)
        moved = tl.load(overlaps + (q * STEPS + number) * C + i)
        if number == 0:
            distance = tl.sum(p * (moved - 2.0 * sims), 0) + tl.load(lengths + q)
        else:
            distance = tl.sum((p - attention) * (moved - overlap), 0)
        attention = tl.where(moving, p, attention)
        overlap = tl.where(moving, moved, overlap)
        moving = moving & (distance >= tolerance * tolerance)

    if tl.program_id(1) == 0:
        some = tl.sum(live.to(tl.int32), 0) > 0
        values = tl.where(live, beta * overlap, float("-inf"))
        peak = tl.where(some, tl.max(values, 0), 0.0)
        lse = tl.log(tl.sum(tl.where(live, tl.exp(values - peak), 0.0), 0)) + peak
        own = tl.load(grams + q * C * C + i * C + i)
        held = tl.sum(live.to(tl.float64), 0)
        energy = (tl.log(held) - lse) / beta + tl.sum(attention * overlap, 0) / 2.0
        energy = tl.where(some, energy + tl.max(own, 0) / 2.0, float("inf"))
        entropy = 0.0 - tl.sum(tl.where(attention > 0, attention * tl.log(attention), 0.0), 0)
        tl.store(out_scalars + q * 3, energy)
        tl.store(out_scalars + q * 3 + 1, entropy)
        tl.store(shares + q * C + i, attention)

    memory = tl.load(memories + at, mask=live, other=-1)
    r = tl.program_id(1) * ROWS + tl.arange(0, ROWS)
    own_slot = tl.load(best + q * C + r)
    own_memory = tl.load(memories + q * LIST + own_slot, mask=own_slot >= 0, other=-1)
    whole = tl.floor(attention * ATTENTION_UNITS + 0.5)
    alike = own_memory[:, None] == memory[None, :]
    mass = tl.sum(tl.where(alike, whole[None, :], 0.0), 1) / ATTENTION_UNITS
    earlier = tl.sum((alike & (i[None, :] < r[:, None])).to(tl.int32), 1)
    tl.store(masses + q * C + r, tl.where((own_slot >= 0) & (earlier == 0), mass, -1.0))


@triton.jit
def place(
    best, similarity, cues, memories, counters, masses,
    out_memories, out_scores, out_cues, out_similarity, out_scalars, out_status, wanted, q, part,
    LIST: tl.constexpr, C: tl.constexpr, ROWS: tl.constexpr, K: tl.constexpr,
):  # fmt: skip
    """Write those of ROWS cues whose memories are among the K of the largest masses."""
    i = tl.arange(0, C)
    slot = tl.load(best + q * C + i)
    memory = tl.load(memories + q * LIST + slot, mask=slot >= 0, other=-1)
    mass = tl.load(masses + q * C + i)
    r = part * ROWS + tl.arange(0, ROWS)
    own_slot = tl.load(best + q * C + r)
    live = own_slot >= 0
    at = q * LIST + own_slot
    own_memory = tl.load(memories + at, mask=live, other=-1)
    own = tl.load(masses + q * C + r)
    ahead = (mass[None, :] > own[:, None]) | (
        (mass[None, :] == own[:, None]) & (memory[None, :] < own_memory[:, None])
    )
    order = tl.where(own >= 0, tl.sum(ahead.to(tl.int32), 1), K)
    out = q * K + order
    taken = order < K
    tl.store(out_memories + out, own_memory, mask=taken)
    tl.store(out_scores + out, own, mask=taken)
    tl.store(out_cues + out, tl.load(cues + at, mask=live, other=-1), mask=taken)
    tl.store(out_similarity + out, tl.load(similarity + at, mask=live, other=0.0), mask=taken)
    if part == 0:
        found = tl.sum((mass >= 0).to(tl.int32), 0)
        first = tl.argmax(mass, 0)
        second = tl.max(tl.where(i == first, 0.0, mass), 0)
        tl.store(
            out_scalars + q * 3 + 2, tl.maximum(tl.max(mass, 0), 0.0) - tl.maximum(second, 0.0)
        )
        rest = (i >= found) & (i < K)
        tl.store(out_memories + q * K + i, tl.full([C], -1, dtype=tl.int64), mask=rest)
        tl.store(out_scores + q * K + i, tl.zeros([C], dtype=tl.float64), mask=rest)
        tl.store(out_cues + q * K + i, tl.full([C], -1, dtype=tl.int64), mask=rest)
        nothing = tl.full([C], float("-inf"), dtype=tl.float64)
        tl.store(out_similarity + q * K + i, nothing, mask=rest)
        over = tl.load(counters + 2 * q) > LIST
        short = (found < K) & (tl.sum((slot >= 0).to(tl.int32), 0) == wanted)
        tl.store(out_status + q, tl.where(over, 1, tl.where(short, 2, 0)))


@triton.jit
def conclude(
    table, best, kept, similarity, cues, memories, counters, shares, masses,
    out_state, out_memories, out_scores, out_cues, out_similarity, out_scalars, out_status, wanted,
    D: tl.constexpr, BK: tl.constexpr, LIST: tl.constexpr, C: tl.constexpr, ROWS: tl.constexpr,
    K: tl.constexpr,
):  # fmt: skip
    """Write the state in D / BK programs a query, its K best memories in C / ROWS more.

    `out_scalars` [B, 3] gets the margin as its third. `out_status` [B] gets 1 where the list of
    entries ran over, 2 where fewer than K memories came of a full set of candidates, else 0.
    """
    q = tl.program_id(0).to(tl.int64)
    part = tl.program_id(1)
    if part < D // BK:
        combine(table, best, kept, shares, out_state, q, part, D, BK, LIST, C)
    else:
        place(
            best, similarity, cues, memories, counters, masses,
            out_memories, out_scores, out_cues, out_similarity, out_scalars, out_status,
            wanted, q, part - D // BK, LIST, C, ROWS, K,
        )  # fmt: skip
