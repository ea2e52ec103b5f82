"""What stands beside a figure, against plain sampling."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nuonuo_memory.evaluation.spread import auroc_error, between, standard_error


def test_standard_error_is_the_bootstraps_deviation() -> None:
    chance = np.random.default_rng(1)
    values = (chance.random(50) < 0.3).astype(float)
    samples = values[chance.integers(50, size=(20_000, 50))].mean(1)
    assert standard_error(values.tolist()) == pytest.approx(100 * samples.std(), rel=0.02)
    assert math.isnan(standard_error([]))
    assert standard_error([1.0, 1.0]) == 0.0


def test_auroc_error_needs_both_kinds() -> None:
    assert math.isnan(auroc_error([0.1, 0.2], [True, True]))
    chance = np.random.default_rng(1)
    right = chance.random(200) < 0.5
    error = auroc_error(chance.normal(size=200) + right, right)
    assert 0.02 < error < 0.06


def test_between_keeps_the_nesting() -> None:
    parts = [
        {"turn": {"recall@5": 70.0}, "questions": 3, "auroc": math.nan},
        {"turn": {"recall@5": 80.0}, "questions": 5, "auroc": 0.5, "only here": 1.0},
    ]
    found = between(parts)
    assert found["turn"]["recall@5"] == pytest.approx(7.07)
    assert "questions" not in found
    assert math.isnan(found["auroc"])
    assert math.isnan(found["only here"])
