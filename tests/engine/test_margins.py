"""Load, crosstalk and capacity, against what is measured."""

from __future__ import annotations

import pytest
import torch

from nuonuo_memory.engine.hopfield.margins import (
    hebbian_capacity,
    neighbours,
    patterns_at,
    shared_moments,
)
from nuonuo_memory.engine.hopfield.theory import error_bound
from nuonuo_memory.errors import InvalidInputError
from nuonuo_memory.research.hebbian import FactoredAssociator
from nuonuo_memory.research.separation import PatternSeparator, winner_take_all


def random_codes(n: int, seed: int) -> torch.Tensor:
    scores = torch.rand(n, 1024, generator=torch.Generator().manual_seed(seed))
    return winner_take_all(scores, 16)


def test_hebbian_capacity_is_about_where_recall_breaks() -> None:
    predicted = int(hebbian_capacity(1024, 16))
    exact = []
    for count in (predicted // 3, predicted * 4):
        cues, targets = random_codes(count, 1), random_codes(count, 2)
        memory = FactoredAssociator(1024, 16)
        memory.learn(cues, targets)
        same = (memory.recall(cues[:200]).last == targets[:200]).all(dim=1)
        exact.append(float(same.double().mean()))
    assert exact[0] >= 0.95
    assert exact[1] <= 0.5


def test_moments_of_random_codes() -> None:
    codes = random_codes(800, 1)
    mean, square = shared_moments(codes, code_dim=1024)
    assert mean == pytest.approx(16 * 16 / 1024, rel=0.1)
    assert hebbian_capacity(1024, 16, mean_square=square) == pytest.approx(
        hebbian_capacity(1024, 16), rel=0.1
    )
    shared = PatternSeparator(8, code_dim=1024, winners=16).codes(torch.randn(800, 8))
    crowded = shared_moments(shared, code_dim=1024)[1]
    assert hebbian_capacity(1024, 16, mean_square=crowded) < hebbian_capacity(1024, 16) / 2
    with pytest.raises(InvalidInputError, match="2 codes"):
        shared_moments(codes[:1], code_dim=1024)


def test_patterns_at_inverts_the_error_bound() -> None:
    count = patterns_at(30.0, 0.4, error=0.02)
    assert error_bound(30.0, 0.4, int(count)) == pytest.approx(0.02, rel=1e-3)


def test_neighbours_see_other_memories_of_their_group_only() -> None:
    unit = torch.eye(4)[[0, 0, 1, 0]]
    owners = torch.tensor([1, 1, 2, 3])
    same = neighbours(unit, owners, torch.zeros(4, dtype=torch.int64), beta=20.0)
    assert same.nearest.tolist() == [3, 3, 0, 0]
    assert same.similarity.tolist() == [1.0, 1.0, 0.0, 1.0]
    assert same.leak[0].item() == pytest.approx(1 / 3, abs=1e-6)
    apart = neighbours(unit, owners, torch.tensor([0, 0, 0, 1]), beta=20.0)
    assert apart.nearest.tolist() == [2, 2, 0, -1]
    assert apart.margin.tolist() == [1.0, 1.0, 1.0, 2.0]
    assert apart.leak[3].item() == 0.0
