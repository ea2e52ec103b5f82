"""Similarities on a scale that does not depend on how narrow an encoder's cone of vectors is.

The mean mu of a scope's cues is what all of them have in common; it tells none from another, and a
cosine is mostly due to it where an encoder's vectors lie close together. With the mean off both
sides, and both sides brought back to length one,

    s(q, x) = scale · (q - mu)·(x - mu) / (|q - mu| · R),   R² = 1 - |mu|² = mean of |x - mu|²,

unrelated texts lie near 0 with every encoder, and the scale makes answers stand out from them by as
much with each. Taking the scope's mean length R for each cue's own makes s an affine map of q'·x,

    q' = scale · (q - mu) / (|q - mu| R).

Nothing has to be stored anew when the mean moves, the search stays exact, and so does forgetting,
since the mean is a function of what is there. Hopfield networks take the mean off patterns that
are biased in the same way (Amit, Gutfreund and Sompolinsky 1987, "Information storage in neural
networks with low levels of activity").
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from nuonuo_memory.engine.vectors.cue_index import CueIndex

BACKGROUND_CUES = 100
"""Cues that the background counts as, beside those of a scope: the mean of a handful of cues tells
what these few are about, not what all texts have in common."""

SEPARATION = 0.28
"""How much closer a question lies to its answer than to other texts, on the scale that all other
evidence is weighed on. Chosen on LoCoMo with all-MiniLM-L6-v2, whose scale it makes 0.75: from 0.7
to 0.85 it finds within a point of its best."""

SMALLEST_SEPARATION = 0.2
"""An encoder that tells answers from other texts by less, in plain cosines, is not believed the
more for it: it gets the scale of one that tells them by `USUAL_SEPARATION`."""

USUAL_SEPARATION = 0.374
"""That of all-MiniLM-L6-v2."""

SMALLEST_SPREAD = 0.05
"""Cues that all but coincide are not blown up to fill the scale."""


class Centre(NamedTuple):
    """Where a scope's cues lie.

    Attributes:
        mean: float64 [d], of their unit vectors and of the background's.
        spread: R = sqrt(1 - |mean|²), in (0, 1].
        scale: Similarity of equal texts.
    """

    mean: Tensor
    spread: float
    scale: float


def scale_of(separation: float | None) -> float:
    """Return the similarity of equal texts from an encoder's separation of answers.

    Args:
        separation: As `encoders.background` measures it; `None` where nothing is known.
    """
    if separation is None or separation < SMALLEST_SEPARATION:
        separation = USUAL_SEPARATION
    return SEPARATION / separation


def centre_of(
    cue_index: CueIndex, groups: Sequence[int], background: Tensor, *, scale: float
) -> Centre:
    """Return the centre of the cues of some groups.

    Args:
        cue_index: Where the cues are.
        groups: Whose cues are meant.
        background: float64 [d], mean vector of texts about nothing in particular.
        scale: Similarity of equal texts, see `scale_of`.
    """
    total, count = cue_index.total(groups)
    held = background.to(total.device, torch.float64) * BACKGROUND_CUES
    mean = (total + held) / (count + BACKGROUND_CUES)
    spread = max(math.sqrt(max(1.0 - float(mean @ mean), 0.0)), SMALLEST_SPREAD)
    return Centre(mean, spread, scale)


def centred(queries: Tensor, centre: Centre) -> Tensor:
    """Return q' = scale · (q - mean) / (|q - mean| · spread) of unit queries [B, d], float64."""
    less = queries.to(torch.float64) - centre.mean
    length = torch.linalg.vector_norm(less, dim=1, keepdim=True).clamp_(min=1e-9)
    scaled: Tensor = less * centre.scale / (length * centre.spread)
    return scaled


def offsets(centred_queries: Tensor, centre: Centre) -> Tensor:
    """Return q'·mean, float64 [B]: what an inner product with q' exceeds the similarity by."""
    return centred_queries.to(torch.float64) @ centre.mean
