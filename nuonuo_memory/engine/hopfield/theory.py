"""How many patterns a modern Hopfield network holds, and the β that they ask for.

After Ramsauer et al. 2020 (arXiv:2008.02217). With N patterns no longer than M, and Δ the
separation of a pattern, min over others of x·x − x·y:

    separated   near x there is one fixed point, and it attracts, if
                Δ ≥ 2/(βN) + ln(2 (N−1) N β M²) / β
    Theorem 5   from ξ, one update comes within 2 (N−1) M exp(−β (Δ − 2 r M)) of it, r the larger
                of the distances from x of ξ and of the fixed point

Both tie β to ln N *and* to Δ: patterns twice as close ask for twice the β. ln N alone, the
prototype's rule, is right only where Δ is about 1, as for random patterns in many dimensions.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from nuonuo_memory.errors import InvalidInputError


def error_bound(
    beta: float, separation: float, count: int, *, longest: float = 1.0, distance: float = 0.0
) -> float:
    """Return how far one update may end from the pattern at most (Theorem 5).

    Args:
        beta: Inverse temperature.
        separation: Δ of the pattern.
        count: N, the patterns stored.
        longest: M, the length of the longest pattern.
        distance: r, how far the query starts from the pattern.
    """
    exponent = -beta * (separation - 2 * distance * longest)
    return 2 * (count - 1) * longest * math.exp(min(exponent, 700.0))


def beta_for_error(
    count: int,
    separation: float,
    *,
    error: float = 0.01,
    longest: float = 1.0,
    distance: float = 0.0,
) -> float:
    """Return the smallest β whose update surely ends within `error` of the pattern.

    Solves Theorem 5 for β: ln(2 (N−1) M / error) / (Δ − 2 r M). The smallest is the best one: a
    larger β gains nothing that was asked for, and lets fewer cues count for their memory.

    Raises:
        InvalidInputError: If the query may start so far off (2 r M ≥ Δ) that no β is enough.
    """
    room = separation - 2 * distance * longest
    if room <= 0 or error <= 0:
        raise InvalidInputError(
            "no beta retrieves a pattern whose separation is at most 2 * distance * longest, "
            f"got separation {separation}, distance {distance}, longest {longest}, error {error}"
        )
    return max(0.0, math.log(max(1e-300, 2 * (count - 1) * longest / error)) / room)


def beta_for_fixed_point(count: int, separation: float, *, longest: float = 1.0) -> float:
    """Return the smallest β beyond which the pattern surely has a fixed point of its own.

    The larger root of the condition above, by bisection.

    Raises:
        InvalidInputError: If the separation is not positive: equal patterns cannot be told apart.
    """
    if separation <= 0:
        raise InvalidInputError(f"separation must be above 0, got {separation}")
    if count < 2:
        return 0.0

    def lacking(beta: float) -> float:
        inside = 2 * (count - 1) * count * beta * longest * longest
        return 2 / (beta * count) + math.log(inside) / beta - separation

    high = 1.0 / (count * longest * longest)
    while lacking(high) > 0 or high < 1.0 / separation:
        high *= 2
    low = high / 2
    return _bisect(lacking, low, high) if lacking(low) > 0 else high


def capacity(
    dimension: int, *, beta: float = 1.0, scale: float = 1.0, failure: float = 1e-3
) -> float:
    """Return log2 of how many random patterns are surely stored (Theorem 3).

    N = √p · c^((d−1)/4) patterns on a sphere of radius M = K √(d−1), with
    c = b / W₀(exp(a + ln b)), a = 2/(d−1) · (1 + ln(2 β K² p (d−1))), b = 2 K² β / 5.

    Args:
        dimension: d.
        beta: Inverse temperature.
        scale: K; vectors of length 1 have K = 1 / √(d−1).
        failure: p, the probability that the storing fails.

    Raises:
        InvalidInputError: If the dimension is below 2 or another number is not positive.
    """
    if dimension < 2 or beta <= 0 or scale <= 0 or not 0 < failure <= 1:
        raise InvalidInputError(
            "capacity needs dimension >= 2, beta and scale above 0 and failure in (0, 1], got "
            f"{dimension}, {beta}, {scale}, {failure}"
        )
    a = 2 / (dimension - 1) * (1 + math.log(2 * beta * scale**2 * failure * (dimension - 1)))
    b = 2 * scale**2 * beta / 5
    c = b / _lambert(a + math.log(b))
    return 0.5 * math.log2(failure) + (dimension - 1) / 4 * math.log2(c)


def usual_separation(count: int, dimension: int) -> float:
    """Return the separation expected of random unit vectors: 1 − √(2 ln N / d)."""
    return 1.0 - math.sqrt(2 * math.log(max(2, count)) / dimension)


def _lambert(exponent: float) -> float:
    """Return W₀(exp(exponent)): the w with w + ln w = exponent, by Newton's method."""
    w = exponent if exponent > 1 else math.exp(min(exponent, 0.0))
    for _ in range(60):
        w = max(1e-300, w - (w + math.log(w) - exponent) / (1 + 1 / w))
    return w


def _bisect(function: Callable[[float], float], low: float, high: float) -> float:
    """Return where `function` falls through 0 between `low` (above) and `high` (below)."""
    for _ in range(80):
        middle = (low + high) / 2
        if function(middle) > 0:
            low = middle
        else:
            high = middle
    return high
