"""Similarities of cues to one score for each memory, by log-sum-exp; words to one for each session.

The attention of a softmax over cues, summed over the cues of a memory, is on the scale of a cosine
the log-sum-exp of their similarities,

    s(m) = 1/beta · log Σ_c exp(beta · q·x_c)   over the cues c of m,

the negative energy of a modern Hopfield network that stores the memory's cues alone (Ramsauer et
al. 2020, eq. 2, without its quadratic terms); the best cue alone is the limit of a high beta.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from nuonuo_memory.engine.vectors.centring import Centre
from nuonuo_memory.engine.vectors.cue_index import CueIndex
from nuonuo_memory.engine.vectors.quantise import fixed_point
from nuonuo_memory.engine.vectors.search import cue_similarities
from nuonuo_memory.engine.vectors.search import similarities as similarities_to

_LEAST_SQUARED_LENGTH = 0.5
"""Least |x + y|² of a pair: two cues of a cosine below -0.75 are no text together."""


class CueEvidence(NamedTuple):
    """The similarity of given memories to each of B queries.

    Attributes:
        cue_ids: [B, m] int64, the nearest cue of each memory; -1 where it has none.
        similarity: [B, m] float64, of that cue; -inf likewise.
        pooled: [B, m] float64, log-sum-exp of all the memory's cues; -inf likewise.
    """

    cue_ids: Tensor
    similarity: Tensor
    pooled: Tensor


def cue_evidence(
    cue_index: CueIndex, queries: Tensor, memory_ids: Tensor, *, beta: float
) -> CueEvidence:
    """Return the best and the pooled similarity of memories [B, m] to queries [B, d].

    Args:
        cue_index: Where the cues are.
        queries: [B, d] unit vectors.
        memory_ids: [B, m] int64; -1 for none.
        beta: Inverse temperature: the lower, the more the cues after the best count.

    Raises:
        VectorError: The queries have another size, or are not finite.
    """
    cue_ids, owner, similarity = cue_similarities(cue_index, queries, memory_ids)
    best, nearest, pooled = pool(cue_ids, owner, similarity, size=memory_ids.numel(), beta=beta)
    shape = memory_ids.shape
    return CueEvidence(best.view(shape), nearest.view(shape), pooled.view(shape))


@torch.inference_mode()
def pool(
    cue_ids: Tensor, owner: Tensor, similarity: Tensor, *, size: int, beta: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Pool similarities [c] of cues by log-sum-exp to one value for each owner.

    The cues of an owner are taken in falling order of similarity, equal ones by id, so the sum does
    not depend on the order in which they come.

    Args:
        cue_ids: [c] int64.
        owner: [c] int64, below `size`.
        similarity: [c] float64.
        size: Number of owners.
        beta: Inverse temperature.

    Returns:
        Best cue [size] int64 (-1 without cues), its similarity [size] and the log-sum-exp [size],
        float64 (-inf without cues).
    """
    best = torch.full((size,), -1, dtype=torch.int64, device=similarity.device)
    if not len(cue_ids):
        none = torch.full((size,), -torch.inf, dtype=torch.float64, device=similarity.device)
        return best, none, none.clone()
    order = cue_ids.argsort(stable=True)
    order = order[similarity[order].argsort(descending=True, stable=True)]
    order = order[owner[order].argsort(stable=True)]
    counts = torch.bincount(owner, minlength=size)
    starts = counts.cumsum(0) - counts
    sorted_owner = owner[order]
    place = torch.arange(len(order), device=order.device) - starts[sorted_owner]
    table = similarity.new_full((size, int(counts.max())), -torch.inf)
    table[sorted_owner, place] = similarity[order]
    first = place == 0
    best[sorted_owner[first]] = cue_ids[order[first]]
    return best, table[:, 0].clone(), (beta * table).logsumexp(1) / beta


def similarity_of_pairs(
    cue_index: CueIndex,
    pairs: tuple[Tensor, Tensor],
    similarities: tuple[Tensor, Tensor],
    centre: Centre,
) -> Tensor:
    """Return how near a query is to pairs of cues joined into one.

    A text of two sentences lies near the mean of their vectors, since the encoder takes the mean of
    its words', so the joined cue is the sum of both, x' + y' with x' = (x - mean) / spread, scaled
    to length one:

        s = (s_x + s_y) / |x' + y'|,   |x' + y'|² = 2 + 2 x'·y'.

    Args:
        cue_index: Where the cues are, unit rows.
        pairs: The two cues of each pair, int64 [n] each.
        similarities: Each one's similarity to the query, float64 [n].
        centre: Of the scope's cues.

    Returns:
        float64 [n], on the index's device.

    Raises:
        NotFoundError: A cue is not in the index.
    """
    first, second = (cue_index.gather(cues) for cues in pairs)
    codes = (fixed_point(rows.coarse, rows.residual) for rows in (first, second))
    scale = first.scale.to(torch.float64) * second.scale.to(torch.float64)
    product = torch.mul(*(code.to(torch.float64) for code in codes)).sum(1) * scale
    mean = centre.mean.to(product.device)
    shared = sum(similarities_to(cue_index, mean[None], cues) for cues in pairs)
    product = (product - shared + mean @ mean) / centre.spread**2
    total = (similarities[0] + similarities[1]).to(product.device)
    return total / (2 + 2 * product).clamp_min(_LEAST_SQUARED_LENGTH).sqrt()


def session_evidence(
    term: Tensor, session: Tensor, counts: Tensor, *, idf: Tensor, saturation: float = 1.5
) -> tuple[Tensor, Tensor]:
    """Score sessions [s] by the words that they share with a question, anywhere in them.

    The sum over the question's terms of idf · n / (n + saturation), where n counts the term in the
    whole session: BM25 without the length, since a long session holds more evidence, not less.

    Args:
        term: [c] int64, index of the question's term of each occurrence.
        session: [c] int64, session of the memory that it occurs in.
        counts: [c], times it occurs there.
        idf: [q] float64, weight of each term.
        saturation: Occurrences that give half of a term's weight.

    Returns:
        Sessions, ascending int64 [s], and their scores as a share of the highest, float64 [s] in
        [0, 1].
    """
    sessions, place = torch.unique(session, return_inverse=True)
    times = torch.zeros(len(sessions), len(idf), dtype=torch.float64)
    times.index_put_((place, term), counts.to(torch.float64), accumulate=True)
    scores = (times / (times + saturation) * idf).sum(1)
    peak = float(scores.max()) if len(scores) else 0.0
    return sessions, scores / peak if peak > 0 else torch.zeros_like(scores)
