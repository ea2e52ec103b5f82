"""BM25 over hashed terms: sparse, incremental, with the statistics of each group kept exact.

score(d) = Σ_t ln(1 + (N - n_t + ½) / (n_t + ½)) · f / (f + k1 · (1 - b + b · |d| / mean |d|))

with f the times that term t occurs in memory d, n_t the memories that hold t, N all memories of
the groups asked (Robertson and Zaragoza 2009; the idf never falls below 0, as in Lucene).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from hashlib import blake2b

import torch
from torch import Tensor

from nuonuo_memory.engine.postings import GroupPostings
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
        found: list[tuple[Tensor, Tensor]] = []
        for postings, dense in self._dense(term_ids, groups):
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

    def scores_of(self, term_ids: Tensor, groups: Iterable[int], *, memory_ids: Tensor) -> Tensor:
        """Score given memories: float64 `[m]`, 0 for one that shares no term or is elsewhere."""
        scores = torch.zeros(len(memory_ids), dtype=torch.float64)
        wanted: list[int] = memory_ids.tolist()
        for postings, dense in self._dense(term_ids, groups):
            places = [(i, slot) for i, m in enumerate(wanted) if (slot := postings.slot(m)) >= 0]
            if places:
                rows, slots = (torch.tensor(column) for column in zip(*places, strict=True))
                scores[rows] = dense[slots]
        return scores

    def document_frequency(self, term_ids: Tensor, groups: Iterable[int]) -> Tensor:
        """Count the memories that hold each term: int64 `[q]`, over the groups together."""
        total = torch.zeros(len(term_ids), dtype=torch.int64)
        terms, back = torch.unique(term_ids, return_inverse=True)
        for postings in self._existing(groups):
            for term, slots, _ in postings.find(terms):
                total += (back == term) * len(slots)
        return total

    def occurrences(
        self, term_ids: Tensor, groups: Iterable[int]
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Find where and how often the terms of a question occur.

        Returns:
            For each memory and term that it holds: the term's place among the different terms,
            the memory's id, the count, all int64 `[c]`; and the terms' idf, float64 `[t]`, as
            BM25 weighs them.
        """
        terms = torch.unique(term_ids)
        asked = self._existing(groups)
        found = [
            (term, postings.memories[slots], counts)
            for postings in asked
            for term, slots, counts in postings.find(terms)
        ]
        documents = sum(map(len, asked))
        frequency = torch.zeros(len(terms), dtype=torch.float64)
        for term, memories, _ in found:
            frequency[term] += len(memories)
        idf = torch.log1p((documents - frequency + 0.5) / (frequency + 0.5))
        if not found:
            none = torch.empty(0, dtype=torch.int64)
            return none, none.clone(), none.clone(), idf
        places = [torch.full((len(memories),), term) for term, memories, _ in found]
        return (
            torch.cat(places),
            torch.cat([memories for _, memories, _ in found]),
            torch.cat([counts.to(torch.int64) for _, _, counts in found]),
            idf,
        )

    def documents(self, groups: Iterable[int]) -> int:
        """Count the memories of some groups."""
        return sum(len(postings) for postings in self._existing(groups))

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

    def _dense(self, term_ids: Tensor, groups: Iterable[int]) -> list[tuple[GroupPostings, Tensor]]:
        """Scores by slot of each group that shares a term, float64 `[slots]`."""
        asked = self._existing(groups)
        terms = torch.unique(term_ids)
        found = [(postings, postings.find(terms)) for postings in asked]
        documents = sum(map(len, asked))
        mean = sum(postings.length for postings in asked) / max(documents, 1)
        frequency = [0] * len(terms)
        for _, pieces in found:
            for term, slots, _ in pieces:
                frequency[term] += len(slots)
        idf = [math.log1p((documents - n + 0.5) / (n + 0.5)) for n in frequency]
        return [
            (postings, self._score(postings, pieces, idf=idf, mean=mean))
            for postings, pieces in found
            if pieces
        ]

    def _score(
        self,
        postings: GroupPostings,
        pieces: Sequence[tuple[int, Tensor, Tensor]],
        *,
        idf: Sequence[float],
        mean: float,
    ) -> Tensor:
        # Terms in ascending order, and one memory once per term: each memory's sum is taken in
        # the same order however its postings lie, so equal contents give equal scores.
        pieces = sorted(pieces, key=lambda piece: piece[0])
        slots = torch.cat([piece[1] for piece in pieces])
        times = torch.cat([piece[2] for piece in pieces]).double()
        weight = torch.tensor([idf[piece[0]] for piece in pieces], dtype=torch.float64)
        weight = weight.repeat_interleave(torch.tensor([len(piece[1]) for piece in pieces]))
        lengths = postings.lengths[slots].double()
        damped = times + self._k1 * (1 - self._b + self._b / mean * lengths)
        dense = torch.zeros(len(postings.memories), dtype=torch.float64)
        return dense.index_add_(0, slots, weight * times / damped)


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
