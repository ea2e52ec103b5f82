"""The kernels that follow associations between codes, interpreted on a CPU."""

from __future__ import annotations

import os

import pytest
import torch

from nuonuo_memory.research.hebbian import FactoredAssociator, walk
from nuonuo_memory.research.separation import winner_take_all

INTERPRETED = os.environ.get("TRITON_INTERPRET") == "1"
if INTERPRETED:
    pytest.importorskip("triton", reason="no Triton here")
    from nuonuo_memory.research.hebbian_cuda import Pairs, Walker

pytestmark = pytest.mark.skipif(
    not INTERPRETED, reason="run by tests/engine/test_interpreter.py in a process of its own"
)


@pytest.mark.parametrize("order", [1, 2])
def test_walks_equal_the_plain_ones(order: int) -> None:
    scores = torch.rand(90, 256, generator=torch.Generator().manual_seed(0))
    cues, memory = winner_take_all(scores, 8), FactoredAssociator(256, 8, order=order)
    memory.learn(cues, cues.roll(-1, 0))
    memory.unlearn(cues[10:20], cues.roll(-1, 0)[10:20])
    room = memory._cues.room, memory._targets.room, memory._strength
    walker = Walker(Pairs(*room, len(memory._cues), 256, order), 4, hops=3, support=0.5)
    asked = cues[6:10]
    walker.run(asked, len(memory._cues))
    plain = walk(memory, asked, hops=3)
    assert torch.equal(walker.out_codes, plain.codes)
    assert torch.equal(walker.out_support, plain.support)
