"""Where activation starts, and how it joins the evidence: pure functions before and after `spread`.

A first search is for the question. A second one is for the rest: the question vector less its
projection on the best cue found, so that a comparison of two things finds both. Activation starts
in the results of both, spreads, and is added to the evidence in the end.
"""

from __future__ import annotations

import torch
from torch import Tensor

from nuonuo_memory.config import AssociationConfig
from nuonuo_memory.engine.graph.spread import Start


def leftover(queries: Tensor, cues: Tensor) -> Tensor:
    """Return the part of a question vector orthogonal to a cue: q - (q·c) c, not normalised again.

    Args:
        queries: float [B, d], unit rows.
        cues: float [B, d], unit rows: the cue of the best memory found for each.
    """
    return queries - (queries * cues).sum(1, keepdim=True) * cues


def begin(
    first: tuple[Tensor, Tensor],
    second: tuple[Tensor, Tensor] | None,
    *,
    named: Tensor,
    config: AssociationConfig,
) -> Start:
    """Return the activation to start from: a softmax over the best memories of each search.

    Args:
        first: Memory keys int64 [B, k] (-1 for padding) and evidence float64 [B, k] of the first
            search.
        second: Those of the second search, where there was one.
        named: float64 [B], the share that enters by the names in the question.
        config: How many memories, how sharp, how much for the second search.

    Returns:
        Query, memory and activation; the activations of a query sum to 1 - `named`.
    """
    share = 1 - named.double()
    looks = (
        [(first, 1 - config.second_look_share), (second, config.second_look_share)]
        if second
        else [(first, 1.0)]
    )
    parts: list[Start] = []
    for (memories, evidence), part in looks:
        count = min(config.starts, evidence.shape[1])
        best = torch.argsort(evidence, dim=1, descending=True, stable=True)[:, :count]
        keys, scores = memories.gather(1, best), evidence.gather(1, best).double()
        scores = scores.masked_fill(keys < 0, float("-inf"))
        weight = torch.softmax(config.beta * scores, 1).nan_to_num(0.0)
        query, column = torch.nonzero((keys >= 0) & (weight > 0), as_tuple=True)
        strength = weight[query, column] * share.to(weight.device)[query] * part
        parts.append(Start(query, keys[query, column], strength))
    return Start(*(torch.cat(column) for column in zip(*parts, strict=True)))


def mix(activation: Tensor, evidence: Tensor, *, config: AssociationConfig) -> Tensor:
    """The final evidence: log(1 + activation / floor) + similarity * evidence.

    Without activation it is the evidence alone, where `similarity` is 1.

    Args:
        activation: float64 [m], 0 where no walk came.
        evidence: float64 [m], similarity and words, on the scale of a cosine.
        config: What evidence counts.
    """
    return (
        torch.log1p(activation.double() / config.log_floor) + config.similarity * evidence.double()
    )
