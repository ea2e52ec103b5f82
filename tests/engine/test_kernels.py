"""The GPU's kernels against the plain path, in every way that they are launched."""

from __future__ import annotations

import pytest
import torch
from engine_reference import KINDS, hard_vectors

from nuonuo_memory.config import HopfieldConfig
from nuonuo_memory.engine.hopfield.attention import Retrieved, retrieve_plainly
from nuonuo_memory.engine.retrieve import retrieve
from nuonuo_memory.engine.vectors.cue_index import CueIndex

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
CONFIG = HopfieldConfig(candidates=16, beta=10.0, max_steps=3)
_CLOSE = 1e-7
"""The plain path rounds states to 28 bits, and these queries are eight times as long as unit
vectors: against sums without rounding, three updates at this beta take it off by up to 1.2e-8."""


def check(
    cue_index: CueIndex,
    queries: torch.Tensor,
    groups: list[list[int]],
    config: HopfieldConfig = CONFIG,
) -> None:
    queries = queries.cuda()
    got = retrieve(cue_index, queries, groups=groups, k=5, config=config)
    want = retrieve_plainly(cue_index, queries, groups=groups, k=5, config=config, allowed=None)
    for name in Retrieved._fields:
        mine, theirs = getattr(got, name), getattr(want, name)
        if mine.dtype == torch.int64:
            assert torch.equal(mine, theirs), name
        else:
            assert torch.allclose(mine, theirs, rtol=0, atol=_CLOSE), name


def index_of(kind: str, rows: int, groups: int = 1) -> CueIndex:
    pytest.importorskip("triton", reason="no Triton here")
    cue_index = CueIndex(64, device="cuda")
    vectors = torch.nn.functional.normalize(hard_vectors(kind, rows, 64, 1), dim=1)
    for number, part in enumerate(torch.arange(rows).split(-(-rows // (3 * groups)))):
        cue_index.add(part, vectors[part], memory_ids=part // 3, group=number % groups)
    return cue_index


@pytest.mark.parametrize("batch", [1, 3, 40, 70])
@pytest.mark.parametrize("kind", KINDS)
def test_batches_over_the_same_groups(kind: str, batch: int) -> None:
    cue_index = index_of(kind, 3000, 2)
    check(cue_index, hard_vectors("normal", batch, 64, 7), [[0, 1]] * batch)


@pytest.mark.parametrize("candidates", [64, 100, 128])
@pytest.mark.parametrize("batch", [1, 40, 70])
def test_any_number_of_candidates(candidates: int, batch: int) -> None:
    cue_index = index_of("mixed lengths", 3000)
    config = HopfieldConfig(candidates=candidates, beta=10.0, max_steps=3)
    check(cue_index, hard_vectors("normal", batch, 64, 7), [[0]] * batch, config)


def test_each_query_has_its_own_groups() -> None:
    cue_index = index_of("normal", 20_000, 50)
    groups = [[number % 50, (number * 7) % 50] for number in range(60)]
    groups[7], groups[31] = [], [99]
    check(cue_index, hard_vectors("normal", 60, 64, 7), groups)


@pytest.mark.parametrize("kind", ["normal", "duplicates", "mixed lengths"])
def test_the_batch_kernel(kind: str) -> None:
    cue_index = index_of(kind, 60_000)
    check(cue_index, hard_vectors("normal", 130, 64, 7), [[0]] * 130)


def test_graphs_follow_the_index() -> None:
    cue_index = index_of("normal", 3000)
    queries = hard_vectors("normal", 2, 64, 7)
    for first in range(5000, 5400, 100):
        check(cue_index, queries, [[0], [0]])
        ids = torch.arange(first, first + 100)
        vectors = torch.nn.functional.normalize(hard_vectors("normal", 100, 64, first), dim=1)
        cue_index.add(ids, vectors, memory_ids=ids, group=0)
        check(cue_index, queries, [[0], [0]])
        cue_index.remove(ids[:50])
    check(cue_index, queries, [[0], [0]])
