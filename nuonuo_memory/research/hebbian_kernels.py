# mypy: disable-error-code="misc,no-untyped-def,no-untyped-call,untyped-decorator,no-any-return"
# ruff: noqa: ANN001, ANN201, N803, PLR0913, PLR0917 - a launch gives the arguments types
"""Triton kernels that follow associations between sparse codes: three launches for one hop.

    begin   marks the ones of the code to start from
    add_up  counts the ones each pair's cue shares with it, adds the weighted targets to the sums
    choose  explains away what was visited, takes the winners, leaves the sums 0 and marks them

All numbers are integers: sums in any order give the same. One hop reads each cue code once (2 MB
for 20,000 pairs of 50 ones) and the target codes of the pairs that share a one.
"""

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def begin(
    codes, marks, visited, alive,
    CODE: tl.constexpr, WIDE_CODE: tl.constexpr, WINNERS: tl.constexpr, WIDE: tl.constexpr,
    PLACES: tl.constexpr,
):  # fmt: skip
    """Write each query's marks [CODE] uint8, and its code as the first of PLACES visited."""
    q = tl.program_id(0).to(tl.int64)
    i = tl.arange(0, WIDE_CODE)
    tl.store(marks + q * CODE + i, tl.zeros([WIDE_CODE], dtype=tl.uint8), mask=i < CODE)
    w = tl.arange(0, WIDE)
    held = w < WINNERS
    code = tl.load(codes + q * WINNERS + w, mask=held, other=0)
    tl.store(visited + q * PLACES * WINNERS + w, code, mask=held)
    tl.store(alive + q, 1)
    tl.debug_barrier()
    tl.store(marks + q * CODE + code, tl.full([WIDE], 1, dtype=tl.uint8), mask=held)


@triton.jit
def add_up(
    cues, targets, strengths, used, marks, sums,
    CODE: tl.constexpr, WINNERS: tl.constexpr, WIDE: tl.constexpr, ORDER: tl.constexpr,
    ROWS: tl.constexpr,
):  # fmt: skip
    """Add s (cue . code)^ORDER at the target's ones, for ROWS pairs; sums [CODE] int64 a query."""
    q = tl.program_id(1).to(tl.int64)
    r = tl.program_id(0).to(tl.int64) * ROWS + tl.arange(0, ROWS)
    live = r < tl.load(used)
    w = tl.arange(0, WIDE)
    at = r[:, None] * WINNERS + w[None, :]
    held = live[:, None] & (w < WINNERS)[None, :]
    bits = tl.load(cues + at, mask=held, other=-1).to(tl.int32)
    hits = tl.load(marks + q * CODE + bits, mask=bits >= 0, other=0)
    shared = tl.sum(hits.to(tl.int32), 1).to(tl.int64)
    weight = tl.load(strengths + r, mask=live, other=0).to(tl.int64)
    for _ in tl.static_range(ORDER):
        weight *= shared
    some = weight != 0
    if tl.sum(some.to(tl.int32), 0) > 0:
        wanted = held & some[:, None]
        goals = tl.load(targets + at, mask=wanted, other=0).to(tl.int32)
        amount = tl.broadcast_to(weight[:, None], [ROWS, WIDE])
        tl.atomic_add(sums + q * CODE + goals, amount, mask=wanted, sem="relaxed")


@triton.jit
def choose(
    sums, marks, visited, alive, out_codes, out_support, number, least,
    CODE: tl.constexpr, WIDE_CODE: tl.constexpr, WINNERS: tl.constexpr, WIDE: tl.constexpr,
    PLACES: tl.constexpr, WHOLE: tl.constexpr,
):  # fmt: skip
    """End hop `number`: write its winners and support, [hops] of PLACES - 1, -1 and 0 once ended.

    Support is the winners' sum by WHOLE; a hop of less than `least` ends the walk. Among equal
    sums the lowest index wins.
    """
    q = tl.program_id(0).to(tl.int64)
    w = tl.arange(0, WIDE)
    held = w < WINNERS
    for back in range(number + 1):
        code = tl.load(visited + (q * PLACES + number - back) * WINNERS + w, mask=held, other=0)
        values = tl.load(sums + q * CODE + code, mask=held, other=0)
        lowest = tl.min(tl.where(held, values, 9223372036854775807), 0)
        tl.debug_barrier()
        tl.store(sums + q * CODE + code, values - lowest, mask=held)
        tl.debug_barrier()
    i = tl.arange(0, WIDE_CODE)
    values = tl.load(sums + q * CODE + i, mask=i < CODE, other=-1)
    tl.store(sums + q * CODE + i, tl.zeros([WIDE_CODE], dtype=tl.int64), mask=i < CODE)
    # The last of the winners has the sum `bottom`: WINNERS or more reach it, fewer reach `top`.
    bottom = tl.max(values, 0) * 0
    top = tl.max(values, 0) + 1
    while top - bottom > 1:
        middle = bottom + (top - bottom) // 2
        enough = tl.sum((values >= middle).to(tl.int32), 0) >= WINNERS
        bottom = tl.where(enough, middle, bottom)
        top = tl.where(enough, top, middle)
    above = (values > bottom).to(tl.int32)
    level = (values == bottom).to(tl.int32)
    places = tl.cumsum(above * 65536 + level, 0) - (above * 65536 + level)
    room = WINNERS - tl.sum(above, 0)
    chosen = (above > 0) | ((level > 0) & ((places & 65535) < room))
    slot = (places >> 16) + tl.minimum(places & 65535, room)
    total = tl.sum(tl.where(chosen, values, 0), 0)
    share = total.to(tl.float64) / WHOLE
    going = (tl.load(alive + q) > 0) & (share >= least) & (share > 0)
    tl.store(alive + q, going.to(tl.int32))
    tl.store(marks + q * CODE + i, chosen.to(tl.uint8), mask=i < CODE)
    tl.store(visited + (q * PLACES + number + 1) * WINNERS + slot, i, mask=chosen)
    shown = tl.where(going, i, -1)
    tl.store(out_codes + (q * (PLACES - 1) + number) * WINNERS + slot, shown, mask=chosen)
    tl.store(out_support + q * (PLACES - 1) + number, tl.where(going, share, 0.0))
