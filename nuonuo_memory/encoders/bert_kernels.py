# mypy: disable-error-code="misc,no-untyped-def,no-untyped-call,untyped-decorator,no-any-return"
# ruff: noqa: ANN001, ANN201, N803, PLR0913, PLR0917 - a launch gives the arguments types
"""Triton kernels of a BERT encoder for one short text: four launches a layer.

What counts for T tokens, T a few dozen, is neither arithmetic nor bytes (21 MB of weights in half
precision, which stay in the L2) but launches and latency. So each launch does all that can be done
before rows must be seen whole again:

    embed   words + positions                                    raw [T, D]
    attend  one head: queries, keys, values, attention           context [T, D]
    add     columns of the product + the normalised input        raw [T, D]
    widen   columns of the first feed-forward product, gelu      hidden [T, F]
    add     of the second                                        raw [T, D]
    pool    the mean of the normalised rows, of length one       [D] float32

`raw` is a sum before its normalisation, float32; whoever reads it normalises it, so that no launch
is needed for that. Products are of half-precision numbers, summed in float32.
"""

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def embed(
    ids, words, positions, raw,
    D: tl.constexpr, WIDE: tl.constexpr,
):  # fmt: skip
    """Write one token's sum of embeddings."""
    t = tl.program_id(0)
    c = tl.arange(0, WIDE)
    word = tl.load(ids + t).to(tl.int64)
    x = tl.load(words + word * D + c, mask=c < D, other=0.0).to(tl.float32)
    x += tl.load(positions + t * D + c, mask=c < D, other=0.0).to(tl.float32)
    tl.store(raw + t * D + c, x, mask=c < D)


@triton.jit
def moments(raw, eps, T: tl.constexpr, D: tl.constexpr, BK: tl.constexpr):
    """Return each row's mean and inverse standard deviation, [T] float32."""
    t = tl.arange(0, T)
    total = tl.zeros([T], dtype=tl.float32)
    square = tl.zeros([T], dtype=tl.float32)
    for start in range(0, D, BK):
        c = start + tl.arange(0, BK)
        x = tl.load(raw + t[:, None] * D + c[None, :])
        total += tl.sum(x, 1)
        square += tl.sum(x * x, 1)
    mean = total / D
    return mean, tl.rsqrt(square / D - mean * mean + eps)


@triton.jit
def normal(raw, gain, shift, mean, spread, t, c, D: tl.constexpr):
    """Return columns c of the normalised rows, float32."""
    x = tl.load(raw + t[:, None] * D + c[None, :])
    x = (x - mean[:, None]) * spread[:, None]
    return x * tl.load(gain + c)[None, :].to(tl.float32) + tl.load(shift + c)[None, :].to(
        tl.float32
    )


@triton.jit
def attend(
    ids, raw, gain, shift, weight, bias, context, scale, eps,
    T: tl.constexpr, D: tl.constexpr, BK: tl.constexpr, SIZE: tl.constexpr,
):  # fmt: skip
    """Write one head's context, SIZE columns; `ids[T]` says how many tokens are there."""
    head = tl.program_id(0)
    t = tl.arange(0, T)
    n = head * SIZE + tl.arange(0, SIZE)
    mean, spread = moments(raw, eps, T, D, BK)
    query = tl.zeros([T, SIZE], dtype=tl.float32)
    key = tl.zeros([T, SIZE], dtype=tl.float32)
    value = tl.zeros([T, SIZE], dtype=tl.float32)
    for start in range(0, D, BK):
        c = start + tl.arange(0, BK)
        x = normal(raw, gain, shift, mean, spread, t, c, D).to(tl.float16)
        at = weight + n[None, :] * D + c[:, None]
        query = tl.dot(x, tl.load(at), query)
        key = tl.dot(x, tl.load(at + D * D), key)
        value = tl.dot(x, tl.load(at + 2 * D * D), value)
    query += tl.load(bias + n)[None, :].to(tl.float32)
    key += tl.load(bias + D + n)[None, :].to(tl.float32)
    value += tl.load(bias + 2 * D + n)[None, :].to(tl.float32)
    score = tl.dot(query.to(tl.float16), tl.trans(key.to(tl.float16))) * scale
    score = tl.where((t < tl.load(ids + T))[None, :], score, float("-inf"))
    part = tl.exp(score - tl.max(score, 1)[:, None])
    part = part / tl.sum(part, 1)[:, None]
    seen = tl.dot(part.to(tl.float16), value.to(tl.float16))
    tl.store(context + t[:, None] * D + n[None, :], seen.to(tl.float16))


@triton.jit
def widen(
    raw, gain, shift, weight, bias, hidden, eps,
    T: tl.constexpr, D: tl.constexpr, F: tl.constexpr, BK: tl.constexpr, COLUMNS: tl.constexpr,
):  # fmt: skip
    """Write COLUMNS columns of gelu(x W + b), x the normalised rows."""
    t = tl.arange(0, T)
    n = tl.program_id(0) * COLUMNS + tl.arange(0, COLUMNS)
    mean, spread = moments(raw, eps, T, D, BK)
    total = tl.zeros([T, COLUMNS], dtype=tl.float32)
    for start in range(0, D, BK):
        c = start + tl.arange(0, BK)
        x = normal(raw, gain, shift, mean, spread, t, c, D).to(tl.float16)
        total = tl.dot(x, tl.load(weight + n[None, :] * D + c[:, None]), total)
    total += tl.load(bias + n)[None, :].to(tl.float32)
    total = 0.5 * total * (1.0 + tl.math.erf(total * 0.7071067811865476))
    tl.store(hidden + t[:, None] * F + n[None, :], total.to(tl.float16))


@triton.jit
def add(
    inner, raw, gain, shift, weight, bias, out, eps,
    T: tl.constexpr, D: tl.constexpr, F: tl.constexpr, BK: tl.constexpr, COLUMNS: tl.constexpr,
):  # fmt: skip
    """Write COLUMNS columns of inner W + b plus the normalised rows; inner is [T, F]."""
    t = tl.arange(0, T)
    n = tl.program_id(0) * COLUMNS + tl.arange(0, COLUMNS)
    mean, spread = moments(raw, eps, T, D, 128 if D % 128 == 0 else BK)
    total = normal(raw, gain, shift, mean, spread, t, n, D)
    total += tl.load(bias + n)[None, :].to(tl.float32)
    for start in tl.range(0, F, BK):
        c = start + tl.arange(0, BK)
        x = tl.load(inner + t[:, None] * F + c[None, :])
        total = tl.dot(x, tl.load(weight + n[None, :] * F + c[:, None]), total)
    tl.store(out + t[:, None] * D + n[None, :], total)


@triton.jit
def pool(
    ids, raw, gain, shift, out, eps,
    T: tl.constexpr, D: tl.constexpr, WIDE: tl.constexpr,
):  # fmt: skip
    """Write the unit vector of the mean over the tokens that are there."""
    t = tl.arange(0, T)
    c = tl.arange(0, WIDE)
    inside = (c < D)[None, :]
    x = tl.load(raw + t[:, None] * D + c[None, :], mask=inside, other=0.0)
    mean = tl.sum(x, 1) / D
    x = tl.where(inside, x - mean[:, None], 0.0)
    spread = tl.rsqrt(tl.sum(x * x, 1) / D + eps)
    # Scale and shift are the same for every token: they can wait until after the mean.
    count = tl.load(ids + T)
    x = tl.where((t < count)[:, None], x * spread[:, None], 0.0)
    y = tl.sum(x, 0) / count.to(tl.float32)
    y = y * tl.load(gain + c, mask=c < D, other=0.0).to(tl.float32)
    y += tl.load(shift + c, mask=c < D, other=0.0).to(tl.float32)
    tl.store(out + c, y / tl.sqrt_rn(tl.sum(y * y, 0)), mask=c < D)
