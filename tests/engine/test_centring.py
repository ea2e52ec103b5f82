"""Similarities on one scale for every encoder: the mean off both sides, made unit again."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nuonuo_memory.engine.vectors.centring import (
    BACKGROUND_CUES,
    SEPARATION,
    SMALLEST_SEPARATION,
    USUAL_SEPARATION,
    Centre,
    centre_of,
    centred,
    offsets,
    scale_of,
)
from nuonuo_memory.engine.vectors.cue_index import CueIndex
from nuonuo_memory.engine.vectors.search import nearest, similarities

SCALE = scale_of(None)
DIMENSION = 32
CUES = 600
WIDE = 384


def unit(vectors: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.normalize(vectors, dim=-1)


def normal(rows: int, seed: int, dimension: int = DIMENSION) -> torch.Tensor:
    return torch.randn(rows, dimension, generator=torch.Generator().manual_seed(seed))


def wide(rows: int, seed: int) -> torch.Tensor:
    """Of the size that encoders have, where lengths differ little."""
    return normal(rows, seed, WIDE)


def filled(vectors: torch.Tensor, device: str = "cpu") -> CueIndex:
    index, ids = CueIndex(vectors.shape[1], device=device), torch.arange(len(vectors))
    index.add(ids, vectors, memory_ids=ids, group=0)
    return index


def scores(index: CueIndex, query: torch.Tensor, background: torch.Tensor) -> torch.Tensor:
    """Similarities of a query [d] to all cues as recall takes them, float64."""
    centre = centre_of(index, [0], background, scale=SCALE)
    less = centred(query[None], centre)
    ids = torch.arange(index.total([0])[1])
    found = similarities(index, less.to(torch.float32), ids).cpu()
    return found - offsets(less, centre)


def test_it_is_the_cosine_without_the_mean_but_for_the_lengths(device: str) -> None:
    vectors = unit(normal(CUES, 1) + 2.0)
    background = unit(normal(50, 2) + 2.0).double().mean(0)
    found = scores(filled(vectors, device), vectors[7], background)
    total = vectors.double().sum(0) + BACKGROUND_CUES * background
    mean = total / (CUES + BACKGROUND_CUES)
    rows = vectors.double() - mean
    expected = SCALE * rows @ rows[7] / (rows[7].norm() * (1 - mean @ mean).sqrt())
    assert found.tolist() == pytest.approx(expected.tolist(), abs=2e-3)
    assert float(found.mean()) == pytest.approx(0.0, abs=0.1)
    assert int(found.argmax()) == 7


def test_without_cues_or_background_it_is_the_cosine() -> None:
    centre = centre_of(CueIndex(DIMENSION), [0], torch.zeros(DIMENSION), scale=SCALE)
    query = unit(normal(1, 3))
    assert centre.spread == 1.0
    assert centred(query, centre).tolist()[0] == pytest.approx((SCALE * query[0]).tolist())
    assert float(offsets(centred(query, centre), centre)[0]) == 0.0


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 50))
def test_a_rotation_of_all_vectors_changes_nothing(seed: int) -> None:
    vectors, background = unit(normal(100, seed) + 0.5), unit(normal(30, seed + 1)).double().mean(0)
    turn, _ = torch.linalg.qr(normal(DIMENSION, seed + 2).double())
    query = vectors[3]
    turned = scores(
        filled((vectors.double() @ turn).float()),
        (query.double() @ turn).float(),
        background @ turn,
    )
    plain = scores(filled(vectors), query, background)
    assert turned.tolist() == pytest.approx(plain.tolist(), abs=5e-3)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 50), st.floats(0.0, 1.0))
def test_a_constant_added_to_all_vectors_leaves_nine_of_the_first_ten(
    seed: int, length: float
) -> None:
    """On the mean of twenty questions."""
    vectors, around = unit(wide(CUES, seed)), unit(wide(60, seed + 1))
    shift = length * unit(wide(1, seed + 2))
    plain, moved = filled(vectors), filled(unit(vectors + shift))
    backgrounds = [one.double().mean(0) for one in (around, unit(around + shift))]
    kept = []
    for query in unit(vectors[:20] + 0.5 * wide(20, seed + 3) / WIDE**0.5):
        before = scores(plain, query, backgrounds[0]).topk(10).indices.tolist()
        after = scores(moved, unit(query + shift[0]), backgrounds[1]).topk(10).indices.tolist()
        kept.append(len(set(before) & set(after)))
    assert sum(kept) / len(kept) >= 9


def test_a_vague_cue_loses_to_a_telling_one() -> None:
    """What all cues share tells none from another."""
    shared = torch.zeros(DIMENSION)
    shared[0] = 1.0
    cues = unit(0.2 * normal(2000, 3) + shared)
    telling, vague = cues[0].clone(), shared
    index = filled(torch.cat([cues, vague[None]]))
    query = unit(telling + 2 * shared)
    found = scores(index, query, torch.zeros(DIMENSION))
    raw = similarities(index, query[None], torch.arange(2001))
    assert raw[2000] > raw[0]
    assert found[0] > found[2000]


def test_the_nearest_by_it_are_found_exactly() -> None:
    vectors = unit(normal(CUES, 11) + 1.5)
    index, background = filled(vectors), torch.zeros(DIMENSION)
    query = vectors[17]
    less = centred(query[None], centre_of(index, [0], background, scale=SCALE)).to(torch.float32)
    found = nearest(index, less, groups=[[0]], k=10)
    assert found.cue_ids[0].tolist() == scores(index, query, background).topk(10).indices.tolist()


def test_a_spread_is_never_nothing() -> None:
    same = unit(torch.ones(CUES, DIMENSION))
    centre = centre_of(filled(same), [0], same[0].double(), scale=SCALE)
    assert isinstance(centre, Centre)
    assert 0 < centre.spread < 0.1
    assert torch.isfinite(centred(same[:1], centre)).all()


def test_the_scale_makes_answers_stand_out_alike() -> None:
    for separation in (SMALLEST_SEPARATION, 0.28, USUAL_SEPARATION, 0.6):
        assert scale_of(separation) * separation == pytest.approx(SEPARATION)


def test_who_hardly_tells_an_answer_is_not_believed_the_more() -> None:
    assert scale_of(0.05) == scale_of(-0.1) == scale_of(None) == scale_of(USUAL_SEPARATION)
