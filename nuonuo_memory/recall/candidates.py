"""A look into the memory: what a question brings up, by meaning and by words, not yet ranked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nuonuo_memory.engine.bm25.term_index import TermMatches
from nuonuo_memory.engine.confidence import coverage
from nuonuo_memory.engine.vectors.pooling import (
    cue_evidence,
    pair_similarity,
    pool,
    session_evidence,
)
from nuonuo_memory.engine.vectors.search import Candidates
from nuonuo_memory.index.attributes import AttributeTable
from nuonuo_memory.index.memory_index import MemoryIndex
from nuonuo_memory.store.rows import Ints
from nuonuo_memory.text.terms import terms


@dataclass(frozen=True, slots=True)
class Place:
    """Where to look.

    Attributes:
        groups: Keys of the namespaces.
        allowed: Keys of the memories that may be returned, ascending int64; all when `None`.
    """

    groups: Sequence[int]
    allowed: Tensor | None = None

    def admits(self, keys: Ints) -> NDArray[np.bool_]:
        """Say of each memory whether it may be returned."""
        if self.allowed is None:
            return np.ones(len(keys), dtype=np.bool_)
        return np.isin(keys, self.allowed.numpy())


@dataclass(frozen=True, slots=True)
class Look:
    """What one question brings up: n memories in order of key.

    Attributes:
        keys: int64 [n], ascending.
        cues: int64 [n], of each memory the cue nearest to the question; -1 without any.
        similarity: float64 [n], of that cue; 0 without any.
        summed: float64 [n], of all the memory's cues together; 0 without any.
        lexical: float64 [n], BM25 of the question's words against the memory's.
        peak: The highest BM25 that any memory in the place has.
    """

    keys: Ints
    cues: Ints
    similarity: NDArray[np.float64]
    summed: NDArray[np.float64]
    lexical: NDArray[np.float64]
    peak: float

    def base(self, weight: float, *, peak: float | None = None) -> NDArray[np.float64]:
        """Summed similarity plus `weight` times BM25 as a share of the highest, float64 [n]."""
        highest = self.peak if peak is None else peak
        return self.summed + (weight / highest if highest > 0 else 0.0) * self.lexical

    def best(self, count: int, scores: NDArray[np.float64]) -> Look:
        """The `count` memories of the highest scores, those of equal ones by key."""
        if len(self.keys) <= count:
            return self
        return self.taken(np.sort(np.lexsort((self.keys, -scores))[:count]))

    def joined(self, other: Look) -> Look:
        """Both looks as one; they share no memory."""
        columns: dict[str, Any] = {
            name: np.concatenate([getattr(self, name), getattr(other, name)]) for name in _COLUMNS
        }
        both = replace(self, **columns)
        return both.taken(np.argsort(both.keys))

    def taken(self, places: Ints) -> Look:
        """The memories at some places of the columns."""
        columns: dict[str, Any] = {name: getattr(self, name)[places] for name in _COLUMNS}
        return replace(self, **columns)


_COLUMNS = ("keys", "cues", "similarity", "summed", "lexical")


def question_terms(text: str) -> Tensor:
    """Return the hashed terms of a question, int64 [q]."""
    ids, _ = terms(text)
    return torch.from_numpy(np.ascontiguousarray(ids))


@dataclass(frozen=True)
class Shared:
    """The words that a question shares with memories, c occurrences of q terms.

    Attributes:
        term: int64 [c], below q.
        memory: int64 [c], key of the memory.
        counts: int64 [c].
        idf: float64 [q], of terms that occur nowhere too.
        attributes: Of the memories.
    """

    term: Tensor
    memory: Tensor
    counts: Tensor
    idf: Tensor
    attributes: AttributeTable

    def covered(self, keys: Ints) -> float:
        """Say how much of the question's words some memories hold, from 0 to 1."""
        among = np.isin(self.memory.numpy(), keys)
        return float(coverage(self.term[torch.from_numpy(among)], self.idf))

    @cached_property
    def sessions(self) -> tuple[Ints, NDArray[np.float64]]:
        """The sessions of these memories, ascending, and what their words count, in [0, 1]."""
        own = torch.from_numpy(self.attributes.sessions(self.memory.numpy()))
        sessions, share = session_evidence(self.term, own, self.counts, idf=self.idf)
        return sessions.numpy(), share.numpy()


@dataclass(frozen=True, slots=True)
class Looker:
    """Looks up one question in one place.

    Attributes:
        query: The question's direction, [1, d] on the engine's device.
        terms: Its hashed words, int64 [q].
        beta: Inverse temperature at which a memory's cues are summed.
        matches: Where the words occur; the index must not change while the looker is used.
    """

    index: MemoryIndex
    query: Tensor
    terms: Tensor
    place: Place
    beta: float
    matches: TermMatches = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "matches", self.index.terms.match(self.terms, self.place.groups))

    def by_words(self, count: int) -> tuple[Ints, float]:
        """Return the best `count` memories by BM25, and the highest score."""
        keys, scores = self.matches.scores(k=count, allowed=self.place.allowed)
        return keys.numpy(), float(scores[0]) if len(scores) else 0.0

    def at(self, keys: Ints, peak: float) -> Look:
        """Return what the question finds in given memories."""
        some = np.unique(keys)
        held = torch.from_numpy(some)
        found = cue_evidence(
            self.index.cues, self.query, held[None].to(self.query.device), beta=self.beta
        )
        close = found.similarity[0].cpu().numpy()
        summed = found.pooled[0].cpu().numpy()
        return Look(
            keys=some,
            cues=found.cue_ids[0].cpu().numpy(),
            similarity=np.where(np.isfinite(close), close, 0.0),
            summed=np.where(np.isfinite(summed), summed, 0.0),
            lexical=self.matches.scores_of(held).numpy(),
            peak=peak,
        )

    def roughly(self, near: Candidates, words: int) -> Look:
        """Return what the nearest cues [1, c] and the question's words say by themselves.

        Of a memory's cues only those among the nearest count, and a memory found by its words
        alone is taken to be as similar as the last of them.
        """
        held = near.memory_ids[0] >= 0
        memories, owner = torch.unique(near.memory_ids[0][held], return_inverse=True)
        found = pool(
            near.cue_ids[0][held],
            owner,
            near.similarity[0][held],
            size=len(memories),
            beta=self.beta,
        )
        cues, similarity, summed = (column.cpu().numpy() for column in found)
        known = memories.cpu().numpy()
        worded, peak = self.by_words(words)
        keys = np.union1d(known, worded)
        places = np.searchsorted(keys, known)
        floor = summed.min(initial=np.inf) if len(summed) else 0.0

        def filled(values: NDArray[Any], rest: float) -> NDArray[Any]:
            column = np.full(len(keys), rest, dtype=values.dtype)
            column[places] = values
            return column

        return Look(
            keys=keys,
            cues=filled(cues, -1),
            similarity=filled(similarity, floor),
            summed=filled(summed, floor),
            lexical=self.matches.scores_of(torch.from_numpy(keys)).numpy(),
            peak=peak,
        )

    def joined(self, look: Look, pairs: tuple[Ints, Ints]) -> NDArray[np.float64]:
        """Return how near the best cues of two memories of a look, joined, are to the question.

        Args:
            look: What the question found.
            pairs: The two memories of each pair, by their places in the look, int64 [n] each;
                each has a cue.
        """
        first, second = (torch.from_numpy(look.cues[places]) for places in pairs)
        near, other = (torch.from_numpy(look.similarity[places]) for places in pairs)
        device = self.query.device
        both = (near.to(device), other.to(device))
        return pair_similarity(self.index.cues, (first, second), both).cpu().numpy()

    def shared(self) -> Shared:
        """Return where the question's words occur."""
        return Shared(*self.matches.occurrences(), self.index.attributes)

    def sessions(self, shared: Shared, keys: Ints) -> NDArray[np.float64]:
        """Return what the question's words anywhere in a memory's session count, in [0, 1]."""
        if not len(shared.memory):
            return np.zeros(len(keys))
        sessions, share = shared.sessions
        found = self.index.attributes.sessions(keys)
        places = np.searchsorted(sessions, found).clip(0, len(sessions) - 1)
        return np.where(sessions[places] == found, share[places], 0.0)

    def around(self, keys: Ints) -> Ints:
        """Return these memories with the turns before and after them, ascending, each once."""
        attributes = self.index.attributes
        beside = [attributes.neighbours(keys, step) for step in (-1, 1)]
        every = np.unique(np.concatenate([keys, *beside]))
        return every[every >= 0]


class Looked:
    """A looker that looks at each memory once, and remembers what it found.

    Args:
        looker: Looks a question up.
        first: What it found already.
    """

    def __init__(self, looker: Looker, first: Look) -> None:
        self._looker = looker
        self._held = first

    def at(self, keys: Ints) -> Look:
        """Return what the question finds in given memories, looking at those not seen before."""
        wanted = np.unique(keys)
        new = wanted[~np.isin(wanted, self._held.keys, assume_unique=True)]
        if len(new):
            self._held = self._held.joined(self._looker.at(new, self._held.peak))
        return self._held.taken(np.searchsorted(self._held.keys, wanted))
