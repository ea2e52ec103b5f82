"""How likely it is that a memory holds an answer, from what a question brought up.

Three things speak for an answer: the best of the first memories is near the question, the
question's rare words are among them, and the shared words carry much information. Their weighted
sum is a logit. How high it stands for a question that has no answer differs from store to store:
where everybody talks of the same two people, a miss looks much like a hit elsewhere. A store's own
cues, asked with their conversation left out, tell it without labels.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

_SIMILARITY = 5.0
_COVERAGE = 3.0
_INFORMATION = 0.25
_OFFSET = -5.4
_RARITY = 4.0
"""Power of the idf: one missing name ("my hamster") says more than three common words present."""
TYPICAL_MISS = 0.0
"""Mean logit of cues asked so in the conversations that the weights come from."""
TRUST = 0.3
"""Share of a store's difference from it that counts: up to 0.5 all do equally (docs/benchmarks.md);
cues resemble their like more than questions do, so all of it would be too much."""


class Calibration(NamedTuple):
    """How a store's evidence reads: probability = sigmoid(logit + offset).

    Attributes:
        offset: Added to the log-odds of every answer; 0 before a store was measured.
        samples: Cues that were asked.
    """

    offset: float = 0.0
    samples: int = 0


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
    return torch.sigmoid(logit + (calibration or Calibration()).offset)


def calibrate(misses: Tensor) -> Calibration:
    """Set off a store against the typical one, by what its misses look like.

    Args:
        misses: Log-odds [m] of questions whose answer was left out, finite.

    Returns:
        No offset when there are none.
    """
    if not len(misses):
        return Calibration()
    higher = float(misses.to(torch.float64).mean()) - TYPICAL_MISS
    return Calibration(-TRUST * higher, len(misses))
