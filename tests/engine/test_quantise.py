"""Two-plane rows: what they keep, and that the stated error is a true bound."""

from __future__ import annotations

import pytest
import torch
from engine_reference import KINDS, hard_vectors
from hypothesis import given, settings
from hypothesis import strategies as st

from nuonuo_memory.engine.vectors.quantise import (
    check_vectors,
    code_digits,
    dequantise,
    encode_queries,
    first_pass_queries,
    fixed_point,
    quantise,
)
from nuonuo_memory.errors import VectorError


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("kind", KINDS)
def test_rows_come_back_to_16_bits(kind: str, dtype: torch.dtype) -> None:
    vectors = hard_vectors(kind, 50, 37, seed=1).to(dtype)
    planes = quantise(vectors)
    back = dequantise(planes.coarse, planes.residual, planes.scale)
    peak = vectors.float().abs().amax(1, keepdim=True)
    assert ((back - vectors.float()).abs() <= peak * (0.501 / 32639) + 1e-44).all()


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    query_kind=st.sampled_from(KINDS),
    dimension=st.sampled_from([1, 2, 7, 64, 384, 1536]),
    seed=st.integers(0, 10_000),
)
def test_error_bounds_the_first_pass(kind: str, query_kind: str, dimension: int, seed: int) -> None:
    planes = quantise(hard_vectors(kind, 40, dimension, seed))
    queries = hard_vectors(query_kind, 5, dimension, seed + 1)
    coded, factor = first_pass_queries(queries)
    products = planes.coarse.float() @ coded.float()
    first = (products[:, :5] * 256 + products[:, 5:]) * planes.scale[:, None] * factor
    rows = fixed_point(planes.coarse, planes.residual).double() * planes.scale.double()[:, None]
    unit = queries.double() / queries.double().norm(dim=1, keepdim=True).clamp(min=1e-300)
    assert ((first.double() - rows @ unit.T).abs() <= planes.error[:, None]).all()


def test_sums_with_queries_are_exact_in_any_order() -> None:
    for dimension in (3, 384, 1536, 4096):
        planes = quantise(hard_vectors("normal", 20, dimension, 5))
        rows = fixed_point(planes.coarse, planes.residual).double()
        codes = encode_queries(hard_vectors("one huge", 4, dimension, 6))
        once = rows @ codes.code.T
        shuffled = torch.randperm(dimension)
        again = (rows[:, None, shuffled] * codes.code[None, :, shuffled]).sum(2)
        assert torch.equal(once, again)


@pytest.mark.parametrize("kind", KINDS)
def test_digits_of_a_query_add_up_to_its_code(kind: str) -> None:
    for dimension in (1, 384, 8192):
        code = encode_queries(hard_vectors(kind, 5, dimension, 8)).code
        digits = code_digits(code).view(dimension, 4, 5)
        weights = 256.0 ** torch.arange(4, dtype=torch.float64)
        assert torch.equal(torch.einsum("djn,j->nd", digits.double(), weights), code)


def test_queries_keep_float32_precision() -> None:
    queries = hard_vectors("normal", 8, 384, 3)
    codes = encode_queries(queries)
    assert torch.allclose(codes.code * codes.unit[:, None], queries.double(), rtol=0, atol=2e-8)


@pytest.mark.parametrize(
    ("vectors", "says"),
    [
        (torch.zeros(3), "shape"),
        (torch.zeros(3, 5), "encoder"),
        (torch.zeros(3, 4, dtype=torch.int32), "float32"),
        (torch.tensor([[0.0, 1.0, 2.0, float("nan")]]), "row 0"),
        (torch.tensor([[0.0, 1, 2, 3], [0, 0, 0, float("inf")]]), "row 1"),
        (torch.full((1, 4), 1e20), "finite"),
        ([[0.0] * 4], "Tensor"),
    ],
)
def test_wrong_vectors_are_refused(vectors: torch.Tensor, says: str) -> None:
    with pytest.raises(VectorError, match=says):
        check_vectors(vectors, 4)


def test_no_rows() -> None:
    assert quantise(torch.zeros(0, 4)).coarse.shape == (0, 4)
