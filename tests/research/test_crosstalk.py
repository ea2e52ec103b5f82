"""How many pairs a Hebbian matrix holds, against what is measured."""

from __future__ import annotations

import pytest
import torch

from nuonuo_memory.errors import InvalidInputError
from nuonuo_memory.research.crosstalk import hebbian_capacity, shared_moments
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
