"""The forward pass of a BERT encoder in plain PyTorch, from a safetensors file.

It needs neither transformers nor sentence-transformers, whose imports take seconds, and calls
nothing but a dozen matrix products per layer. Equations: Devlin et al. 2019; the mean of the last
layer's tokens, scaled to length one, as in Reimers and Gurevych 2019.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel

_ATTENTION = [SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH]
"""All but cuDNN's, which makes a plan for each shape: there is a new one in every batch."""


class Linear(NamedTuple):
    """A weight `[out, in]` and a bias `[out]`."""

    weight: Tensor
    bias: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        """Apply it to `[..., in]`."""
        return functional.linear(x, self.weight, self.bias)


class Norm(NamedTuple):
    """Scale and shift of a layer normalisation, each `[d]`."""

    weight: Tensor
    bias: Tensor
    eps: float

    def __call__(self, x: Tensor) -> Tensor:
        """Apply it to `[..., d]`."""
        return functional.layer_norm(x, self.weight.shape, self.weight, self.bias, self.eps)


class Layer(NamedTuple):
    """One transformer layer; query, key and value are one product."""

    attention: Linear
    output: Linear
    output_norm: Norm
    up: Linear
    down: Linear
    down_norm: Norm


@dataclass(frozen=True, slots=True)
class Bert:
    """Weights of an encoder.

    Attributes:
        words: Word embeddings with the first segment's embedding added, `[vocabulary, d]`.
        positions: Position embeddings `[longest, d]`.
        norm: Normalisation of their sum.
        layers: The transformer layers.
        heads: Attention heads per layer.
    """

    words: Tensor
    positions: Tensor
    norm: Norm
    layers: tuple[Layer, ...]
    heads: int

    @property
    def dimension(self) -> int:
        """Size of a vector."""
        return self.words.shape[1]

    def to(self, dtype: torch.dtype) -> Bert:
        """Return the same weights in another precision."""

        def linear(part: Linear) -> Linear:
            return Linear(part.weight.to(dtype), part.bias.to(dtype))

        def norm(part: Norm) -> Norm:
            return Norm(part.weight.to(dtype), part.bias.to(dtype), part.eps)

        def layer(part: Layer) -> Layer:
            return Layer(
                attention=linear(part.attention),
                output=linear(part.output),
                output_norm=norm(part.output_norm),
                up=linear(part.up),
                down=linear(part.down),
                down_norm=norm(part.down_norm),
            )

        return Bert(
            words=self.words.to(dtype),
            positions=self.positions.to(dtype),
            norm=norm(self.norm),
            layers=tuple(map(layer, self.layers)),
            heads=self.heads,
        )


def load_bert(tensors: Mapping[str, Tensor], *, heads: int, eps: float) -> Bert:
    """Arrange the tensors of a published BERT file.

    Args:
        tensors: By their published names, without a model prefix.
        heads: `num_attention_heads` of its settings.
        eps: `layer_norm_eps` of its settings.

    Raises:
        KeyError: A tensor is missing.
    """

    def linear(name: str) -> Linear:
        return Linear(tensors[f"{name}.weight"], tensors[f"{name}.bias"])

    def norm(name: str) -> Norm:
        return Norm(tensors[f"{name}.weight"], tensors[f"{name}.bias"], eps)

    def layer(name: str) -> Layer:
        parts = [linear(f"{name}.attention.self.{part}") for part in ("query", "key", "value")]
        attention = Linear(
            torch.cat([part.weight for part in parts]), torch.cat([part.bias for part in parts])
        )
        return Layer(
            attention=attention,
            output=linear(f"{name}.attention.output.dense"),
            output_norm=norm(f"{name}.attention.output.LayerNorm"),
            up=linear(f"{name}.intermediate.dense"),
            down=linear(f"{name}.output.dense"),
            down_norm=norm(f"{name}.output.LayerNorm"),
        )

    count = 1 + max(int(name.split(".")[2]) for name in tensors if name.startswith("encoder.layer"))
    segment = tensors["embeddings.token_type_embeddings.weight"][0]
    return Bert(
        words=tensors["embeddings.word_embeddings.weight"] + segment,
        positions=tensors["embeddings.position_embeddings.weight"],
        norm=norm("embeddings.LayerNorm"),
        layers=tuple(layer(f"encoder.layer.{i}") for i in range(count)),
        heads=heads,
    )


def sentence_vectors(bert: Bert, ids: Tensor, mask: Tensor | None = None) -> Tensor:
    """Encode token ids `[b, t]` to unit vectors, float32 `[b, d]`.

    Args:
        bert: The weights.
        ids: Token ids, padded with any id where `mask` is false.
        mask: Which tokens are there, bool `[b, t]`; `None` when all are.
    """
    if not ids.is_cuda:
        return _sentence_vectors(bert, ids, mask)
    with sdpa_kernel(_ATTENTION):
        return _sentence_vectors(bert, ids, mask)


def _sentence_vectors(bert: Bert, ids: Tensor, mask: Tensor | None) -> Tensor:
    batch, length = ids.shape
    x = bert.norm(functional.embedding(ids, bert.words) + bert.positions[:length])
    keys = None if mask is None else mask[:, None, None, :]
    for layer in bert.layers:
        parts = layer.attention(x).view(batch, length, 3, bert.heads, -1).permute(2, 0, 3, 1, 4)
        query, key, value = parts.unbind(0)
        seen = functional.scaled_dot_product_attention(query, key, value, attn_mask=keys)
        seen = seen.transpose(1, 2).reshape(batch, length, -1)
        x = layer.output_norm(layer.output(seen) + x)
        x = layer.down_norm(layer.down(functional.gelu(layer.up(x))) + x)
    x = x.float()
    if mask is None:
        mean = x.mean(dim=1)
    else:
        mean = (x * mask[:, :, None]).sum(dim=1) / mask.sum(dim=1, keepdim=True)
    return functional.normalize(mean, dim=1)
