"""Margins and crosstalk of cues, against what is measured."""

from __future__ import annotations

import pytest
import torch

from nuonuo_memory.engine.hopfield.margins import neighbours, patterns_at
from nuonuo_memory.engine.hopfield.theory import error_bound


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
