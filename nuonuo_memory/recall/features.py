"""What a question finds in memories, in columns: the nearest cue, pooled similarity, BM25."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from nuonuo_memory.engine.vectors.pooling import cue_evidence, pool, similarity_of_pairs
from nuonuo_memory.engine.vectors.search import Candidates
from nuonuo_memory.index.memory_index import MemoryIndex
from nuonuo_memory.recall.scope import Query
from nuonuo_memory.store.rows import Ints

LEAST_SHARE = 0.3
"""Share of what the question's words could count that the best memory needs to count in full. Where
it has less, words count for what they carry, and not for being the best of a bad lot: one common
character that a Chinese question shares with one turn says little. From 0.3 to 1 all do equally on
conversations in nine languages; on LoCoMo 0.5 finds 0.4 points less."""

_COLUMNS = ("keys", "cues", "similarity", "pooled", "bm25")


@dataclass(frozen=True, slots=True)
class Features:
    """What one question finds in n memories, in order of key.

    Attributes:
        keys: int64 [n], ascending.
        cues: int64 [n], of each memory the cue nearest to the question; -1 without any.
        similarity: float64 [n], of that cue; 0 without any.
        pooled: float64 [n], log-sum-exp of all the memory's cues; 0 without any.
        bm25: float64 [n], of the question's words.
        peak: The BM25 that counts in full: the highest that any memory of the scope has, or
            `LEAST_SHARE` of what the question's words could count where that is more.
    """

    keys: Ints
    cues: Ints
    similarity: NDArray[np.float64]
    pooled: NDArray[np.float64]
    bm25: NDArray[np.float64]
    peak: float

    def base(self, bm25_weight: float) -> NDArray[np.float64]:
        """Pooled similarity plus `bm25_weight` times BM25 as a share of the peak, float64 [n]."""
        return self.pooled + (bm25_weight / self.peak if self.peak > 0 else 0.0) * self.bm25

    def best(self, count: int, scores: NDArray[np.float64]) -> Features:
        """Return the `count` memories of the highest scores, those of equal ones by key."""
        if len(self.keys) <= count:
            return self
        return self.at(np.sort(np.lexsort((self.keys, -scores))[:count]))

    def at(self, places: Ints) -> Features:
        """Return the memories at some places of the columns."""
        columns: dict[str, Any] = {name: getattr(self, name)[places] for name in _COLUMNS}
        return replace(self, **columns)

    def of(self, keys: Ints) -> Features:
        """Return memories by key, ascending; each is here."""
        return self.at(np.searchsorted(self.keys, keys))

    def union(self, other: Features) -> Features:
        """Return both tables as one; they share no memory."""
        columns: dict[str, Any] = {
            name: np.concatenate([getattr(self, name), getattr(other, name)]) for name in _COLUMNS
        }
        both = replace(self, **columns)
        return both.at(np.argsort(both.keys))


def best_by_words(query: Query, count: int) -> tuple[Ints, float]:
    """Return the best `count` memories by BM25, int64, and the score that counts in full."""
    keys, scores = query.matches.scores(k=count, allowed=query.scope.allowed)
    best = float(scores[0]) if len(scores) else 0.0
    return keys.numpy(), max(best, LEAST_SHARE * query.matches.attainable())


def rescore(query: Query, keys: Ints, peak: float) -> Features:
    """Return the exact features of given memories: all their cues, all the question's words."""
    some = np.unique(keys)
    held = torch.from_numpy(some)
    found = cue_evidence(
        query.index.cues, query.centred, held[None].to(query.centred.device), beta=query.beta
    )
    close = found.similarity[0].cpu().numpy()
    pooled = found.pooled[0].cpu().numpy()
    return Features(
        keys=some,
        cues=found.cue_ids[0].cpu().numpy(),
        similarity=np.where(np.isfinite(close), close - query.offset, 0.0),
        pooled=np.where(np.isfinite(pooled), pooled - query.offset, 0.0),
        bm25=query.matches.scores_of(held).numpy(),
        peak=peak,
    )


def first_pass(query: Query, near: Candidates, *, bm25_candidates: int) -> Features:
    """Return what the nearest cues [1, c] and the question's words say by themselves.

    Of a memory's cues only those among the nearest count, and a memory found by its words alone is
    taken to be as similar as the last of them.
    """
    held = near.memory_ids[0] >= 0
    memories, owner = torch.unique(near.memory_ids[0][held], return_inverse=True)
    found = pool(
        near.cue_ids[0][held],
        owner,
        near.similarity[0][held] - query.offset,
        size=len(memories),
        beta=query.beta,
    )
    cues, similarity, pooled = (column.cpu().numpy() for column in found)
    known = memories.cpu().numpy()
    worded, peak = best_by_words(query, bm25_candidates)
    keys = np.union1d(known, worded)
    places = np.searchsorted(keys, known)
    floor = pooled.min(initial=np.inf) if len(pooled) else 0.0

    def filled(values: NDArray[Any], rest: float) -> NDArray[Any]:
        column = np.full(len(keys), rest, dtype=values.dtype)
        column[places] = values
        return column

    return Features(
        keys=keys,
        cues=filled(cues, -1),
        similarity=filled(similarity, floor),
        pooled=filled(pooled, floor),
        bm25=query.matches.scores_of(torch.from_numpy(keys)).numpy(),
        peak=peak,
    )


def pair_similarity(
    query: Query, features: Features, pairs: tuple[Ints, Ints]
) -> NDArray[np.float64]:
    """Return how near the best cues of two memories, joined, are to the question.

    Args:
        query: The question.
        features: What it found.
        pairs: The two memories of each pair, by their places in the table, int64 [n] each; each
            has a cue.

    Returns:
        float64 [n].
    """
    first, second = (torch.from_numpy(features.cues[places]) for places in pairs)
    near, other = (torch.from_numpy(features.similarity[places]) for places in pairs)
    device = query.centred.device
    both = (near.to(device), other.to(device))
    return similarity_of_pairs(query.index.cues, (first, second), both, query.centre).cpu().numpy()


def with_neighbours(index: MemoryIndex, keys: Ints) -> Ints:
    """Return memories with the turns before and after them, ascending, each once."""
    beside = [index.attributes.neighbours(keys, step) for step in (-1, 1)]
    every = np.unique(np.concatenate([keys, *beside]))
    return every[every >= 0]


class FeatureCache:
    """The features of one question, each memory's counted once.

    Args:
        query: The question.
        first: What is known already.
    """

    def __init__(self, query: Query, first: Features) -> None:
        self._query = query
        self._held = first

    def of(self, keys: Ints) -> Features:
        """Return the features of given memories, ascending by key."""
        wanted = np.unique(keys)
        new = wanted[~np.isin(wanted, self._held.keys, assume_unique=True)]
        if len(new):
            self._held = self._held.union(rescore(self._query, new, self._held.peak))
        return self._held.of(wanted)
