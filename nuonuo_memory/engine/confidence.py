"""How likely it is that a memory holds an answer, from what a question brought up.

Three things speak for an answer: the best of the first memories is near the question, the
question's rare words are among them, and the shared words carry much information. Their weighted
sum is a logit; a store's own cues, left out in turn, tell how that logit reads on its contents.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

_SIMILARITY = 9.0
_COVERAGE = 2.5
_INFORMATION = 0.22
_OFFSET = -8.0
_RARITY = 3.0
"""Power of the idf: one missing name ("my hamster") says more than three common words present."""
_PRIOR = 0.002
_STEPS = 50


class Calibration(NamedTuple):
    """How a store's evidence reads: probability = sigmoid(scale · logit + offset)."""

    scale: float = 1.0
    offset: float = 0.0


def coverage(term: Tensor, idf: Tensor) -> Tensor:
    """Say how much of a question's words, rare ones above all, some memories hold.

    Args:
        term: [c] int64, terms of the question that occur in the memories, repeats allowed.
        idf: [q] float64, of all terms of the question, those that occur nowhere too.

    Returns:
        Share in [0, 1], float64 scalar; 0 when the question has no terms.
    """
    weight = idf.to(torch.float64) ** _RARITY
    total = weight.sum()
    if not len(idf) or float(total) == 0.0:
        return torch.zeros((), dtype=torch.float64)
    return weight[torch.unique(term)].sum() / total


def evidence_logit(similarity: Tensor, covered: Tensor, information: Tensor) -> Tensor:
    """Sum the evidence that an answer is there.

    The weights come from questions about conversations asked twice: as they are, and with the
    sessions that answer them taken away (docs/benchmarks.md).

    Args:
        similarity: Highest summed similarity among the five best memories.
        covered: Share of the question's words that these hold, see `coverage`.
        information: Highest BM25 among them, in nats.

    Returns:
        Log-odds, of the shape of the arguments.
    """
    return _SIMILARITY * similarity + _COVERAGE * covered + _INFORMATION * information + _OFFSET


def probability(logit: Tensor, calibration: Calibration | None = None) -> Tensor:
    """Turn log-odds into a probability, as a store's calibration reads them."""
    scale, offset = calibration or Calibration()
    return torch.sigmoid(scale * logit + offset)


def calibrate(hits: Tensor, misses: Tensor) -> Calibration:
    """Fit how a store's evidence reads, from its own contents.

    Logistic regression of the two kinds on the logit (Platt 1999), each kind weighing half, held
    near the identity by a weak prior so that few samples change little.

    Args:
        hits: [h] log-odds of questions whose answer is in the store.
        misses: [m] log-odds of the same or other questions with the answer left out.

    Returns:
        The identity when either is empty; never a falling reading.
    """
    if not len(hits) or not len(misses):
        return Calibration()
    x = torch.cat([hits, misses]).to(torch.float64)
    y = torch.cat([torch.ones(len(hits)), torch.zeros(len(misses))]).to(x)
    weight = torch.where(y > 0, 0.5 / len(hits), 0.5 / len(misses))
    design = torch.stack([x, torch.ones_like(x)], 1)
    prior = torch.tensor([1.0, 0.0], dtype=torch.float64)
    fit = prior.clone()
    ridge = _PRIOR * torch.eye(2, dtype=torch.float64)
    for _ in range(_STEPS):
        p = torch.sigmoid(design @ fit)
        gradient = design.T @ (weight * (p - y)) + ridge @ (fit - prior)
        curvature = design.T @ (design * (weight * p * (1 - p))[:, None]) + ridge
        step = torch.linalg.solve(curvature, gradient)
        fit = fit - step * min(1.0, 2.0 / (float(step.abs().max()) + 1e-12))
        if float(step.abs().max()) < 1e-10:
            break
    return Calibration(max(float(fit[0]), 0.0), float(fit[1]))
