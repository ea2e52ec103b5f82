"""The encoder's kernels against its plain forward pass, interpreted on a CPU."""

from __future__ import annotations

import os

import pytest
import torch
from bert_weights import WORDS, small_bert

from nuonuo_memory.encoders.bert import sentence_vectors

INTERPRETED = os.environ.get("TRITON_INTERPRET") == "1"
if INTERPRETED:
    pytest.importorskip("triton", reason="no Triton here")
    from nuonuo_memory.encoders.bert_cuda import FusedBert

pytestmark = pytest.mark.skipif(
    not INTERPRETED, reason="run by tests/engine/test_interpreter.py in a process of its own"
)


@pytest.mark.parametrize("count", [1, 7, 16])
def test_a_padded_text_gives_the_plain_vector(count: int) -> None:
    bert, length = small_bert("cpu"), 16
    ids = torch.randint(1, WORDS, (count,), generator=torch.Generator().manual_seed(count))
    padded = torch.zeros(length + 1, dtype=torch.int32)
    padded[:count], padded[-1] = ids, count
    out = torch.zeros(1, bert.dimension)
    FusedBert(bert.to(torch.float16), length)(padded, out)
    assert (out - sentence_vectors(bert, ids[None])).norm() < 5e-3
