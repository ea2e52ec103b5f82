"""Any sentence-transformers model, by name or path."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

import torch
from torch import Tensor

from nuonuo_memory.encoders.base import LOCAL_CALLS
from nuonuo_memory.errors import EncoderError, MissingDependencyError

_E5 = re.compile(r"(?:^|[-_/\\])e5-(?:small|base|large)", re.IGNORECASE)


def prefixes_of(model: str, prompts: Mapping[str, str | None]) -> dict[str, str]:
    """Return what a model wants before its texts, for `query` and `document`.

    Args:
        model: Its name or folder.
        prompts: Those of its own settings.
    """
    own = {kind: prompt for kind in ("query", "document") if (prompt := prompts.get(kind))}
    if not own and _E5.search(model):
        return {"query": "query: ", "document": "passage: "}
    return own


class SentenceTransformerEncoder:
    """A sentence-transformers model, imported when it is first made.

    Models of the E5 family were trained with "query: " and "passage: " before their texts, and get
    them unless their own settings have prompts.

    Args:
        model: Name on the hub, or a folder.
        name: What to call it; the model's own name when `None`.
        device: Where it runs; the library's choice when `None`.
        query_prefix: Set before each question; what the model needs when `None`.
        passage_prefix: Set before each text to be stored; what the model needs when `None`.

    Raises:
        MissingDependencyError: sentence-transformers is not installed.
        EncoderError: The model cannot be loaded.
    """

    calls_at_once: Final[int] = LOCAL_CALLS

    def __init__(
        self,
        model: str,
        *,
        name: str | None = None,
        device: str | torch.device | None = None,
        query_prefix: str | None = None,
        passage_prefix: str | None = None,
    ) -> None:
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError as error:
            raise MissingDependencyError(
                f"encoder {model!r} needs sentence-transformers, which is not installed; run "
                'pip install "nuonuo-memory[minilm]"'
            ) from error
        try:
            self._model = SentenceTransformer(model, device=None if device is None else str(device))
        except (OSError, ValueError, RuntimeError) as error:
            raise EncoderError(
                f"encoder {model!r} must be a sentence-transformers model, by name or folder, that "
                f"can be loaded here; got: {error}"
            ) from error
        self._name = name or model.rstrip("/").rsplit("/", 1)[-1]
        self._prefixes = prefixes_of(model, self._model.prompts or {})
        for kind, given in (("query", query_prefix), ("document", passage_prefix)):
            if given is not None:
                self._prefixes[kind] = given
        self._dimension = int(self._model.encode(["a"], show_progress_bar=False).shape[1])

    @property
    def name(self) -> str:
        """The model's name."""
        return self._name

    @property
    def dimension(self) -> int:
        """Size of a vector."""
        return self._dimension

    def encode(self, texts: Sequence[str]) -> Tensor:
        """Encode texts to be stored: float32 `[n, dimension]`, unit rows."""
        return self._encode(texts, prompt="document")

    def encode_queries(self, texts: Sequence[str]) -> Tensor:
        """Encode questions, with the model's prompt for questions where it has one."""
        return self._encode(texts, prompt="query")

    def _encode(self, texts: Sequence[str], *, prompt: str) -> Tensor:
        vectors: Tensor = self._model.encode(
            list(texts),
            prompt=self._prefixes.get(prompt) or None,
            convert_to_tensor=True,
            normalize_embeddings=True,
            show_progress_bar=False,
        )
        return vectors.to(torch.float32)
