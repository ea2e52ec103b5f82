"""BM25 over hashed terms: sparse, incremental, with the statistics of each group kept exact.

score(d) = Σ_t ln(1 + (N - n_t + ½) / (n_t + ½)) · f / (f + k1 · (1 - b + b · |d| / mean |d|))

with f the times that term t occurs in memory d, n_t the memories that hold t, N all memories of
the groups asked (Robertson and Zaragoza 2009; the idf never falls below 0, as in Lucene).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import NamedTuple

import torch
from torch import Tensor

from nuonuo_memory.engine.bm25.postings import GroupPostings
from nuonuo_memory.errors import DuplicateIdError, InvalidInputError


class TermIndex:
    """Hashed terms of memories, and BM25 scores of a question's terms against them.

    Args:
        k1: How soon a repeated term stops to count; 1.2 is Lucene's.
        b: How much a long memory is marked down, in [0, 1]; 0.75 is Lucene's.

    Raises:
        InvalidInputError: `k1` is negative or not finite, or `b` is outside [0, 1].
    """

    def __init__(self, *, k1: float = 1.2, b: float = 0.75) -> None:
        if not (math.isfinite(k1) and k1 >= 0 and 0 <= b <= 1):
            raise InvalidInputError(f"k1 must be at least 0 and b in [0, 1], got {k1} and {b}")
        self._k1 = k1
        self._b = b
        self._groups: dict[int, GroupPostings] = {}
        self._group_of: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._group_of)

    def __contains__(self, memory_id: int) -> bool:
        return memory_id in self._group_of

    @property
    def nbytes(self) -> int:
        """Bytes that the postings take."""
        return sum(group.nbytes for group in self._groups.values())

    def add(
        self,
        memory_ids: Tensor,
        term_ptr: Tensor,
        *,
        term_ids: Tensor,
        counts: Tensor,
        group: int,
    ) -> None:
        """Add memories with their terms.

        Args:
            memory_ids: int64 `[n]`, none of them here already.
            term_ptr: int64 `[n + 1]`; memory i has the terms `term_ptr[i]:term_ptr[i + 1]`.
            term_ids: int64 `[nnz]`, each term of a memory once.
            counts: How often each occurs, `[nnz]`, at least 1.
            group: The group that they join.

        Raises:
            InvalidInputError: The shapes do not belong together.
            DuplicateIdError: A memory is here already, or twice among the new ones.
        """
        _check(memory_ids, term_ptr, term_ids=term_ids, counts=counts)
        ids: list[int] = memory_ids.tolist()
        taken = [memory for memory in ids if memory in self._group_of]
        if taken or len(set(ids)) < len(ids):
            raise DuplicateIdError(
                f"each memory can be added once, got {taken[:3] or 'one twice'}; remove it first"
            )
        if not ids:
            return
        postings = self._groups.setdefault(group, GroupPostings())
        postings.add(memory_ids, term_ptr, terms=term_ids, counts=counts)
        self._group_of.update(dict.fromkeys(ids, group))

    def remove(self, memory_ids: Tensor) -> int:
        """Remove memories and every posting of theirs; ids that are not here are passed over.

        Returns:
            How many were here.
        """
        by_group: dict[int, list[int]] = {}
        for memory in memory_ids.tolist():
            group = self._group_of.pop(memory, None)
            if group is not None:
                by_group.setdefault(group, []).append(memory)
        for group, ids in by_group.items():
            postings = self._groups[group]
            postings.remove(ids)
            if not len(postings):
                del self._groups[group]
        return sum(map(len, by_group.values()))

    def scores(
        self,
        term_ids: Tensor,
        groups: Iterable[int],
        *,
        k: int | None = None,
        allowed: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Score the memories that share a term with a question.

        Args:
            term_ids: The question's terms, int64 `[q]`; repeated ones count once.
            groups: Where to look; their statistics are pooled.
            k: The best `k` only; all when `None`.
            allowed: Memories that may be returned, ascending int64; all when `None`. The
                statistics are those of the whole groups.

        Returns:
            Memory ids, int64 `[m]`, and scores, float64 `[m]` above 0; best first, equal scores
            by memory id. Empty when no memory shares a term.
        """
        return self.match(term_ids, groups).scores(k=k, allowed=allowed)

    def scores_of(self, term_ids: Tensor, groups: Iterable[int], *, memory_ids: Tensor) -> Tensor:
        """Score given memories: float64 `[m]`, 0 for one that shares no term or is elsewhere."""
        return self.match(term_ids, groups).scores_of(memory_ids)

    @torch.inference_mode()
    def match(self, term_ids: Tensor, groups: Iterable[int]) -> TermMatches:
        """Find where a question's terms, int64 `[q]`, occur; holds until the index changes."""
        return TermMatches(self._existing(groups), torch.unique(term_ids), k1=self._k1, b=self._b)

    def document_frequency(self, term_ids: Tensor, groups: Iterable[int]) -> Tensor:
        """Count the memories that hold each term: int64 `[q]`, over the groups together."""
        total = torch.zeros(len(term_ids), dtype=torch.int64)
        terms, back = torch.unique(term_ids, return_inverse=True)
        for postings in self._existing(groups):
            for term, slots, _ in postings.find(terms):
                total += (back == term) * len(slots)
        return total

    def fingerprint(self) -> str:
        """Digest of what is held, equal exactly when the same memories with the same terms are."""
        digest = blake2b(digest_size=16)
        for group in sorted(self._groups):
            rows = self._groups[group].rows()
            digest.update(group.to_bytes(8, "big", signed=True))
            digest.update(len(rows).to_bytes(8, "big"))
            digest.update(rows.numpy().tobytes())
        return digest.hexdigest()

    def _existing(self, groups: Iterable[int]) -> list[GroupPostings]:
        return [self._groups[group] for group in sorted(set(groups)) if group in self._groups]


class TermMatches:
    """Where the terms of a question occur in some groups, whose statistics are pooled.

    Args:
        groups: The postings to look through.
        terms: Different terms, ascending int64 `[t]`.
        k1: See `TermIndex`.
        b: See `TermIndex`.
    """

    def __init__(
        self, groups: Sequence[GroupPostings], terms: Tensor, *, k1: float, b: float
    ) -> None:
        found = [(postings, postings.find(terms)) for postings in groups]
        documents = sum(map(len, groups))
        frequency = [0] * len(terms)
        for _, pieces in found:
            for term, slots, _ in pieces:
                frequency[term] += len(slots)
        self._rarity = [(documents - n + 0.5) / (n + 0.5) for n in frequency]
        self._found = [(postings, _Columns.of(pieces)) for postings, pieces in found if pieces]
        self._saturation = 1.0 + k1
        mean = sum(postings.length for postings in groups) / max(documents, 1)
        idf = torch.tensor([math.log1p(rarity) for rarity in self._rarity], dtype=torch.float64)
        self._dense = [
            (postings, self._score(postings, columns, idf, k1=k1, marked=b / mean, free=1 - b))
            for postings, columns in self._found
        ]

    @staticmethod
    def _score(
        postings: GroupPostings,
        columns: _Columns,
        idf: Tensor,
        *,
        k1: float,
        marked: float,
        free: float,
    ) -> Tensor:
        """Return the scores by slot, float64 `[slots]`."""
        times = columns.counts.double()
        lengths = postings.lengths[columns.slots].double()
        damped = times + k1 * (free + marked * lengths)
        dense = torch.zeros(len(postings.memories), dtype=torch.float64)
        return dense.index_add_(0, columns.slots, idf[columns.terms] * times / damped)

    def scores(self, *, k: int | None, allowed: Tensor | None) -> tuple[Tensor, Tensor]:
        """Score the memories that share a term, see `TermIndex.scores`."""
        found: list[tuple[Tensor, Tensor]] = []
        for postings, dense in self._dense:
            slots = dense.nonzero().squeeze(1)
            if allowed is not None:
                slots = slots[_among(postings.memories[slots], allowed)]
            if k is not None and len(slots) > k:  # keep ties with the k-th; ids decide below
                threshold = dense[slots].topk(k).values[-1]
                slots = slots[dense[slots] >= threshold]
            found.append((postings.memories[slots], dense[slots]))
        if not found:
            return torch.empty(0, dtype=torch.int64), torch.empty(0, dtype=torch.float64)
        memories = torch.cat([ids for ids, _ in found])
        scores = torch.cat([values for _, values in found])
        order = memories.argsort()
        order = order[scores[order].argsort(descending=True, stable=True)]
        return memories[order[:k]], scores[order[:k]]

    def scores_of(self, memory_ids: Tensor) -> Tensor:
        """Score given memories, see `TermIndex.scores_of`."""
        scores = torch.zeros(len(memory_ids), dtype=torch.float64)
        wanted: list[int] = memory_ids.tolist()
        for postings, dense in self._dense:
            slots = torch.tensor(postings.slots(wanted), dtype=torch.int64)
            scores = torch.where(slots >= 0, dense[slots], scores)
        return scores

    def attainable(self) -> float:
        """Return the score of a memory of mean length that holds each term once.

        Terms that occur nowhere count too: they are what is asked for and not there.
        """
        idf = torch.tensor(self._rarity, dtype=torch.float64).log1p()
        return float(idf.sum()) / self._saturation

    def occurrences(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return where and how often the terms occur.

        Returns:
            For each memory and term that it holds: the term's place among the different terms,
            the memory's id, the count, all int64 `[c]`; and the terms' idf, float64 `[t]`, as
            BM25 weighs them.
        """
        idf = torch.tensor(self._rarity, dtype=torch.float64).log1p()
        if not self._found:
            none = torch.empty(0, dtype=torch.int64)
            return none, none.clone(), none.clone(), idf
        return (
            torch.cat([columns.terms for _, columns in self._found]),
            torch.cat([postings.memories[columns.slots] for postings, columns in self._found]),
            torch.cat([columns.counts for _, columns in self._found]).to(torch.int64),
            idf,
        )


class _Columns(NamedTuple):
    """Postings of one group, in ascending order of term: place of the term, slot, count, `[c]`.

    A memory comes once per term, so its sum is taken in the same order however its postings lie,
    and equal contents give equal scores.
    """

    terms: Tensor
    slots: Tensor
    counts: Tensor

    @classmethod
    def of(cls, pieces: Sequence[tuple[int, Tensor, Tensor]]) -> _Columns:
        pieces = sorted(pieces, key=lambda piece: piece[0])
        sizes = torch.tensor([len(slots) for _, slots, _ in pieces])
        return cls(
            torch.tensor([term for term, _, _ in pieces]).repeat_interleave(sizes),
            torch.cat([slots for _, slots, _ in pieces]),
            torch.cat([counts for _, _, counts in pieces]),
        )


def _among(values: Tensor, ascending: Tensor) -> Tensor:
    if not len(ascending):
        return torch.zeros(len(values), dtype=torch.bool)
    at = torch.searchsorted(ascending, values).clamp_(max=len(ascending) - 1)
    return ascending[at] == values


def _check(memory_ids: Tensor, term_ptr: Tensor, *, term_ids: Tensor, counts: Tensor) -> None:
    if len(term_ptr) != len(memory_ids) + 1:
        raise InvalidInputError(
            f"term_ptr must have one entry more than memory_ids, got {len(term_ptr)} for "
            f"{len(memory_ids)} memories"
        )
    if not (len(term_ids) == len(counts) == int(term_ptr[-1])) or int(term_ptr[0]) != 0:
        raise InvalidInputError(
            f"term_ptr must run from 0 to the number of terms, got {int(term_ptr[0])} to "
            f"{int(term_ptr[-1])} for {len(term_ids)} terms and {len(counts)} counts"
        )
    if bool((term_ptr.diff() < 0).any()) or bool((counts < 1).any()):
        raise InvalidInputError("term_ptr must not fall, and counts must be at least 1")
