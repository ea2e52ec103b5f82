"""Terms of a question and their idf to the share of them that some memories hold."""

from __future__ import annotations

import torch
from torch import Tensor

RARITY = 4.0
"""Power of the idf: one missing name ("my hamster") says more than three common words present."""


def coverage(term: Tensor, idf: Tensor) -> Tensor:
    """Return the share of a question's idf (to the power 4) whose terms some memories hold.

    Args:
        term: [c] int64, terms of the question that occur in the memories, repeats allowed.
        idf: [q] float64, of all terms of the question, those that occur nowhere too.

    Returns:
        Share in [0, 1], float64 scalar; 0 when the question has no terms.
    """
    weight = idf.to(torch.float64) ** RARITY
    total = weight.sum()
    if not len(idf) or float(total) == 0.0:
        return torch.zeros((), dtype=torch.float64)
    return weight[torch.unique(term)].sum() / total
