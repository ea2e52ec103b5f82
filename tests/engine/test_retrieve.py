"""Retrieval: the same answer alone, in a batch, after any history and on any device."""

from __future__ import annotations

import pytest
import torch
from engine_reference import KINDS, hard_vectors

from nuonuo_memory.config import HopfieldConfig
from nuonuo_memory.engine.hopfield.attention import Retrieved
from nuonuo_memory.engine.retrieve import retrieve
from nuonuo_memory.engine.vectors.cue_index import CueIndex

CONFIG = HopfieldConfig(candidates=32, beta=10.0, max_steps=3)


def index_of(kind: str, device: str, rows: int = 900) -> CueIndex:
    cue_index = CueIndex(24, device=device)
    vectors = torch.nn.functional.normalize(hard_vectors(kind, rows, 24, 1), dim=1)
    ids = torch.arange(rows)
    for part in ids.split(250):
        cue_index.add(part, vectors[part], memory_ids=part // 4, group=int(part[0]) % 3)
    return cue_index


def same(one: Retrieved, other: Retrieved, row: int, *, exact: bool) -> None:
    assert torch.equal(one.memory_ids[0].cpu(), other.memory_ids[row].cpu())
    assert torch.equal(one.cue_ids[0].cpu(), other.cue_ids[row].cpu())
    for name in ("scores", "similarity", "energy", "entropy", "margin", "state"):
        mine, theirs = getattr(one, name)[0].cpu(), getattr(other, name)[row].cpu()
        assert torch.allclose(mine, theirs, rtol=0, atol=1e-12 if exact else 1e-8), name


@pytest.mark.parametrize("kind", KINDS)
def test_alone_or_in_a_batch(kind: str, device: str) -> None:
    cue_index = index_of(kind, device)
    queries = hard_vectors("normal", 21, 24, 9)
    groups = [[[0], [1], [0, 2], [0, 1, 2], []][row % 5] for row in range(21)]
    together = retrieve(cue_index, queries, groups=groups, k=7, config=CONFIG)
    for row in range(21):
        alone = retrieve(
            cue_index, queries[row : row + 1], groups=[groups[row]], k=7, config=CONFIG
        )
        same(alone, together, row, exact=True)


@pytest.mark.parametrize("kind", KINDS)
def test_same_on_the_cpu(kind: str, device: str) -> None:
    queries = hard_vectors("normal", 5, 24, 9)
    groups = [[0, 1, 2]] * 5
    here = retrieve(index_of(kind, device), queries, groups=groups, k=7, config=CONFIG)
    there = retrieve(index_of(kind, "cpu"), queries, groups=groups, k=7, config=CONFIG)
    assert torch.equal(here.memory_ids.cpu(), there.memory_ids)
    assert torch.equal(here.cue_ids.cpu(), there.cue_ids)
    assert torch.allclose(here.scores.cpu(), there.scores, atol=1e-8)
    assert torch.allclose(here.energy.cpu(), there.energy, atol=1e-8)


def test_forgetting_is_as_if_never_learned(device: str) -> None:
    cue_index, fresh = index_of("normal", device), index_of("normal", device)
    before = retrieve(fresh, torch.ones(1, 24), groups=[[0, 1, 2]], k=5, config=CONFIG)
    extra = torch.arange(5000, 5100)
    cue_index.add(extra, torch.ones(100, 24), memory_ids=extra, group=1)
    assert (
        int(retrieve(cue_index, torch.ones(1, 24), groups=[[1]], k=1, config=CONFIG).memory_ids)
        == 5000
    )
    cue_index.remove(extra)
    after = retrieve(cue_index, torch.ones(1, 24), groups=[[0, 1, 2]], k=5, config=CONFIG)
    same(after, before, 0, exact=True)
    assert cue_index.fingerprint() == fresh.fingerprint()


def test_many_cues_vote_for_one_memory() -> None:
    cue_index = CueIndex(2)
    vectors = torch.tensor([[1.0, 0.0], [0.99, 0.141], [0.98, 0.199]])
    cue_index.add(torch.arange(3), vectors, memory_ids=torch.tensor([1, 2, 2]), group=0)
    found = retrieve(cue_index, torch.tensor([[1.0, 0.0]]), groups=[[0]], k=2, config=CONFIG)
    assert found.memory_ids.tolist() == [[2, 1]]
    assert found.cue_ids.tolist() == [[1, 0]]
    assert float(found.scores.sum()) == pytest.approx(1.0)
    assert float(found.margin) == pytest.approx(float(found.scores[0, 0] - found.scores[0, 1]))


def test_widens_until_k_memories_are_found() -> None:
    cue_index = CueIndex(8)
    vectors = hard_vectors("normal", 400, 8, 1)
    vectors[:300] = torch.ones(8) + vectors[:300] * 0.01
    memory_ids = torch.cat([torch.zeros(300, dtype=torch.int64), torch.arange(1, 101)])
    cue_index.add(torch.arange(400), vectors, memory_ids=memory_ids, group=0)
    found = retrieve(cue_index, torch.ones(2, 8), groups=[[0], [9]], k=5, config=CONFIG)
    assert (found.memory_ids[0] >= 0).all()
    assert (found.memory_ids[1] == -1).all()
    assert (found.scores[1] == 0).all()


def test_allowed_memories_only() -> None:
    cue_index = index_of("normal", "cpu")
    allowed = torch.arange(0, 225, 5)
    queries = hard_vectors("normal", 3, 24, 2)
    found = retrieve(
        cue_index, queries, groups=[[0, 1, 2]] * 3, k=6, config=CONFIG, allowed=allowed
    )
    assert (found.memory_ids % 5 == 0).all()
