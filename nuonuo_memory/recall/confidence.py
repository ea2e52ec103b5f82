"""How likely it is that the memory holds an answer, read off the distribution that ranks."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from nuonuo_memory.engine.confidence import Calibration, evidence_logit, probability
from nuonuo_memory.recall.features import Features
from nuonuo_memory.recall.rank import Ranked
from nuonuo_memory.recall.scope import TermOverlap
from nuonuo_memory.store.rows import Ints

MODES = 5
"""Most probable memories that confidence looks at."""
_UNKNOWN_COVERAGE = 0.5
_UNKNOWN_INFORMATION = 5.0


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
