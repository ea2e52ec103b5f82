"""Token ids of many texts: made ahead of their use, put together by length, padded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_AHEAD = 4096
"""Texts tokenised while those before them are encoded."""


class Tokens(NamedTuple):
    """Token ids of n texts, one after another.

    Attributes:
        ids: int32 `[sum of lengths]`.
        starts: Where each text's ids begin, and the end, int64 `[n + 1]`.
    """

    ids: NDArray[np.int32]
    starts: NDArray[np.int64]

    @classmethod
    def of(cls, texts: Sequence[Sequence[int]]) -> Tokens:
        """Join the ids of each text."""
        starts = np.zeros(len(texts) + 1, dtype=np.int64)
        np.cumsum([len(ids) for ids in texts], out=starts[1:])
        return cls(np.fromiter(chain.from_iterable(texts), np.int32, int(starts[-1])), starts)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each text, int64 `[n]`."""
        return np.diff(self.starts)

    def padded(self, rows: NDArray[np.int64], *, multiple: int = 1) -> tuple[Tensor, Tensor | None]:
        """Return some texts' ids int32 `[r, t]` and which are there; `None` when all are.

        Args:
            rows: Which texts.
            multiple: What t is a multiple of; half-precision kernels want 8.
        """
        lengths = self.lengths[rows]
        longest = -(-int(lengths.max()) // multiple) * multiple
        there = np.arange(longest) < lengths[:, None]
        ids = np.zeros(there.shape, dtype=np.int32)
        starts = self.starts[rows].tolist()
        parts = [self.ids[a : a + n] for a, n in zip(starts, lengths.tolist(), strict=True)]
        ids[there] = np.concatenate(parts)
        return torch.from_numpy(ids), None if there.all() else torch.from_numpy(there)


def by_length(lengths: NDArray[np.int64], *, tokens: int) -> Iterator[NDArray[np.int64]]:
    """Yield rows of similar length together, shortest first, at most `tokens` with their padding.

    A text that is longer by itself comes alone.
    """
    order = np.argsort(lengths, kind="stable")
    begin = 0
    for end in range(1, len(order) + 1):
        if end == len(order) or lengths[order[end]] * (end + 1 - begin) > tokens:
            yield order[begin:end]
            begin = end


def tokenised(
    texts: Sequence[str], tokenise: Callable[[Sequence[str]], Tokens]
) -> Iterator[tuple[int, Tokens]]:
    """Yield the first text's number and the tokens of a few thousand texts at a time.

    Where there are more, another thread is one step ahead.
    """
    if len(texts) <= _AHEAD:
        yield 0, tokenise(texts)
        return
    with ThreadPoolExecutor(1, thread_name_prefix="tokenise") as worker:
        ahead = worker.submit(tokenise, texts[:_AHEAD])
        for first in range(0, len(texts), _AHEAD):
            found = ahead.result()
            if first + _AHEAD < len(texts):
                ahead = worker.submit(tokenise, texts[first + _AHEAD : first + 2 * _AHEAD])
            yield first, found
