"""Texts to unit vectors: the protocol, its checks, and a small encoder without weights."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final, Protocol, runtime_checkable

import numpy as np
import regex
import torch
from numpy.typing import NDArray
from torch import Tensor

from nuonuo_memory.errors import EncoderError, InvalidInputError, VectorError
from nuonuo_memory.text.hashing import unsigned_text_hash
from nuonuo_memory.text.normalise import folded

_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+")
_WORD_WEIGHT = 4
LOCAL_CALLS = 2
"""Threads that call an encoder bound by the processor: more would only delay each other."""

NETWORK_CALLS = 16
"""Threads that may wait for an encoder of which nothing is known: it may be behind a network."""

_UNIT_TOLERANCE = 1e-5


@runtime_checkable
class Encoder(Protocol):
    """Turns texts into vectors of length one; anything with these four members will do.

    A store keeps the name and the dimension, to tell whose vectors it holds.
    """

    @property
    def name(self) -> str:
        """The model's name."""
        ...

    @property
    def dimension(self) -> int:
        """Size of a vector."""
        ...

    def encode(self, texts: Sequence[str]) -> Tensor | NDArray[np.floating[Any]]:
        """Encode texts to be stored: a tensor or array `[n, dimension]`, rows of any length."""
        ...

    def encode_queries(self, texts: Sequence[str]) -> Tensor | NDArray[np.floating[Any]]:
        """Encode questions; many models treat them as they do stored texts."""
        ...


class HashingEncoder:
    """Hashed words and character trigrams: bit for bit the same vectors on every machine.

    It knows no meaning beyond shared spelling. It serves tests, and people who want to try the
    library without a model's weights. Features are hashed with a sign (Weinberger et al. 2009,
    "Feature hashing for large scale multitask learning"); sums are of integers, so no machine
    rounds them differently.

    Args:
        dimension: Size of a vector; 256 keeps chance overlaps of short texts small.
    """

    calls_at_once: Final[int] = LOCAL_CALLS

    def __init__(self, dimension: int = 256) -> None:
        if dimension < 1:
            raise InvalidInputError(f"dimension must be at least 1, got {dimension}")
        self._dimension = dimension

    @property
    def name(self) -> str:
        """`hashing-` and the dimension."""
        return f"hashing-{self._dimension}"

    @property
    def dimension(self) -> int:
        """Size of a vector."""
        return self._dimension

    def encode(self, texts: Sequence[str]) -> Tensor:
        """Encode texts: float32 `[n, dimension]`."""
        rows = np.zeros((len(texts), self._dimension), dtype=np.int64)
        for row, text in zip(rows, texts, strict=True):
            for hashed, weight in _features(text).items():
                row[(hashed >> 1) % self._dimension] += weight if hashed & 1 else -weight
            if not row.any():  # no letters at all, or features that cancel
                row[(unsigned_text_hash(text) >> 1) % self._dimension] = 1
        exact = rows.astype(np.float64)
        norms = np.sqrt((rows * rows).sum(axis=1, keepdims=True).astype(np.float64))
        return torch.from_numpy((exact / norms).astype(np.float32))

    def encode_queries(self, texts: Sequence[str]) -> Tensor:
        """Encode questions, as `encode` does."""
        return self.encode(texts)


def _features(text: str) -> Counter[int]:
    found: Counter[int] = Counter()
    for word in _WORD.findall(folded(text)):
        for hashed, weight in _word_features(word):
            found[hashed] += weight
    return found


@lru_cache(maxsize=65_536)
def _word_features(word: str) -> tuple[tuple[int, int], ...]:
    framed = f"<{word}>"
    pieces = [framed[i : i + 3] for i in range(len(framed) - 2)]
    return (
        (unsigned_text_hash(word), _WORD_WEIGHT),
        *((unsigned_text_hash(piece), 1) for piece in pieces),
    )


def calls_at_once(encoder: Encoder) -> int:
    """Return by how many threads an encoder may be called: its attribute of this name, else 16."""
    own = getattr(encoder, "calls_at_once", None)
    return own if isinstance(own, int) and own > 0 else NETWORK_CALLS


def encode_checked(encoder: Encoder, texts: Sequence[str], *, queries: bool = False) -> Tensor:
    """Encode texts and check what the encoder returned.

    Returns:
        Unit vectors, float32 `[len(texts), encoder.dimension]`, on the device the encoder uses.

    Raises:
        EncoderError: The result is no tensor, of another shape, not finite, or a zero vector.
    """
    if not texts:
        return torch.empty((0, encoder.dimension), dtype=torch.float32)
    vectors = encoder.encode_queries(texts) if queries else encoder.encode(texts)
    return unit_rows(vectors, expected=(len(texts), encoder.dimension), name=encoder.name)


def unit_rows(vectors: object, *, expected: tuple[int, int], name: str) -> Tensor:
    """Check vectors that an encoder made, and scale each row to length one where it is not.

    Args:
        vectors: What the encoder returned.
        expected: Number of texts and dimension.
        name: The encoder's name, for the message.

    Raises:
        EncoderError: The result is no tensor, of another shape, not finite, or a zero vector.
    """
    if isinstance(vectors, np.ndarray) and vectors.dtype.kind == "f":
        vectors = torch.from_numpy(np.ascontiguousarray(vectors, dtype=np.float32))
    if not isinstance(vectors, Tensor):
        raise EncoderError(
            f"encoder {name!r} must return a torch.Tensor or a numpy array of floats, got "
            f"{type(vectors).__name__}; "
            "convert its result, or wrap the embedder with as_encoder()"
        )
    if tuple(vectors.shape) != expected:
        raise EncoderError(
            f"encoder {name!r} must return vectors of shape {expected} (texts, dimension), "
            f"got {tuple(vectors.shape)}"
        )
    vectors = vectors.detach().float()
    norms = torch.linalg.vector_norm(vectors, dim=1, keepdim=True)
    if bool(((norms - 1).abs() <= _UNIT_TOLERANCE).all()):  # finite, too; one answer to wait for
        return vectors
    good = torch.isfinite(norms) & (norms > 0)
    if not bool(good.all()):
        row = int((~good).squeeze(1).nonzero()[0])
        raise EncoderError(
            f"encoder {name!r} gave a vector that is zero, NaN or infinite for text number {row}; "
            "every text needs a finite vector other than zero"
        )
    scaled: Tensor = vectors / norms
    return scaled


def unit(vector: Sequence[float], dimension: int) -> NDArray[np.float32]:
    """Return a vector that a caller gave, at length one.

    Raises:
        VectorError: It has another size, is not finite, or is zero.
    """
    try:
        array = np.asarray(vector, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise VectorError(f"a vector must be {dimension} numbers, got {vector!r:.80}") from error
    if array.shape != (dimension,):
        raise VectorError(
            f"expected a vector of {dimension} numbers, as the encoder gives, got shape "
            f"{array.shape}; encode it with the memory's own encoder"
        )
    length = float(np.linalg.norm(array))
    if not np.isfinite(length) or length == 0.0:
        raise VectorError(f"a vector must be finite and not zero, got one of length {length}")
    return array / np.float32(length)
