"""Captured graphs of the encoder against its plain forward pass, on a GPU."""

from __future__ import annotations

from threading import Thread

import pytest
import torch
from bert_weights import WORDS, D, small_bert
from torch import Tensor

from nuonuo_memory.encoders.bert import Bert, sentence_vectors
from nuonuo_memory.encoders.bert_graphs import CapturedBert

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")


def reference(bert: Bert, ids: list[int]) -> Tensor:
    with torch.inference_mode():
        return sentence_vectors(bert, torch.tensor([ids], device="cuda"))


@pytest.mark.parametrize("count", [1, 2, 15, 16, 17, 32, 50, 64, 65, 128, 200, 256])
def test_every_length_gives_the_plain_vector(count: int) -> None:
    bert = small_bert("cuda")
    captured = CapturedBert(bert.to(torch.float16))
    ids = torch.randint(1, WORDS, (count,)).tolist()
    for _ in range(2):
        found = captured(ids)
        assert found.shape == (1, D)
        assert found.dtype == torch.float32
        assert (found - reference(bert, ids)).norm() < 5e-3


def test_what_was_padded_leaves_no_trace() -> None:
    bert = small_bert("cuda")
    captured = CapturedBert(bert.to(torch.float16))
    first = captured([5, 6, 7])
    captured(list(range(1, 17)))
    assert torch.equal(captured([5, 6, 7]), first)


def test_threads_do_not_mix() -> None:
    captured = CapturedBert(small_bert("cuda").to(torch.float16))
    texts = [[number + 1] * (number % 20 + 1) for number in range(200)]
    expected = [captured(ids) for ids in texts]
    found: dict[int, Tensor] = {}

    def work(offset: int) -> None:
        for number in range(offset, len(texts), 4):
            found[number] = captured(texts[number])

    threads = [Thread(target=work, args=(offset,)) for offset in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(torch.equal(found[number], want) for number, want in enumerate(expected))
