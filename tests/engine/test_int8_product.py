"""The 8-bit product, and the plain one that stands in for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from engine_reference import hard_vectors
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from nuonuo_memory.engine.vectors import int8_product
from nuonuo_memory.engine.vectors.cue_index import CueIndex
from nuonuo_memory.engine.vectors.search import nearest


@pytest.fixture
def untried() -> Iterator[None]:
    """Forget what was found out about the private product, before and after."""
    int8_product._is_exact.cache_clear()
    yield
    int8_product._is_exact.cache_clear()


def int8(rows: int, columns: int, seed: int) -> Tensor:
    made = torch.Generator().manual_seed(seed)
    return torch.randint(-128, 128, (rows, columns), generator=made).to(torch.int8)


@given(st.integers(1, 40), st.integers(16, 200), st.integers(1, 8), st.integers(0, 99))
def test_both_products_are_the_sums_of_whole_numbers(n: int, d: int, m: int, seed: int) -> None:
    left, right = int8(n, d, seed), int8(d, 2 * m, seed + 1)
    want = (left.long()[:, :, None] * right.long()[None]).sum(1).int()
    assert torch.equal(int8_product.int8_product(left, right), want)
    assert torch.equal(int8_product.plain_product(left, right), want)


def absent(*_: Tensor) -> Tensor:
    raise AttributeError("torch has no such function")


def unsupported(*_: Tensor) -> Tensor:
    raise RuntimeError("not implemented for this processor")


def saturating(left: Tensor, right: Tensor) -> Tensor:
    """What a processor gives that adds pairs of products in 16 bits."""
    pairs = left.int()[:, :, None] * right.int()[None]
    return pairs.unflatten(1, (-1, 2)).sum(2).clamp(-32768, 32767).sum(1).int()


@pytest.mark.usefixtures("untried")
@pytest.mark.parametrize("broken", [absent, unsupported, saturating])
def test_a_search_without_the_private_product_gives_the_same_bits(
    broken: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    cue_index = CueIndex(64)
    ids = torch.arange(3000)
    cue_index.add(ids, hard_vectors("normal", 3000, 64, 1), memory_ids=ids // 3, group=0)
    queries = hard_vectors("normal", 3, 64, 7)
    want = nearest(cue_index, queries, groups=[[0]] * 3, k=20)
    int8_product._is_exact.cache_clear()
    monkeypatch.setattr(torch, "_int_mm", broken)
    found = nearest(cue_index, queries, groups=[[0]] * 3, k=20)
    assert not int8_product._is_exact("cpu")
    assert all(torch.equal(mine, theirs) for mine, theirs in zip(found, want, strict=True))


@pytest.mark.usefixtures("untried")
def test_the_private_product_is_tried_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0
    real = torch._int_mm

    def counted(left: Tensor, right: Tensor) -> Tensor:
        nonlocal asked
        asked += 1
        return real(left, right)

    monkeypatch.setattr(torch, "_int_mm", counted)
    for _ in range(3):
        int8_product.int8_product(int8(4, 32, 0), int8(32, 2, 1))
    assert asked == 3 + len(int8_product._TRIED)
