"""A plain reference for the search, and vectors that are hard on it."""

from __future__ import annotations

import torch
from torch import Tensor

from nuonuo_memory.engine.vectors.cue_index import CueIndex
from nuonuo_memory.engine.vectors.quantise import encode_queries

KINDS = ("normal", "few values", "duplicates", "tiny", "one huge", "mixed lengths", "zeros")


def hard_vectors(kind: str, rows: int, dimension: int, seed: int) -> Tensor:
    """Rows of one kind: ties, duplicates, zeros, tiny scales, one huge coordinate."""
    made = torch.Generator().manual_seed(seed)
    vectors = torch.randn(rows, dimension, generator=made)
    if kind == "few values":
        vectors = vectors.sign()
    elif kind == "duplicates":
        vectors = vectors[torch.randint(0, max(1, rows // 5), (rows,), generator=made)]
    elif kind == "tiny":
        vectors = vectors * 1e-7
    elif kind == "one huge":
        vectors[:, 0] *= 1e4
    elif kind == "mixed lengths":
        vectors = vectors * torch.logspace(-4, 4, rows)[:, None]
    elif kind == "zeros":
        vectors[torch.rand(rows, generator=made) < 0.6] = 0
    return vectors


def exact_nearest(
    cue_index: CueIndex, cues: list[tuple[int, int]], query: Tensor, k: int
) -> list[tuple[int, int, float]]:
    """Sort all (cue, memory) pairs by exact inner product, memory id, cue id; keep k."""
    if not cues:
        return []
    rows = cue_index.gather(torch.tensor([cue for cue, _ in cues]))
    codes = 256 * rows.coarse.cpu().long() + rows.residual.cpu().long()
    asked = encode_queries(query[None])
    wanted, unit = [int(value) for value in asked.code[0].tolist()], float(asked.unit)
    peak = float(query.abs().max())
    assert torch.allclose(asked.code[0] * unit, query.double(), rtol=0, atol=1e-8 * peak)
    triples = []
    for (cue, memory), code, scale in zip(cues, codes.tolist(), rows.scale.tolist(), strict=True):
        total = sum(a * b for a, b in zip(code, wanted, strict=True))
        triples.append((cue, memory, total * (scale * unit)))
    return sorted(triples, key=lambda triple: (-triple[2], triple[1], triple[0]))[:k]
