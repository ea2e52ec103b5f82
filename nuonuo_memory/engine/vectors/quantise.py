"""Vectors [n, d] to 16-bit fixed point in two 8-bit codes, a coarse one and a residual one.

A row x becomes v = round(x / scale), |v| <= 32639, and v = 256 * coarse + residual, both in int8.
The first pass of a search reads the coarse code alone; `error` bounds how far such a score can lie
from the true one for any query of length 1, in any summation order (Cauchy-Schwarz on the residual,
plus the rounding of the query to 16 bits and of float32 arithmetic).

A query is rounded to so few bits that the sum of its products with v is exact in float64. The
order of the summation then cannot matter, so final scores are the same bits in a batch of one and
of a thousand, on a CPU and on a GPU.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from nuonuo_memory.errors import VectorError

LIMIT = 127 * 256 + 127
"""Largest magnitude of the fixed-point value: both codes then fit in int8."""

DIRECTION = 2.0**-36
"""A sum of unit vectors is counted in these: 2**27 of them fit into int64."""

MAX_MAGNITUDE = 1e15
"""Largest coordinate accepted: squares of it still sum to a finite float32."""

_ROWS_AT_ONCE = 1024
"""Rows rounded at once: what larger temporaries free stays with the process, half its size more."""
_TINY = 1e-200
"""Stands in for the largest value and the length of a row of zeros."""
_DTYPES = (torch.float32, torch.float16, torch.bfloat16, torch.float64)


class Quantised(NamedTuple):
    """Rows in two codes: row = (256 * coarse + residual) * scale.

    Attributes:
        coarse: int8 [n, d].
        residual: int8 [n, d].
        scale: float32 [n].
        error: float32 [n], how far a first pass may be off for a query of length 1.
    """

    coarse: Tensor
    residual: Tensor
    scale: Tensor
    error: Tensor


class QueryCodes(NamedTuple):
    """Queries as whole numbers: code * unit, to 2**-26 of the largest value.

    Attributes:
        code: float64 [n, d], whole numbers.
        unit: float64 [n].
    """

    code: Tensor
    unit: Tensor


def check_vectors(vectors: Tensor, dimension: int, *, what: str = "vectors") -> Tensor:
    """Return `vectors` detached if they are finite rows of `dimension` floats.

    Raises:
        VectorError: The shape or type is another, or a value is NaN, infinite or above 1e15.
    """
    if not isinstance(vectors, Tensor):
        raise VectorError(
            f"{what} must be a torch.Tensor, got {type(vectors).__name__}; use torch.as_tensor"
        )
    if vectors.ndim != 2 or vectors.shape[1] != dimension:
        raise VectorError(
            f"{what} must have shape [n, {dimension}], got {list(vectors.shape)}; "
            "encode with the encoder that this memory was made with"
        )
    if vectors.dtype not in _DTYPES:
        raise VectorError(
            f"{what} must be float32, float16, bfloat16 or float64, got {vectors.dtype}; "
            "convert them first"
        )
    vectors = vectors.detach()
    if vectors.numel() and not float(vectors.abs().amax()) <= MAX_MAGNITUDE:
        row = int((~(vectors.abs() <= MAX_MAGNITUDE)).any(1).nonzero()[0])
        raise VectorError(
            f"{what} must be finite and at most {MAX_MAGNITUDE:g} in magnitude, row {row} is not; "
            "look at what the encoder returned for it"
        )
    return vectors


def quantise(vectors: Tensor) -> Quantised:
    """Round float rows [n, d] to two int8 codes, a scale and an error bound each."""
    blocks = [_quantise_block(block) for block in vectors.split(_ROWS_AT_ONCE)]
    if len(blocks) == 1:
        return blocks[0]
    return Quantised(*(torch.cat(part) for part in zip(*blocks, strict=True)))


def _quantise_block(vectors: Tensor) -> Quantised:
    dimension = vectors.shape[1]
    rows = vectors.to(torch.float32)
    # A tensor divides exactly on every device; a Python number is multiplied by its inverse.
    scale = rows.abs().amax(1) / rows.new_full((), LIMIT)
    divisor = torch.where(scale > 0, scale, torch.ones_like(scale))
    value = (rows / divisor[:, None]).round_().clamp_(-LIMIT, LIMIT)
    value *= (scale > 0)[:, None]
    coarse = ((value + 128) / 256).floor_()
    residual = value - 256 * coarse
    # Sums of integers, exact in float64: the same on every device.
    residual_length = residual.to(torch.float64).square_().sum(1).sqrt_()
    length = value.to(torch.float64).square_().sum(1).sqrt_()
    query_rounding = math.sqrt(dimension) / (2 * LIMIT)
    float_rounding = dimension * 2.0**-23
    bound = scale.double() * (residual_length + length * (query_rounding + float_rounding))
    error = (bound * (1 + 2.0**-16) + 1e-36).to(torch.float32)
    return Quantised(coarse.to(torch.int8), residual.to(torch.int8), scale, error)


def fixed_point(coarse: Tensor, residual: Tensor) -> Tensor:
    """Return 256 * coarse + residual as int16."""
    return coarse.to(torch.int16).mul_(256).add_(residual)


def dequantise(coarse: Tensor, residual: Tensor, scale: Tensor) -> Tensor:
    """Return the rows as float32 [n, d], correctly rounded from what is stored."""
    return (fixed_point(coarse, residual) * scale.to(torch.float64)[:, None]).to(torch.float32)


def direction_sum(coarse: Tensor, residual: Tensor) -> Tensor:
    """Sum rows [n, d], each scaled to length one, in units of `DIRECTION`: int64 [d].

    Sums of whole numbers: rows can be taken off again without a trace, in any order, on any device.
    """
    total = torch.zeros(coarse.shape[1], dtype=torch.int64, device=coarse.device)
    for block in zip(coarse.split(_ROWS_AT_ONCE), residual.split(_ROWS_AT_ONCE), strict=True):
        code = fixed_point(*block).to(torch.float64)
        weight = (1 / DIRECTION) / code.square().sum(1).sqrt_().clamp_(min=1)
        total += (weight.round_() @ code).to(torch.int64)
    return total


def encode_queries(queries: Tensor) -> QueryCodes:
    """Round queries [n, d] to integers whose products with stored rows sum exactly in float64."""
    bits = min(28, 38 - max(1, queries.shape[1] - 1).bit_length())
    rows = queries.to(torch.float64)
    unit = torch.linalg.vector_norm(rows, math.inf, dim=1).clamp_(min=_TINY).mul_(2.0**-bits)
    return QueryCodes((rows / unit[:, None]).round_(), unit)


def code_digits(code: Tensor) -> Tensor:
    """Return the digits to base 256 of query codes [n, d]: int8 [d, 4n], lowest digits first.

    code = Σ_j 256^j digit_j with every digit in [-128, 127]: the bytes of the code after half of
    256 was added to each but the highest, and taken off it again.
    """
    halves = 0x00808080
    digits = ((code.to(torch.int32) + halves) ^ halves).view(torch.int8)
    return digits.view(*code.shape, 4).permute(1, 2, 0).reshape(code.shape[1], -1)


def first_pass_queries(queries: Tensor) -> tuple[Tensor, Tensor]:
    """Turn queries [n, d] into int8 codes [d, 2n], coarse ones first, and a float32 factor [n].

    The factor takes 256 * coarse + residual, of the query divided by its length, back to numbers,
    with the weight 256 of the rows' coarse code in it.
    """
    rows = queries.to(torch.float64)
    length = torch.linalg.vector_norm(rows, dim=1).clamp_(min=_TINY)
    peak = torch.linalg.vector_norm(rows, math.inf, dim=1).clamp_(min=_TINY)
    value = (rows / (peak / LIMIT)[:, None]).round_().clamp_(-LIMIT, LIMIT).to(torch.int16)
    # The bytes of 256 * coarse + residual, with residual in [-128, 127].
    digits = ((value + 128) ^ 128).view(torch.int8).view(*rows.shape, 2)
    codes = digits.flip(2).permute(1, 2, 0).reshape(rows.shape[1], -1)
    return codes, (peak / length * (256 / LIMIT)).to(torch.float32)
