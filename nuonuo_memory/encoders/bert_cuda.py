"""Launches of `bert_kernels`: one text of a fixed padded length."""

from __future__ import annotations

import torch
import triton
from torch import Tensor

from nuonuo_memory.encoders import bert_kernels
from nuonuo_memory.encoders.bert import Bert, Norm

LONGEST = 64
"""Tokens whose attention fits the registers of one head's launch."""


def fits(bert: Bert, length: int) -> bool:
    """Say whether the kernels can take such a model and length."""
    size = bert.dimension // bert.heads
    shapes = bert.dimension % 128 == 0 and bert.layers[0].up.weight.shape[0] % 128 == 0
    return length <= LONGEST and shapes and size in {16, 32, 64} and bert.words.is_cuda


class FusedBert:
    """The forward pass of one text of `length` tokens, in half precision."""

    def __init__(self, bert: Bert, length: int) -> None:
        self._bert = bert
        self._length = length
        device, wide = bert.words.device, bert.layers[0].up.weight.shape[0]
        self._raw = torch.zeros(2, length, bert.dimension, device=device)
        self._context = torch.zeros(length, bert.dimension, dtype=torch.float16, device=device)
        self._hidden = torch.zeros(length, wide, dtype=torch.float16, device=device)

    def __call__(self, ids: Tensor, out: Tensor) -> None:
        """Write the unit vector [1, d] of padded ids and their count, int32 [length + 1]."""
        bert, first = self._bert, self._raw[0]
        sizes = {"T": self._length, "D": bert.dimension}
        wide = triton.next_power_of_2(bert.dimension)
        bert_kernels.embed[(self._length,)](
            ids, bert.words, bert.positions, first, D=bert.dimension, WIDE=wide, num_warps=4
        )
        norm = bert.norm
        for number in range(len(bert.layers)):
            norm = self._layer(number, ids, norm)
        bert_kernels.pool[(1,)](
            ids, first, norm.weight, norm.bias, out, norm.eps, **sizes, WIDE=wide, num_warps=16
        )

    def _layer(self, number: int, ids: Tensor, norm: Norm) -> Norm:
        """Go through one layer, from the first sums to the first sums; return their norm."""
        bert, layer, (first, second) = self._bert, self._bert.layers[number], self._raw
        d, size = bert.dimension, bert.dimension // bert.heads
        wide = layer.up.weight.shape[0]
        sizes = {"T": self._length, "D": d, "BK": 128}
        bert_kernels.attend[(bert.heads,)](
            ids, first, norm.weight, norm.bias, layer.attention.weight, layer.attention.bias,
            self._context, size**-0.5, norm.eps, **sizes, SIZE=size, num_warps=4,
        )  # fmt: skip
        bert_kernels.add[(d // 16,)](
            self._context, first, norm.weight, norm.bias, layer.output.weight, layer.output.bias,
            second, norm.eps, **sizes, F=d, COLUMNS=16, num_warps=4, num_stages=3,
        )  # fmt: skip
        norm = layer.output_norm
        bert_kernels.widen[(wide // 32,)](
            second, norm.weight, norm.bias, layer.up.weight, layer.up.bias, self._hidden, norm.eps,
            **sizes, F=wide, COLUMNS=32, num_warps=4,
        )  # fmt: skip
        bert_kernels.add[(d // 16,)](
            self._hidden, second, norm.weight, norm.bias, layer.down.weight, layer.down.bias,
            first, norm.eps, **sizes, F=wide, COLUMNS=16, num_warps=4, num_stages=4,
        )  # fmt: skip
        return layer.down_norm
