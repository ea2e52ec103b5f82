"""A small encoder of random weights."""

from __future__ import annotations

import torch
from torch import Tensor

from nuonuo_memory.encoders.bert import Bert, load_bert

D, WIDE, WORDS = 128, 512, 300


def small_bert(device: str) -> Bert:
    """Two layers of random weights, float32."""
    made = torch.Generator().manual_seed(0)

    def some(*sizes: int) -> Tensor:
        return torch.randn(sizes, generator=made).to(device) * 0.1

    tensors = {
        "embeddings.word_embeddings.weight": some(WORDS, D),
        "embeddings.position_embeddings.weight": some(256, D),
        "embeddings.token_type_embeddings.weight": some(2, D),
        "embeddings.LayerNorm.weight": 1 + some(D),
        "embeddings.LayerNorm.bias": some(D),
    }
    for layer in range(2):
        prefix = f"encoder.layer.{layer}"
        sizes = {f"attention.self.{part}": (D, D) for part in ("query", "key", "value")}
        sizes |= {"attention.output.dense": (D, D)}
        sizes |= {"intermediate.dense": (WIDE, D), "output.dense": (D, WIDE)}
        for name, shape in sizes.items():
            tensors[f"{prefix}.{name}.weight"] = some(*shape)
            tensors[f"{prefix}.{name}.bias"] = some(shape[0])
        for name in ("attention.output.LayerNorm", "output.LayerNorm"):
            tensors[f"{prefix}.{name}.weight"] = 1 + some(D)
            tensors[f"{prefix}.{name}.bias"] = some(D)
    return load_bert(tensors, heads=4, eps=1e-12)
