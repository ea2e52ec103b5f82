"""Cues spread over several devices against one index."""

from __future__ import annotations

import pytest
import torch
from engine_reference import KINDS, hard_vectors

from nuonuo_memory.config import HopfieldConfig
from nuonuo_memory.engine.retrieve import retrieve
from nuonuo_memory.engine.shards import ShardedCueIndex
from nuonuo_memory.engine.vectors.cue_index import CueIndex
from nuonuo_memory.engine.vectors.search import nearest
from nuonuo_memory.errors import InvalidInputError

CONFIG = HopfieldConfig(candidates=16, beta=10.0, max_steps=3)
GROUPS = [[0], [0, 1], [1], [7], []]


def both(kind: str, shards: int, device: str) -> tuple[CueIndex, ShardedCueIndex]:
    one = CueIndex(32, device=device)
    many = ShardedCueIndex(32, devices=[device] * shards)
    vectors = hard_vectors(kind, 600, 32, 1)
    for group, part in enumerate(torch.arange(600).split(300)):
        for cue_index in (one, many):
            cue_index.add(part, vectors[part], memory_ids=part // 3, group=group)
    gone = torch.arange(0, 200, 7)
    assert one.remove(gone) == many.remove(gone)
    assert one.count() == many.count()
    return one, many


@pytest.mark.parametrize("shards", [1, 2, 5])
@pytest.mark.parametrize("kind", KINDS)
def test_the_same_as_one_arena(kind: str, shards: int, device: str) -> None:
    one, many = both(kind, shards, device)
    queries = hard_vectors("normal", len(GROUPS), 32, 7).to(device)
    for k in (1, 10, 700):
        expected = nearest(one, queries, groups=GROUPS, k=k)
        found = many.nearest(queries, groups=GROUPS, k=k)
        for name in ("cue_ids", "memory_ids", "similarity", "codes", "scale"):
            assert torch.equal(getattr(found, name), getattr(expected, name)), name
    ours = many.retrieve(queries, groups=GROUPS, k=8, config=CONFIG)
    theirs = retrieve(one, queries, groups=GROUPS, k=8, config=CONFIG)
    assert torch.equal(ours.memory_ids, theirs.memory_ids)
    assert torch.equal(ours.cue_ids, theirs.cue_ids)
    assert torch.allclose(ours.scores, theirs.scores, rtol=0, atol=1e-8)


def test_one_device_at_least() -> None:
    with pytest.raises(InvalidInputError, match="one or more"):
        ShardedCueIndex(32, devices=[])
