"""Pattern separation: exact, deterministic, and as separating as the theory says."""

from __future__ import annotations

import hashlib

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nuonuo_memory.errors import InvalidInputError, VectorError
from nuonuo_memory.research.crosstalk import as_dense, overlaps
from nuonuo_memory.research.separation import (
    PatternSeparator,
    exact_scores,
    expected_overlap,
    integer_gaussian,
    overlap,
    winner_take_all,
)

DEVICES = [
    "cpu",
    pytest.param(
        "cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
    ),
]


def unit(n: int, d: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.nn.functional.normalize(torch.randn(n, d, generator=generator), dim=1)


def test_same_codes_on_every_machine() -> None:
    codes = PatternSeparator(384).codes(torch.eye(384)[:20] - 0.01)
    digest = hashlib.sha256(repr(codes.tolist()).encode()).hexdigest()
    assert digest[:16] == "897c2d3bd54962dd"


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.float64])
def test_batch_of_one_equals_batch_of_many(device: str, dtype: torch.dtype) -> None:
    vectors = unit(40, 96).to(dtype)
    separator = PatternSeparator(96, code_dim=2048, winners=20, device=device)
    together = separator.codes(vectors.to(device))
    alone = torch.cat([separator.codes(row[None].to(device)) for row in vectors])
    reference = PatternSeparator(96, code_dim=2048, winners=20).codes(vectors)
    assert torch.equal(together, alone)
    assert torch.equal(together.cpu(), reference)
    assert together.dtype == torch.int32


@pytest.mark.parametrize("dimension", [3, 384, 1024, 1536])
def test_scores_are_the_exact_products(dimension: int) -> None:
    vectors = unit(4, dimension)
    projection = integer_gaussian(256, dimension, seed=0)
    largest = vectors.double().abs().amax(dim=1, keepdim=True)
    steps = torch.round(vectors.double() / largest * 8191)
    assert torch.equal(exact_scores(vectors, projection).double(), steps @ projection.double().T)


def test_projection_is_gaussian() -> None:
    sample = integer_gaussian(1000, 500, seed=3).double() / 32
    assert abs(float(sample.mean())) < 0.005
    assert abs(float(sample.std()) - 1) < 0.005
    assert abs(float((sample**4).mean() / sample.var() ** 2) - 2.9) < 0.05
    assert abs(float((sample[0] * sample[1]).mean())) < 0.1


def test_seed_and_scale() -> None:
    vectors = unit(5, 64)
    first = PatternSeparator(64, code_dim=1024, winners=16, seed=1)
    assert not torch.equal(
        first.codes(vectors), PatternSeparator(64, code_dim=1024, winners=16, seed=2).codes(vectors)
    )
    assert torch.equal(first.codes(vectors), first.codes(vectors * 8))


@pytest.mark.parametrize("cosine", [0.0, 0.5, 0.68, 0.9])
def test_overlap_follows_theory(cosine: float) -> None:
    a = unit(100, 384, seed=1)
    noise = unit(100, 384, seed=2)
    noise = torch.nn.functional.normalize(noise - (noise * a).sum(1, keepdim=True) * a, dim=1)
    b = cosine * a + (1 - cosine**2) ** 0.5 * noise
    separator = PatternSeparator(384)
    measured = overlap(separator.codes(a), separator.codes(b)).double().mean() / 50
    assert abs(float(measured) - expected_overlap(cosine)) < 0.03


@given(
    st.lists(st.lists(st.integers(-3, 3), min_size=12, max_size=12), min_size=1, max_size=4),
    st.integers(1, 12),
    st.sampled_from([torch.int32, torch.int64, torch.float32, torch.float16]),
)
@settings(max_examples=60, deadline=None)
def test_ties_go_to_the_lowest_index(
    rows: list[list[int]], winners: int, dtype: torch.dtype
) -> None:
    expected = [sorted(sorted(range(12), key=lambda i: (-row[i], i))[:winners]) for row in rows]
    assert winner_take_all(torch.tensor(rows, dtype=dtype), winners).tolist() == expected


def test_negative_zero_ties_with_zero() -> None:
    assert winner_take_all(torch.tensor([[-0.0, 0.0, -1.0]]), 1).tolist() == [[0]]


def test_overlaps_agree_with_dense_codes() -> None:
    codes = PatternSeparator(32, code_dim=512, winners=12).codes(unit(30, 32))
    ones = as_dense(codes, code_dim=512)
    assert torch.equal(overlaps(codes, codes, code_dim=512), (ones @ ones.T).int())
    assert torch.equal(overlap(codes, codes), torch.full((30,), 12))


def test_refuses_what_it_cannot_code() -> None:
    separator = PatternSeparator(8, code_dim=64, winners=4)
    with pytest.raises(VectorError, match=r"\[n, 8\]"):
        separator.codes(torch.zeros(2, 9))
    with pytest.raises(VectorError, match="finite"):
        separator.codes(torch.full((1, 8), float("nan")))
    with pytest.raises(InvalidInputError, match="winners"):
        PatternSeparator(8, code_dim=4, winners=5)
    assert separator.codes(torch.zeros(0, 8)).shape == (0, 4)
    assert separator.codes(torch.zeros(1, 8)).tolist() == [[0, 1, 2, 3]]
