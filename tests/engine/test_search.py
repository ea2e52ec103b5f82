"""The certified search against a plain one."""

from __future__ import annotations

import pytest
import torch
from engine_reference import KINDS, exact_nearest, hard_vectors
from hypothesis import given, settings
from hypothesis import strategies as st

from nuonuo_memory.engine.vectors import search as nearest_module
from nuonuo_memory.engine.vectors.cue_index import CueIndex
from nuonuo_memory.engine.vectors.pooling import cue_evidence
from nuonuo_memory.engine.vectors.search import Candidates, cue_similarities, nearest
from nuonuo_memory.errors import InvalidInputError, VectorError


def check(found: Candidates, row: int, wanted: list[tuple[int, int, float]]) -> None:
    count = len(wanted)
    assert found.cue_ids[row, :count].tolist() == [cue for cue, _, _ in wanted]
    assert found.memory_ids[row, :count].tolist() == [memory for _, memory, _ in wanted]
    scale = max([abs(dot) for _, _, dot in wanted], default=0.0)
    for got, (_, _, dot) in zip(found.similarity[row, :count].tolist(), wanted, strict=True):
        assert got == pytest.approx(dot, rel=1e-6, abs=1e-6 * scale + 1e-12)
    assert (found.cue_ids[row, count:] == -1).all()
    assert (found.similarity[row, count:] == -torch.inf).all()


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    rows=st.integers(1, 300),
    dimension=st.sampled_from([1, 3, 16, 50]),
    k=st.integers(1, 20),
    batch=st.integers(1, 10),
    dtype=st.sampled_from([torch.float32, torch.float16, torch.bfloat16]),
    restrict=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_same_as_the_plain_search(
    kind: str,
    rows: int,
    dimension: int,
    k: int,
    batch: int,
    dtype: torch.dtype,
    restrict: bool,
    seed: int,
) -> None:
    made = torch.Generator().manual_seed(seed)
    cue_index = CueIndex(dimension)
    vectors = hard_vectors(kind, rows, dimension, seed).to(dtype)
    cue_ids = torch.randperm(rows, generator=made)
    memory_ids = torch.randint(0, rows, (rows,), generator=made)
    group_of = torch.randint(0, 3, (rows,), generator=made)
    for group in range(3):
        mine = group_of == group
        for part in mine.nonzero()[:, 0].split(37):
            cue_index.add(cue_ids[part], vectors[part], memory_ids=memory_ids[part], group=group)
    queries = hard_vectors(kind, batch, dimension, seed + 1)
    choices = [[0], [1], [2, 0], [], [0, 1, 2], [5], [1, 1]]
    groups = [choices[(seed + row) % 7] for row in range(batch)]
    allowed = torch.arange(0, rows, 3) if restrict else None
    found = nearest(cue_index, queries, groups=groups, k=k, allowed=allowed)
    for row in range(batch):
        cues = [
            (int(cue), int(memory))
            for cue, memory, group in zip(cue_ids, memory_ids, group_of, strict=True)
            if int(group) in groups[row] and (not restrict or int(memory) % 3 == 0)
        ]
        check(found, row, exact_nearest(cue_index, cues, queries[row], k))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_many_rows_on_each_device(device: str, dtype: torch.dtype) -> None:
    vectors = hard_vectors("normal", 20_000, 64, 4).to(dtype)
    cue_index = CueIndex(64, device=device)
    ids = torch.arange(20_000)
    cue_index.add(ids[:15_000], vectors[:15_000], memory_ids=ids[:15_000] // 3, group=1)
    cue_index.add(ids[15_000:], vectors[15_000:], memory_ids=ids[15_000:] // 3, group=1)
    queries = hard_vectors("normal", 33, 64, 5)
    found = nearest(cue_index, queries, groups=[[1]] * 33, k=50)
    exact = queries.double() @ cue_index.vectors(ids).double().cpu().T
    wanted = exact.topk(50)
    assert torch.equal(found.cue_ids.cpu(), wanted.indices)
    assert torch.allclose(found.similarity.cpu(), wanted.values, rtol=1e-6, atol=1e-7)
    rows = found.codes.cpu().double() * found.scale.cpu().double()[..., None]
    assert torch.allclose(
        rows.float(), cue_index.vectors(found.cue_ids.view(-1)).cpu().view(33, 50, 64)
    )
    alone = nearest(cue_index, queries[7:8], groups=[[1]], k=50)
    assert torch.equal(alone.similarity[0], found.similarity[7])
    assert (found.examined < 1000).all()


def test_the_nearest_cue_of_given_memories(device: str) -> None:
    cue_index = CueIndex(16, device=device)
    ids = torch.arange(300)
    vectors = hard_vectors("duplicates", 300, 16, 2)
    cue_index.add(ids, vectors, memory_ids=ids % 40, group=0)
    queries = hard_vectors("normal", 4, 16, 3)
    memories = torch.tensor([[0, 39, 500], [1, 1, 2], [-1, 5, 6], [7, 8, 9]])
    cues, similarity, _ = cue_evidence(cue_index, queries.to(device), memories, beta=30.0)
    for row in range(4):
        for column in range(3):
            memory = int(memories[row, column])
            mine = [(cue, memory) for cue in range(300) if cue % 40 == memory]
            best = exact_nearest(cue_index, mine, queries[row], 1)
            if best:
                assert int(cues[row, column]) == best[0][0]
                assert float(similarity[row, column]) == pytest.approx(best[0][2], rel=1e-6)
            else:
                assert int(cues[row, column]) == -1


def test_nothing_to_find() -> None:
    cue_index = CueIndex(4)
    found = nearest(cue_index, torch.ones(2, 4), groups=[[1], []], k=3)
    assert (found.cue_ids == -1).all()
    assert nearest(cue_index, torch.ones(0, 4), groups=[], k=3).cue_ids.shape == (0, 3)
    cue_index.add(torch.tensor([1]), torch.ones(1, 4), memory_ids=torch.tensor([1]), group=1)
    none = torch.empty(0, dtype=torch.int64)
    assert (
        nearest(cue_index, torch.ones(1, 4), groups=[[1]], k=3, allowed=none).cue_ids == -1
    ).all()


def test_wrong_calls() -> None:
    cue_index = CueIndex(4)
    with pytest.raises(InvalidInputError, match="k must"):
        nearest(cue_index, torch.ones(1, 4), groups=[[1]], k=0)
    with pytest.raises(InvalidInputError, match="groups"):
        nearest(cue_index, torch.ones(2, 4), groups=[[1]], k=1)
    with pytest.raises(VectorError, match="queries"):
        nearest(cue_index, torch.ones(1, 5), groups=[[1]], k=1)


@pytest.mark.parametrize("dimension", [16, 384, 8192])
def test_sums_of_8_bit_products_are_those_in_float64(
    dimension: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    cue_index, ids = CueIndex(dimension), torch.arange(40)
    vectors = torch.cat([hard_vectors("normal", 20, dimension, 1), torch.ones(20, dimension)])
    cue_index.add(ids, vectors, memory_ids=ids // 3, group=0)
    queries = torch.cat([hard_vectors("one huge", 4, dimension, 2), torch.ones(4, dimension)])
    asked = ids[None, :14].repeat(8, 1)
    whole = cue_similarities(cue_index, queries, asked)
    monkeypatch.setattr(nearest_module, "_in_integers", lambda *_: False)
    for ours, plain in zip(whole, cue_similarities(cue_index, queries, asked), strict=True):
        assert torch.equal(ours, plain)
