"""How far a figure would be off on other questions or conversations of the same kind."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nuonuo_memory.evaluation.scoring import auroc

_SAMPLES = 1000

OVER_QUESTIONS = "standard deviation of the mean over bootstrap samples of the questions"
OVER_CONVERSATIONS = "standard deviation between the conversations"


def standard_error(values: Sequence[float]) -> float:
    """Return the bootstrap's standard deviation of a mean in per cent, to two places.

    Of a mean it needs no samples: it is the deviation of the values divided by √n (Efron 1979). NaN
    of nothing.
    """
    if not values:
        return math.nan
    return round(100 * float(np.std(values)) / math.sqrt(len(values)), 2)


def auroc_error(scores: ArrayLike, positive: ArrayLike) -> float:
    """Return the standard deviation of `auroc` over 1,000 bootstrap samples of the questions.

    Args:
        scores: [n] numbers.
        positive: [n] booleans.

    Returns:
        NaN where a sample of both kinds cannot be drawn.
    """
    values, right = np.asarray(scores, dtype=np.float64), np.asarray(positive, dtype=np.bool_)
    if right.all() or not right.any():
        return math.nan
    chance = np.random.default_rng(0)
    drawn = (chance.integers(len(values), size=len(values)) for _ in range(_SAMPLES))
    found = [auroc(values[sample], right[sample]) for sample in drawn]
    return float(np.nanstd(found))


def between(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the standard deviation (n - 1) of each figure between parts, nested as they are.

    A part that lacks a figure, or has NaN there, is left out of it; NaN of fewer than two parts.
    """
    names = dict.fromkeys(name for part in parts for name in part if name != "questions")
    return {name: _between([part[name] for part in parts if name in part]) for name in names}


def _between(values: Sequence[Any]) -> Any:  # noqa: ANN401 - a number, or figures by name
    if isinstance(values[0], Mapping):
        return between(values)
    known = [value for value in values if math.isfinite(value)]
    return round(float(np.std(known, ddof=1)), 2) if len(known) > 1 else math.nan


Figure = Callable[[Sequence[float]], float]
"""What is made of the questions' values: their mean, or its spread."""
