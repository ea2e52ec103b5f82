"""Scores of rankings and of confidence, the official ones beside the standard ones.

A ranking is a sequence of ids, best first; `gold` is the set of right ones.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Hashable, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

Id = TypeVar("Id", bound=Hashable)


def recall_any(ranked: Sequence[Id], gold: Collection[Id], k: int) -> float:
    """Return 1 when one of the right ids is among the first k, else 0."""
    return float(any(found in gold for found in ranked[:k]))


def recall_all(ranked: Sequence[Id], gold: Collection[Id], k: int) -> float:
    """Return 1 when all right ids are among the first k, else 0."""
    return float(set(gold) <= set(ranked[:k]))


def recall_share(ranked: Sequence[Id], gold: Collection[Id], k: int) -> float:
    """Return the share of the right ids that are among the first k."""
    return len(set(gold) & set(ranked[:k])) / len(set(gold))


def ndcg(ranked: Sequence[Id], gold: Collection[Id], k: int) -> float:
    """Return the normalised discounted cumulative gain, rank r discounted by log2(r + 1).

    The ideal ranking has min(k, number of right ids) hits (Järvelin and Kekäläinen 2002).
    """
    gain = sum(1 / math.log2(rank + 2) for rank, found in enumerate(ranked[:k]) if found in gold)
    ideal = sum(1 / math.log2(rank + 2) for rank in range(min(k, len(set(gold)))))
    return gain / ideal


def ndcg_longmemeval(ranked: Sequence[Id], gold: Collection[Id], k: int) -> float:
    """Return NDCG as LongMemEval's script computes it.

    Its discount starts a rank late: ranks 1 and 2 both count whole, rank r ≥ 2 by 1 / log2(r). The
    ideal sorts the relevance of the whole corpus, not that of the ids returned.
    """
    hits = [float(found in gold) for found in ranked[:k]]
    ideal = [1.0] * min(k, len(set(gold)))
    return _late_gain(hits) / _late_gain(ideal)


def _late_gain(relevance: Sequence[float]) -> float:
    later = sum(value / math.log2(rank) for rank, value in enumerate(relevance[1:], start=2))
    return relevance[0] + later if relevance else 0.0


def auroc(scores: ArrayLike, positive: ArrayLike) -> float:
    """Return how likely a positive scores above a negative, ties counting half; NaN without both.

    Args:
        scores: [n] numbers.
        positive: [n] booleans.
    """
    values = np.asarray(scores, dtype=np.float64)
    is_positive = np.asarray(positive, dtype=np.bool_)
    above, below = values[is_positive], values[~is_positive]
    if not len(above) or not len(below):
        return math.nan
    difference = above[:, None] - below[None, :]
    return float((difference > 0).mean() + 0.5 * (difference == 0).mean())


class Bin(NamedTuple):
    """One bar of a reliability diagram: answers whose confidence is in [low, high)."""

    low: float
    high: float
    answers: int
    confidence: float
    accuracy: float


def reliability(confidence: ArrayLike, right: ArrayLike, *, bins: int = 10) -> list[Bin]:
    """Group answers by confidence and compare it with how often they are right.

    Args:
        confidence: [n] in [0, 1].
        right: [n] booleans.
        bins: Number of bins of equal width; empty ones are left out.
    """
    sure = np.asarray(confidence, dtype=np.float64)
    hit = np.asarray(right, dtype=np.float64)
    place = np.minimum((sure * bins).astype(np.int64), bins - 1)
    found = []
    for number in range(bins):
        inside = place == number
        if inside.any():
            mean, share = float(sure[inside].mean()), float(hit[inside].mean())
            found.append(Bin(number / bins, (number + 1) / bins, int(inside.sum()), mean, share))
    return found


def calibration_error(bins: Sequence[Bin]) -> float:
    """Return the expected calibration error: the mean gap of confidence and accuracy."""
    total = sum(one.answers for one in bins)
    return sum(one.answers * abs(one.confidence - one.accuracy) for one in bins) / max(total, 1)


def percent(values: Sequence[float]) -> float:
    """Return the mean in per cent, to two places; NaN of nothing."""
    return round(100 * sum(values) / len(values), 2) if values else math.nan


def percentile(values: Sequence[float], share: float) -> float:
    """Return a percentile by linear interpolation; NaN of nothing."""
    array: NDArray[np.float64] = np.asarray(values, dtype=np.float64)
    return float(np.quantile(array, share)) if len(array) else math.nan
