"""Where a question looks, and what it asks for there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nuonuo_memory.engine.bm25.coverage import coverage
from nuonuo_memory.engine.bm25.term_index import TermMatches
from nuonuo_memory.engine.vectors.centring import Centre, centred, offsets
from nuonuo_memory.engine.vectors.pooling import session_evidence
from nuonuo_memory.index.memory_index import MemoryIndex
from nuonuo_memory.store.rows import Ints
from nuonuo_memory.text.question import Question
from nuonuo_memory.text.terms import terms


@dataclass(frozen=True, slots=True)
class Scope:
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


@dataclass(frozen=True)
class Query:
    """One question in one scope; the index must not change while it is used.

    Attributes:
        question: What it asks for.
        index: Where it looks.
        direction: Its unit vector, [1, d] on the index's device; cosines are taken with it.
        centre: Where the scope's cues lie.
        centred: The direction relative to it, [1, d]; see `engine.vectors.centring`.
        offset: What an inner product with `centred` exceeds the similarity by.
        terms: Its hashed words, int64 [q].
        scope: Which memories it may find.
        beta: Inverse temperature at which a memory's cues are pooled.
    """

    question: Question
    index: MemoryIndex
    direction: Tensor
    centre: Centre
    centred: Tensor
    offset: float
    terms: Tensor
    scope: Scope
    beta: float

    @cached_property
    def matches(self) -> TermMatches:
        """Where the words occur."""
        return self.index.terms.match(self.terms, self.scope.groups)

    @cached_property
    def overlap(self) -> TermOverlap:
        """The words that the question shares with memories."""
        return TermOverlap(self.index, *self.matches.occurrences())


def query_of(
    question: Question,
    direction: Tensor,
    *,
    index: MemoryIndex,
    scope: Scope,
    centre: Centre,
    beta: float,
) -> Query:
    """Return a question as it is asked in a scope.

    Args:
        question: What it asks for.
        direction: Its unit vector, [1, d], on the CPU.
        index: Where it looks.
        scope: Which memories it may find.
        centre: Where the scope's cues lie.
        beta: Inverse temperature at which a memory's cues are pooled.
    """
    device = index.cues.device
    less = centred(direction, centre)
    return Query(
        question=question,
        index=index,
        direction=direction.to(device),
        centre=centre,
        centred=less.to(device, torch.float32),
        offset=float(offsets(less, centre)),
        terms=hashed_terms(question.topic),
        scope=scope,
        beta=beta,
    )


@dataclass(frozen=True)
class TermOverlap:
    """The words that a question shares with memories: c occurrences of q terms.

    Attributes:
        index: Holds the sessions of the memories.
        term: int64 [c], below q.
        memory: int64 [c], key of the memory.
        counts: int64 [c].
        idf: float64 [q], of terms that occur nowhere too.
    """

    index: MemoryIndex
    term: Tensor
    memory: Tensor
    counts: Tensor
    idf: Tensor

    def coverage(self, keys: Ints) -> float:
        """Return the share of the question's words, by idf, that some memories hold: [0, 1]."""
        among = np.isin(self.memory.numpy(), keys)
        return float(coverage(self.term[torch.from_numpy(among)], self.idf))

    def session_share(self, keys: Ints) -> NDArray[np.float64]:
        """Return the evidence of the words anywhere in each memory's session, float64 [n].

        It is a share of the best session's, in [0, 1].
        """
        if not len(self.memory):
            return np.zeros(len(keys))
        sessions, share = self._sessions
        found = self.index.attributes.sessions(keys)
        places = np.searchsorted(sessions, found).clip(0, len(sessions) - 1)
        return np.where(sessions[places] == found, share[places], 0.0)

    @cached_property
    def _sessions(self) -> tuple[Ints, NDArray[np.float64]]:
        """Sessions that hold a word of the question, ascending, and their evidence in [0, 1]."""
        own = torch.from_numpy(self.index.attributes.sessions(self.memory.numpy()))
        sessions, share = session_evidence(self.term, own, self.counts, idf=self.idf)
        return sessions.numpy(), share.numpy()


def hashed_terms(text: str) -> Tensor:
    """Return the hashed terms of a text, int64 [q]."""
    ids, _ = terms(text)
    return torch.from_numpy(np.ascontiguousarray(ids))
