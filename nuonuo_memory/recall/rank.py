"""From candidates to an order, and the one distribution that answers.

The evidence e_m of a memory, on the scale of a cosine, makes z_m = beta · e_m, and

    p = softmax(z),   E = -log Σ_m exp z_m

is the answer's distribution and its energy. With e_m = pooled_m + field_m this is one update of a
modern Hopfield network whose memories are hidden units and whose further evidence is an external
field (Ramsauer et al. 2020; Krotov and Hopfield 2021). The order is that of z; a hit's score is a
fixed map of e_m; entropy, margin and confidence are read off p.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nuonuo_memory.config import RankingConfig
from nuonuo_memory.recall.features import Features, rescore, with_neighbours
from nuonuo_memory.recall.request import RecallRequest
from nuonuo_memory.recall.scope import Query
from nuonuo_memory.recall.score import contextual_evidence, independent_evidence
from nuonuo_memory.store.protocol import Store
from nuonuo_memory.store.rows import Ints
from nuonuo_memory.types import Hop

GROUP_DEPTH = 10
"""Memories looked at for each group that is asked for; several of the best share a group."""

PathOf = Callable[[int], tuple[Hop, ...]]
"""From the place of a memory in the order to the steps that led to it."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """The softmax over ranked memories: p = softmax(beta · evidence).

    Attributes:
        probability: float64 [n], sums to 1; empty without a memory.
        energy: -log Σ exp(beta · evidence), in nats; infinite without a memory.
        entropy: Of the probability, in nats; 0 when one memory takes it all.
        margin: The highest probability less the second, in [0, 1].
    """

    probability: NDArray[np.float64]
    energy: float
    entropy: float
    margin: float


@dataclass(frozen=True, slots=True)
class Ranked:
    """Memories, best first.

    Attributes:
        keys: int64 [n].
        evidence: float64 [n], falling.
        distribution: The softmax of the evidence.
        features: What the question itself finds in these memories.
        path: How each was reached.
    """

    keys: Ints
    evidence: NDArray[np.float64]
    distribution: Distribution
    features: Features
    path: PathOf


def distribution(evidence: NDArray[np.float64], *, beta: float) -> Distribution:
    """Return the softmax of evidence [n] at an inverse temperature, and what it says."""
    if not len(evidence):
        return Distribution(np.zeros(0), float("inf"), 0.0, 0.0)
    z = beta * evidence
    peak = float(z.max())
    mass = np.exp(z - peak)
    total = float(mass.sum())
    p = mass / total
    first = np.sort(p)[::-1][:2]
    held = p[p > 0]
    return Distribution(
        probability=p,
        energy=-(peak + float(np.log(total))),
        entropy=max(0.0, -float((held * np.log(held)).sum())),
        margin=float(first[0] - (first[1] if len(first) > 1 else 0.0)),
    )


def ranked(
    keys: Ints, evidence: NDArray[np.float64], features: Features, path: PathOf, *, beta: float
) -> Ranked:
    """Return memories in falling order of evidence, equal ones by key.

    Args:
        keys: int64 [n].
        evidence: float64 [n].
        features: What the question finds in them.
        path: From a memory's place in `keys` as given here to how it was reached.
        beta: Inverse temperature of the distribution.
    """
    order = np.lexsort((keys, -evidence))
    falling = evidence[order]
    return Ranked(
        keys[order],
        falling,
        distribution(falling, beta=beta),
        features,
        lambda place: path(int(order[place])),
    )


def rank(
    query: Query, first: Features, request: RecallRequest, *, store: Store, config: RankingConfig
) -> Ranked:
    """Rank what a first pass found.

    It chooses the memories whose exact features are taken. The turns before and after a good memory
    are candidates too, and their evidence counts for it.
    """
    alone = independent_evidence(query, first, first.keys, config=config)
    best = first.best(rerank_depth(request, config), alone)
    keys = with_neighbours(query.index, best.keys)
    keys = keys[query.scope.admits(keys)]
    features = rescore(query, with_neighbours(query.index, keys), first.peak)
    evidence = contextual_evidence(query, features, keys, store=store, config=config)
    return ranked(keys, evidence, features, lambda _: (), beta=config.beta)


def rerank_depth(request: RecallRequest, config: RankingConfig) -> int:
    """Return how many memories, of the best by a first pass, are scored with those beside them."""
    return max(config.rerank_depth, request.k * (GROUP_DEPTH if request.group_by else 2))
