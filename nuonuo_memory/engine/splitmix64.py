"""SplitMix64 on tensors: int64 to int64, one to one, in arithmetic modulo 2**64.

Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators".
"""

from __future__ import annotations

from torch import Tensor

GAMMA = 0x9E3779B97F4A7C15
"""2**64 divided by the golden ratio, odd: what the generator's state grows by."""


def signed(value: int) -> int:
    """Return the int64 with the bits of `value` modulo 2**64."""
    return (value + 2**63) % 2**64 - 2**63


def mix(x: Tensor) -> Tensor:
    """Return the generator's output after each state in `x`, int64 of any shape."""
    x = x + signed(GAMMA)
    x = (x ^ _shifted(x, 30)) * signed(0xBF58476D1CE4E5B9)
    x = (x ^ _shifted(x, 27)) * signed(0x94D049BB133111EB)
    return x ^ _shifted(x, 31)


def _shifted(x: Tensor, bits: int) -> Tensor:
    """Shift right without carrying the sign."""
    return (x >> bits) & ((1 << (64 - bits)) - 1)
