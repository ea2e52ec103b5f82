"""Settling against the equations, written out."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from engine_reference import hard_vectors
from hypothesis import given, settings
from hypothesis import strategies as st

from nuonuo_memory.engine.hopfield.settle import by_memory, settle
from nuonuo_memory.errors import InvalidInputError


def plain_settle(
    state: torch.Tensor, patterns: torch.Tensor, beta: float, steps: int
) -> tuple[torch.Tensor, torch.Tensor]:
    for _ in range(steps):
        attention = torch.softmax(beta * (patterns @ state), 0)
        state = patterns.T @ attention
    return state, attention


@settings(max_examples=50, deadline=None)
@given(
    beta=st.floats(0.1, 60),
    steps=st.integers(1, 4),
    count=st.integers(1, 30),
    batch=st.integers(1, 4),
    seed=st.integers(0, 1000),
)
def test_same_as_the_equations(beta: float, steps: int, count: int, batch: int, seed: int) -> None:
    patterns = hard_vectors("normal", batch * count, 12, seed).double()
    patterns = torch.nn.functional.normalize(patterns, dim=1).view(batch, count, 12)
    states = hard_vectors("normal", batch, 12, seed + 1).double()
    settled = settle(states, patterns, beta=beta, max_steps=steps, tolerance=0.0)
    for row in range(batch):
        state, attention = plain_settle(states[row], patterns[row], beta, steps)
        assert torch.allclose(settled.state[row], state, atol=1e-6)
        assert torch.allclose(settled.attention[row], attention, atol=1e-6)
        energy = (
            -torch.logsumexp(beta * patterns[row] @ state, 0) / beta
            + state @ state / 2
            + math.log(count) / beta
            + 0.5
        )
        assert float(settled.energy[row]) == pytest.approx(float(energy), abs=1e-6)
        assert -1e-8 <= float(settled.energy[row]) <= 2.0 + 1e-8
        assert 0 <= float(settled.entropy[row]) <= math.log(count) + 1e-9
    assert (settled.steps == steps).all()


def test_energy_falls_at_each_step() -> None:
    patterns = hard_vectors("normal", 40, 16, 3).double().view(2, 20, 16)
    states = hard_vectors("normal", 2, 16, 4).double()
    energies = [
        settle(states, patterns, beta=0.3, max_steps=steps, tolerance=0.0).energy
        for steps in range(1, 8)
    ]
    for earlier, later in itertools.pairwise(energies):
        assert (later <= earlier + 1e-9).all()


def test_a_mask_is_as_if_the_patterns_were_not_there() -> None:
    patterns = hard_vectors("normal", 20, 8, 3).double().view(1, 20, 8)
    state = hard_vectors("normal", 1, 8, 4).double()
    mask = torch.arange(20)[None] < 11
    masked = settle(state, patterns, beta=2.0, max_steps=3, tolerance=1e-4, mask=mask)
    alone = settle(state, patterns[:, :11], beta=2.0, max_steps=3, tolerance=1e-4)
    assert torch.allclose(masked.attention[:, :11], alone.attention)
    assert (masked.attention[:, 11:] == 0).all()
    assert torch.allclose(masked.energy, alone.energy)
    nothing = settle(state, patterns, beta=2.0, max_steps=2, tolerance=0.0, mask=~mask & mask)
    assert (nothing.attention == 0).all()
    assert bool((nothing.energy == math.inf).all())


def test_each_query_stops_by_itself(device: str) -> None:
    patterns = torch.eye(4, dtype=torch.float64, device=device).expand(2, 4, 4).contiguous()
    states = torch.tensor([[1.0, 0, 0, 0], [0.3, 0.25, 0.25, 0.2]], device=device).double()
    both = settle(states, patterns, beta=8.0, max_steps=20, tolerance=1e-3)
    assert both.steps[0] < both.steps[1]
    for row in range(2):
        one = settle(states[row : row + 1], patterns[:1], beta=8.0, max_steps=20, tolerance=1e-3)
        assert torch.allclose(one.attention[0], both.attention[row], atol=1e-12)
        assert int(one.steps[0]) == int(both.steps[row])


@settings(max_examples=60, deadline=None)
@given(batch=st.integers(1, 4), wide=st.integers(1, 40), seed=st.integers(0, 1000))
def test_by_memory_sums(batch: int, wide: int, seed: int) -> None:
    made = torch.Generator().manual_seed(seed)
    attention = torch.rand(batch, wide, generator=made, dtype=torch.float64)
    attention = (attention * 8).round() / 512  # ties, and sums that are exact
    memories = torch.randint(-1, 10, (batch, wide), generator=made)
    ids, mass, first = by_memory(attention, memories)
    for row in range(batch):
        plain: dict[int, float] = {}
        for memory, weight in zip(memories[row].tolist(), attention[row].tolist(), strict=True):
            if memory >= 0:
                plain[memory] = plain.get(memory, 0.0) + weight
        ranked = sorted(plain.items(), key=lambda item: (-round(item[1], 10), item[0]))
        assert ids[row, : len(ranked)].tolist() == [memory for memory, _ in ranked]
        assert (ids[row, len(ranked) :] == -1).all()
        assert (mass[row, len(ranked) :] == 0).all()
        for place, (memory, weight) in enumerate(ranked):
            assert float(mass[row, place]) == pytest.approx(weight, abs=1e-12)
            assert int(first[row, place]) == memories[row].tolist().index(memory)


def test_wrong_calls() -> None:
    with pytest.raises(InvalidInputError, match=r"\[B, d\]"):
        settle(torch.ones(2, 3), torch.ones(2, 5, 4), beta=1.0, max_steps=1, tolerance=0.0)
    with pytest.raises(InvalidInputError, match="beta"):
        settle(torch.ones(1, 3), torch.ones(1, 5, 3), beta=0.0, max_steps=1, tolerance=0.0)
