# mypy: disable-error-code="no-untyped-call"
"""The forward pass of one text as captured CUDA graphs, one for each padded length.

A graph holds the copy of the tokens to the GPU and every launch, so that a text costs the host one
call. Lengths up to 64 tokens take the kernels of `bert_kernels` where Triton is installed; longer
ones, and machines without it, PyTorch's operations.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from threading import Lock

import torch
from torch import Tensor

from nuonuo_memory.encoders.bert import Bert, sentence_vectors
from nuonuo_memory.engine.cuda.capture import capture

LENGTHS = (16, 32, 64, 128, 256)
"""Padded lengths; questions have 6 to 40 tokens."""


def padded_length(tokens: int) -> int:
    """Return the least of LENGTHS that holds so many tokens; the last for more."""
    return next((length for length in LENGTHS if tokens <= length), LENGTHS[-1])


class CapturedBert:
    """Encodes one text at a time on a GPU.

    Args:
        bert: Weights in half precision, on the GPU.
    """

    def __init__(self, bert: Bert) -> None:
        self._bert = bert
        self._graphs: dict[int, _Graph] = {}
        self._lock = Lock()

    def __call__(self, ids: Sequence[int]) -> Tensor:
        """Return the unit vector of token ids, float32 `[1, d]`, without waiting for it."""
        with self._lock:
            return self.start(ids).clone()

    def start(self, ids: Sequence[int]) -> Tensor:
        """Launch without waiting; the vector is in the graph's own memory until its next launch."""
        length = padded_length(len(ids))
        graph = self._graphs.get(length)
        if graph is None:
            graph = self._graphs[length] = _Graph(self._bert, length)
        return graph.run(ids)


class _Graph:
    """One padded length: fixed memory and the recorded launches."""

    def __init__(self, bert: Bert, length: int) -> None:
        device = bert.words.device
        self._length = length
        self._staged = torch.zeros(length + 1, dtype=torch.int32, pin_memory=True)
        self._staged[-1] = 1
        self._ids = torch.zeros(length + 1, dtype=torch.int32, device=device)
        self._out = torch.zeros(1, bert.dimension, device=device)
        self._done = torch.cuda.Event()
        self._forward = _forward(bert, length)
        with torch.inference_mode():
            self._graph = capture(self._step, device)

    def run(self, ids: Sequence[int]) -> Tensor:
        self._done.synchronize()  # the last copy from the staged tokens has been made
        row = self._staged.numpy()
        count = min(len(ids), self._length)
        row[:count] = ids[:count]
        row[count:-1] = 0
        row[-1] = count
        self._graph.replay()
        self._done.record()
        return self._out

    def _step(self) -> None:
        self._ids.copy_(self._staged, non_blocking=True)
        self._forward(self._ids, self._out)


def _forward(bert: Bert, length: int) -> Callable[[Tensor, Tensor], None]:
    """Return what writes the vector of padded ids and their count `[length + 1]`."""
    if find_spec("triton") is not None:
        from nuonuo_memory.encoders.bert_cuda import FusedBert, fits  # needs Triton

        if fits(bert, length):
            return FusedBert(bert, length)
    return _Plain(bert, length)


class _Plain:
    def __init__(self, bert: Bert, length: int) -> None:
        self._bert = bert
        self._places = torch.arange(length, device=bert.words.device)

    def __call__(self, ids: Tensor, out: Tensor) -> None:
        mask = (self._places < ids[-1])[None]
        out.copy_(sentence_vectors(self._bert, ids[None, :-1], mask))
