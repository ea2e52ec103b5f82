"""Products of int8 matrices as exact int32, by the processor's 8-bit units where it has any.

`torch._int_mm` uses them, but is private and has been wrong for some shapes. It is put to the test
once for each kind of device, and a product in float64 stands in where it fails: slower, the same
numbers.
"""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor

_ROWS_AT_ONCE = 8_192
"""Rows that the product in float64 converts at once: 25 MB at 384 dimensions."""
_TRIED = ((1, 16, 2), (5, 64, 4), (33, 100, 8), (64, 384, 16), (40, 1024, 32))
"""Shapes that are tried, rows, length and columns: from the least that a search asks for."""


def int8_product(left: Tensor, right: Tensor) -> Tensor:
    """Return left [n, d] @ right [d, m], both int8, as int32 [n, m]; d is at most 131,071."""
    if _is_exact(left.device.type):
        return torch._int_mm(left, right)
    return plain_product(left, right)


def plain_product(left: Tensor, right: Tensor) -> Tensor:
    """Return what `int8_product` does, from sums in float64, which are exact."""
    wide = right.to(torch.float64)
    parts = [(part.to(torch.float64) @ wide) for part in left.split(_ROWS_AT_ONCE)]
    return torch.cat(parts).to(torch.int32)


@cache
def _is_exact(device: str) -> bool:
    """Say whether the private product gives the plain one's numbers on this kind of device."""
    made = torch.Generator().manual_seed(0)
    for rows, length, columns in _TRIED:
        left = torch.randint(-128, 128, (rows, length), generator=made).to(device, torch.int8)
        right = torch.randint(-128, 128, (length, columns), generator=made).to(device, torch.int8)
        left[0], right[:, 0] = -128, -128
        try:
            found = torch._int_mm(left, right)
        except (AttributeError, NotImplementedError, RuntimeError):
            return False
        if found.dtype != torch.int32 or not torch.equal(found, plain_product(left, right)):
            return False
    return True
