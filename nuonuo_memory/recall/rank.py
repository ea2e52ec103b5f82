"""From what a question brings up to an order: the evidence for each memory, summed."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from nuonuo_memory.engine.confidence import Calibration, evidence_logit, probability
from nuonuo_memory.options import Asked
from nuonuo_memory.recall.candidates import Look, Shared
from nuonuo_memory.recall.results import EACH_GROUP, Ranking
from nuonuo_memory.recall.score import Weighing
from nuonuo_memory.store.rows import Ints

FIRST = 5
"""Memories that confidence looks at."""
_NEUTRAL_COVERAGE = 0.5
_NEUTRAL_INFORMATION = 5.0


def rank(weighing: Weighing, first: Look, ask: Asked) -> Ranking:
    """Rank what a question brought up.

    A rough look chooses the memories that are looked at closely. The turns before and after a good
    memory are candidates too, and their evidence counts for it.
    """
    looker = weighing.looker
    best = first.best(kept(weighing, ask), weighing.alone(first, first.keys))
    keys = looker.around(best.keys)
    keys = keys[looker.place.admits(keys)]
    look = looker.at(looker.around(keys), first.peak)
    scores = weighing.together(look, keys)
    order = np.lexsort((keys, -scores))
    return Ranking(keys[order], scores[order], look, lambda _: ())


def kept(weighing: Weighing, ask: Asked) -> int:
    """How many memories, of the best by a rough look, are weighed with those beside them."""
    return max(weighing.config.kept, ask.k * (EACH_GROUP if ask.group_by else 2))


def evidence(look: Look, first: Ints, shared: Shared) -> Tensor:
    """Sum what speaks for an answer being there: log-odds, a float64 scalar.

    Args:
        look: What the question finds.
        first: Keys of the best memories, at least one, all of them looked at.
        shared: The question's words in the memories.
    """
    places = np.searchsorted(look.keys, first)
    similarity = look.summed[places].max()
    worded = len(shared.idf) > 0  # else a vector was given, and words say nothing
    covered = shared.covered(first) if worded else _NEUTRAL_COVERAGE
    information = look.lexical[places].max() if worded else _NEUTRAL_INFORMATION
    return evidence_logit(*(torch.tensor(float(x)) for x in (similarity, covered, information)))


def confidence(look: Look, ranked: Ints, shared: Shared, calibration: Calibration) -> float:
    """Say how likely it is that the memory holds an answer, from 0 to 1.

    Args:
        look: What the question finds.
        ranked: Keys of memories, best first; those that confidence looks at were looked at.
        shared: The question's words in the memories.
        calibration: How this store's evidence reads.
    """
    if not len(ranked):
        return 0.0
    return float(probability(evidence(look, ranked[:FIRST], shared), calibration))
