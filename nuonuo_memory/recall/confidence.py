"""How likely it is that the memory holds an answer, read off the distribution that ranks.

Three things speak for an answer: the best of the first memories is near the question, the
question's rare words are among them, and the shared words carry much information. Their weighted
sum is a logit. How high it stands for a question that has no answer differs from store to store:
where everybody talks of the same two people, a miss looks much like a hit elsewhere. A store's own
cues, asked with their conversation left out, tell it without labels.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from nuonuo_memory.recall.features import Features
from nuonuo_memory.recall.rank import Ranked
from nuonuo_memory.recall.scope import TermOverlap
from nuonuo_memory.store.rows import Ints

MODES = 5
"""Most probable memories that confidence looks at."""
_UNKNOWN_COVERAGE = 0.5
_UNKNOWN_INFORMATION = 5.0
_SIMILARITY = 5.0
_COVERAGE = 3.0
_INFORMATION = 0.25
_OFFSET = -5.4
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


def evidence(features: Features, keys: Ints, overlap: TermOverlap) -> Tensor:
    """Return the log-odds that some memories answer, a float64 scalar.

    Args:
        features: What the question finds; holds the memories.
        keys: The most probable memories, at least one.
        overlap: The question's words in the memories.
    """
    places = np.searchsorted(features.keys, keys)
    similarity = features.pooled[places].max()
    worded = len(overlap.idf) > 0  # else a vector was given, and words say nothing
    covered = overlap.coverage(keys) if worded else _UNKNOWN_COVERAGE
    information = features.bm25[places].max() if worded else _UNKNOWN_INFORMATION
    return evidence_logit(*(torch.tensor(float(x)) for x in (similarity, covered, information)))


def confidence(ranked: Ranked, overlap: TermOverlap, calibration: Calibration) -> float:
    """Return how likely it is that the memory holds an answer, from 0 to 1.

    It looks at the modes of the distribution: the memories of the highest probability.

    Args:
        ranked: What the question found, and how probable each is.
        overlap: The question's words in the memories.
        calibration: How this store's evidence reads.
    """
    p = ranked.distribution.probability
    if not len(p):
        return 0.0
    modes = np.argsort(-p, kind="stable")[:MODES]
    return float(probability(evidence(ranked.features, ranked.keys[modes], overlap), calibration))
