"""One distribution ranks and answers: softmax of the evidence, and all that is read off it."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuonuo_memory import TextMemory
from nuonuo_memory.encoders.base import HashingEncoder
from nuonuo_memory.recall import rank
from nuonuo_memory.recall.rank import distribution
from nuonuo_memory.recall.results import score_of

EVIDENCE = st.lists(st.floats(-1.0, 3.0), min_size=1, max_size=40)
FACTS = [
    "Ada keeps bees on the roof.",
    "The red kettle stands on the windowsill.",
    "Tobias deploys the billing service on Fridays.",
    "Lunch is at noon.",
    "The tent leaks at the seam.",
    "Ingrid approves every deployment.",
    "Roses need water every morning.",
]


@given(EVIDENCE, st.floats(1.0, 60.0))
def test_it_is_the_softmax_of_the_evidence(evidence: list[float], beta: float) -> None:
    found = distribution(np.array(evidence), beta=beta)
    z = [beta * one for one in evidence]
    peak = max(z)
    total = math.fsum(math.exp(one - peak) for one in z)
    expected = [math.exp(one - peak) / total for one in z]
    assert found.probability == pytest.approx(expected)
    assert found.energy == pytest.approx(-(peak + math.log(total)))
    entropy = -math.fsum(p * math.log(p) for p in expected if p > 0)
    assert found.entropy == pytest.approx(entropy, abs=1e-9)
    best = sorted(expected, reverse=True)
    assert found.margin == pytest.approx(best[0] - (best[1] if len(best) > 1 else 0.0), abs=1e-12)


def test_nothing_found_is_no_evidence() -> None:
    found = distribution(np.zeros(0), beta=35.0)
    assert (found.energy, found.entropy, found.margin) == (math.inf, 0.0, 0.0)


@given(st.floats(-2.0, 4.0), st.floats(-2.0, 4.0))
def test_a_score_is_a_rising_map_into_the_unit_interval(one: float, other: float) -> None:
    assert 0.0 <= score_of(one) <= 1.0
    if one < other:
        assert score_of(one) <= score_of(other)


@pytest.mark.parametrize("hops", [0, 3])
def test_scores_fall_along_the_hits_and_do_not_depend_on_rivals(hops: int) -> None:
    with TextMemory.in_memory(encoder=HashingEncoder()) as memory:
        memory.remember_many(FACTS)
        found = memory.recall("Who keeps bees on the roof?", k=5, hops=hops)
        scores = [hit.score for hit in found]
        assert scores == sorted(scores, reverse=True)
        assert all(0.0 <= score <= 1.0 for score in scores)
        fewer = memory.recall("Who keeps bees on the roof?", k=2, hops=hops)
        assert [hit.score for hit in fewer] == scores[:2]


@pytest.mark.parametrize("hops", [0, 3])
def test_noise_in_place_of_the_distribution_is_seen(
    monkeypatch: pytest.MonkeyPatch, hops: int
) -> None:
    """Energy, entropy, margin, confidence and order come from it, and from nothing beside it."""
    question = "Who keeps bees on the roof?"
    with TextMemory.in_memory(encoder=HashingEncoder()) as memory:
        memory.remember_many(FACTS)
        true = memory.recall(question, k=7, hops=hops)

        def noise(evidence: np.ndarray, *, beta: float) -> rank.Distribution:
            real = distribution(evidence, beta=beta)
            random = np.random.default_rng(0).dirichlet(np.ones(len(evidence)))
            return replace(
                real, probability=random[np.argsort(random)], energy=0.5, entropy=0.25, margin=0.125
            )

        monkeypatch.setattr(rank, "distribution", noise)
        noisy = memory.recall(question, k=7, hops=hops)
    assert (noisy.energy, noisy.entropy, noisy.margin) == (0.5, 0.25, 0.125)
    assert noisy.confidence != true.confidence


@pytest.mark.parametrize("hops", [0, 3])
def test_results_are_json(hops: int) -> None:
    with TextMemory.in_memory(encoder=HashingEncoder()) as memory:
        memory.remember_many(FACTS)
        found = memory.recall("Who approves what Tobias deploys?", hops=hops).to_dict()
        assert json.loads(json.dumps(found, allow_nan=False)) == found
        assert set(found["hits"][0]) >= {"id", "text", "score", "similarity", "cue", "path", "at"}
        empty = memory.recall("x", namespace="nobody", hops=hops).to_dict()
        assert json.dumps(empty, allow_nan=False)
        assert empty["energy"] is None
