"""Walks of activation: the records that hold them, and the arithmetic that keeps them exact.

Activation is counted in whole units of 2**-40, rounded down. Whole numbers have one sum whatever
the order, so that a walk has the same bits in a batch of one and of a thousand, on a CPU and a GPU.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from nuonuo_memory.engine.graph.key_rows import lexsort

Affinity = Callable[[Tensor, Tensor], Tensor]
"""(query [n], memory key [n]) to the factor of what arrives there, float64 [n], above 0."""

NO_KEY = -1
"""Stands for "no memory" and "no name" in a walk."""

NAMED = 0
"""Kind of a step that the question itself makes, by a name that it holds."""
MENTION_STEP = 1
ABOUT_STEP = 2
LINK_STEP = 3
"""Link kinds follow: a link of kind k makes a step of kind LINK_STEP + k."""

UNIT = float(1 << 40)
"""Units of activation in 1."""

LARGEST_BATCH = 1 << 18
"""Queries of one batch: one's number and an activation fit into one int64 to sort by."""

_AMOUNT_BITS = 44
_LARGEST_AMOUNT = (1 << _AMOUNT_BITS) - 1
_SORTS_LAST = (1 << 63) - 1


class Start(NamedTuple):
    """Activation that starts in n memories or names.

    Attributes:
        query: int64 [n], row of the batch.
        key: int64 [n], memory or name.
        activation: float64 [n].
    """

    query: Tensor
    key: Tensor
    activation: Tensor


class Walks(NamedTuple):
    """Walks after the same number of hops, those of a query together, strongest first.

    Attributes:
        query: int64 [n].
        memory: int64 [n], where the walk stands.
        activation: float64 [n].
        parent: int64 [n], row of the previous hop's walks, -1 at the start.
        via: int64 [n], the name key of the last step, -1 for a link or a start.
        kind: int64 [n], of the last step: `NAMED`, `MENTION_STEP`, ….
        share: float64 [n], activation that the last step carried over, of what stood before it.
    """

    query: Tensor
    memory: Tensor
    activation: Tensor
    parent: Tensor
    via: Tensor
    kind: Tensor
    share: Tensor


def rarity(count: Tensor, size: Tensor) -> Tensor:
    """How rare names are: (log(1 + N / n) / log(1 + N))², the measure of BM25 for words, sharper.

    Args:
        count: int64 [n], mentions of each name.
        size: float64 [n], memories that mention any, at least 1.

    Returns:
        float64 [n]: 1 for a name of one memory, 0 for one that is mentioned nowhere.
    """
    rare = (torch.log1p(size / count.clamp_min(1)) / torch.log1p(size)) ** 2
    return rare * (count > 0)


def units(values: Tensor) -> Tensor:
    """Float64 values in units of 2**-40, rounded down: int64."""
    return (values * UNIT).long()


def tally(amounts: Tensor, index: Tensor, size: int) -> Tensor:
    """Sums of int64 `amounts` by `index`: int64 [size]."""
    return amounts.new_zeros(size).index_add_(0, index, amounts)


def downwards(query: Tensor, amounts: Tensor) -> Tensor:
    """One key to sort by: queries ascending, amounts (int64, units of 2**-40) descending."""
    return (query << _AMOUNT_BITS) - amounts.clamp_max(_LARGEST_AMOUNT)


def take(columns: Sequence[Tensor], index: Tensor) -> list[Tensor]:
    """Rows of int64 and float64 columns of one length, all with two calls to the device."""
    bits = torch.stack([column.view(torch.int64) for column in columns])
    taken = bits.gather(1, index.expand(len(columns), len(index)))
    return [row.view(column.dtype) for row, column in zip(taken, columns, strict=True)]


def strongest_first(walks: Walks, amounts: Tensor, *, living: Tensor | None = None) -> Walks:
    """Sort walks by query, strongest first, and drop those that `living` leaves out.

    Equal ones are ordered by memory, by name and then as the walks that they come from: by nothing
    that depends on the batch, or on what was ever held and forgotten.

    Args:
        walks: In the order of the walks that they come from.
        amounts: int64 [n], their activation in units of 2**-40.
        living: bool [n], those that stay.
    """
    key = downwards(walks.query, amounts)
    if living is not None:
        key = torch.where(living, key, _SORTS_LAST)
    order = lexsort(walks.via, walks.memory, key)
    if living is not None:
        order = order[: int(living.sum())]
    return Walks(*take(walks, order))
