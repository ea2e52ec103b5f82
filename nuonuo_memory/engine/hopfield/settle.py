"""States [B, d] and patterns [B, c, d] to Hopfield updates, and attention [B, c] to sums by memory.

Ramsauer et al., "Hopfield Networks is All You Need", 2020 (arXiv:2008.02217). With patterns X, one
a row, and a state ξ:

    update    ξ' = Xᵀ p,   p = softmax(β X ξ)
    energy    E(ξ) = -lse(β, X ξ) + ½ ξᵀξ + β⁻¹ log N + ½ M²,   M the longest pattern's length

Each update lowers the energy or leaves it; 0 <= E <= 2 M².
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from nuonuo_memory.engine.vectors.quantise import encode_queries
from nuonuo_memory.errors import InvalidInputError

_ATTENTION_UNITS = 2.0**45
"""Attention is summed in whole multiples of 1/2^45, exactly, so that no order changes a sum."""


class Settled(NamedTuple):
    """The states [B, d] of a batch after their last update.

    Attributes:
        state: [B, d], the state after the last update.
        attention: [B, c], the weights that made it: state = patterns^T attention; rows sum to 1,
            or are 0 where no pattern is unmasked.
        energy: [B], of the state.
        entropy: [B], of the attention, in nats; 0 to log(c).
        steps: [B] int64, updates until the state moved less than the tolerance, or max_steps.
    """

    state: Tensor
    attention: Tensor
    energy: Tensor
    entropy: Tensor
    steps: Tensor


def settle(
    state: Tensor,
    patterns: Tensor,
    *,
    beta: float,
    max_steps: int,
    tolerance: float,
    mask: Tensor | None = None,
    scale: Tensor | None = None,
) -> Settled:
    """Iterate states [B, d] among their patterns [B, c, d] until they rest.

    The state enters each product rounded to about 28 bits: equal patterns of whole numbers then get
    the same attention to the last bit, wherever they stand.

    Args:
        state: Where to start, one query a row.
        patterns: Each query's patterns.
        beta: Inverse temperature, above 0.
        max_steps: Updates at most, 1 or more.
        tolerance: A state that moves less than this (Euclidean) rests, whatever the others do.
        mask: [B, c], true where there is a pattern.
        scale: [B, c]; the patterns are then patterns * scale, without a copy.

    Raises:
        InvalidInputError: Shapes do not fit, or a parameter is out of its range.
    """
    _check(state, patterns)
    if not (beta > 0 and max_steps >= 1 and tolerance >= 0):
        raise InvalidInputError(
            f"beta must be above 0, max_steps 1 or more, tolerance 0 or more, got {beta}, "
            f"{max_steps}, {tolerance}"
        )
    if scale is None:
        scale = torch.ones_like(patterns[..., 0])
    if mask is None:
        mask = torch.ones_like(scale, dtype=torch.bool)
    absent = torch.zeros_like(scale).masked_fill_(~mask, -torch.inf)
    steps = torch.zeros(len(state), dtype=torch.int64, device=state.device)
    moving = torch.ones(len(state), dtype=torch.bool, device=state.device)
    attention, all_move = torch.zeros_like(scale), True
    for _ in range(max_steps):
        weights = _softmax(_overlap(state, patterns, scale).mul_(beta).add_(absent))
        moved = torch.bmm((weights * scale)[:, None], patterns)[:, 0]
        distance = torch.linalg.vector_norm(moved - state, dim=1)
        steps += moving
        if all_move:
            attention, state = weights, moved
        else:
            attention = torch.where(moving[:, None], weights, attention)
            state = torch.where(moving[:, None], moved, state)
        moving = moving & (distance >= tolerance)
        left = len(state) if state.is_cuda else int(moving.sum())
        all_move = left == len(state) and not state.is_cuda
        if not left:
            break
    entropy = torch.special.entr(attention).sum(1)
    return Settled(state, attention, _energy(state, patterns, scale, absent, beta), entropy, steps)


def _check(state: Tensor, patterns: Tensor) -> None:
    if patterns.ndim != 3 or state.shape != (patterns.shape[0], patterns.shape[2]):
        raise InvalidInputError(
            f"state and patterns must be [B, d] and [B, c, d], got {list(state.shape)} and "
            f"{list(patterns.shape)}"
        )


def _overlap(state: Tensor, patterns: Tensor, scale: Tensor) -> Tensor:
    """Return the inner products [B, c] of each state with its patterns."""
    codes = encode_queries(state)
    products = torch.bmm(patterns, codes.code.to(patterns.dtype)[:, :, None])[:, :, 0]
    return products.mul_((scale * codes.unit[:, None]).to(patterns.dtype))


def _softmax(values: Tensor) -> Tensor:
    """Return the softmax of rows, 0 where a value is -inf, also where all of a row are."""
    lowest = torch.finfo(values.dtype).min
    weights = values.sub_(values.amax(1, keepdim=True).clamp_(min=lowest)).exp_()
    # The largest weight is exp(0), so that only a row without any sums to less than 1.
    return weights.div_(weights.sum(1, keepdim=True).clamp_(min=1.0))


def _energy(state: Tensor, patterns: Tensor, scale: Tensor, absent: Tensor, beta: float) -> Tensor:
    overlap = _overlap(state, patterns, scale).mul_(beta).add_(absent)
    held = absent == 0
    lengths = torch.linalg.vector_norm(patterns, dim=2) * scale.abs()
    longest = lengths.mul_(held).amax(1)
    count = held.sum(1)
    energy: Tensor = (
        -torch.logsumexp(overlap, 1) / beta
        + state.square().sum(1) / 2
        + torch.log(count.clamp(min=1).to(state.dtype)) / beta
        + longest.square() / 2
    )
    return energy.masked_fill_(count == 0, math.inf)


def by_memory(attention: Tensor, memory_ids: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Sum attention [B, c] over the cues of each memory.

    Args:
        attention: Weights from 0 to 1.
        memory_ids: [B, c] int64, -1 for no memory.

    Returns:
        (memory ids, mass, first cue), each [B, c]: the memories by falling mass, then by id; padded
        with -1, 0 and -1. The first cue is the lowest place in `memory_ids` that holds the memory:
        its best cue when the cues came best first.
    """
    wide = memory_ids.shape[1]
    memories, order = memory_ids.sort(dim=1, stable=True)
    weights = (attention.to(torch.float64).gather(1, order) * _ATTENTION_UNITS).round_()
    opens = torch.ones_like(memories, dtype=torch.bool)
    opens[:, 1:] = memories[:, 1:] != memories[:, :-1]
    segment = opens.cumsum(1) - 1
    mass = torch.zeros_like(weights).scatter_add_(1, segment, weights) / _ATTENTION_UNITS
    # Every place of a segment but the first goes to a spare column, which is cut off.
    target = torch.where(opens & (memories >= 0), segment, wide)
    ids = torch.full((len(memories), wide + 1), -1, dtype=torch.int64, device=memories.device)
    cues = ids.clone().scatter_(1, target, order)[:, :wide]
    ids = ids.scatter_(1, target, memories)[:, :wide]
    mass = torch.where(ids >= 0, mass, torch.full_like(mass, -1.0))
    mass, rank = mass.sort(dim=1, descending=True, stable=True)
    return ids.gather(1, rank), mass.clamp(min=0), cues.gather(1, rank)
