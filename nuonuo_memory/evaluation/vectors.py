"""Each text encoded once: vectors made in bulk, kept in a file, and looked up by text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nuonuo_memory.encoders.background import PAIRS, TEXTS
from nuonuo_memory.encoders.base import Encoder, encode_checked
from nuonuo_memory.errors import EncoderError
from nuonuo_memory.text.hashing import unsigned_text_hash

_BULK = 16_384
BACKGROUND = (*TEXTS, *(answer for _, answer in PAIRS))
BACKGROUND_QUESTIONS = tuple(question for question, _ in PAIRS)

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is."""


def silent(_what: str, _done: int, _total: int) -> None:
    """Report nothing."""


class EncodedTexts:
    """An encoder that only looks up what was encoded before.

    The rows are half precision, as a store keeps them, and mapped from a file, so that processes
    share them.

    Args:
        folder: Where `encode_texts` wrote them.
    """

    def __init__(self, folder: Path) -> None:
        self.name: str = (folder / "encoder").read_text(encoding="utf-8")
        self._keys: NDArray[np.uint64] = np.load(folder / "keys.npy")
        self._rows: NDArray[np.float16] = np.load(folder / "rows.npy", mmap_mode="r")
        self.dimension: int = int(self._rows.shape[1])

    def encode(self, texts: Sequence[str]) -> Tensor:
        """Look up texts: float32 `[n, dimension]`, unit rows.

        Raises:
            EncoderError: A text was not among those encoded.
        """
        wanted = _keys(texts)
        places = np.searchsorted(self._keys, wanted).clip(0, len(self._keys) - 1)
        missing = np.flatnonzero(self._keys[places] != wanted)
        if len(missing):
            raise EncoderError(f"{texts[int(missing[0])][:60]!r} must be encoded first, and is not")
        rows = torch.from_numpy(np.asarray(self._rows[places], dtype=np.float32))
        return torch.nn.functional.normalize(rows, dim=1)

    def encode_queries(self, texts: Sequence[str]) -> Tensor:
        """Look up questions, which were encoded as questions."""
        return self.encode([_as_query(text) for text in texts])


def encode_texts(
    folder: Path,
    encoder: Encoder,
    *,
    texts: Iterable[str],
    queries: Iterable[str],
    progress: Progress = silent,
) -> EncodedTexts:
    """Encode each different text once, in bulk, and write the vectors into a folder."""
    pending: dict[int, tuple[str, bool]] = {}
    for text in chain(BACKGROUND, texts):  # a memory asks for the background, too
        pending.setdefault(unsigned_text_hash(text), (text, False))
    for text in chain(BACKGROUND_QUESTIONS, queries):
        pending.setdefault(unsigned_text_hash(_as_query(text)), (text, True))
    keys = np.array(sorted(pending), dtype=np.uint64)
    rows = np.lib.format.open_memmap(
        folder / "rows.npy", mode="w+", dtype=np.float16, shape=(len(keys), encoder.dimension)
    )
    # by length, so that a batch holds texts alike and little is padded
    order = sorted(range(len(keys)), key=lambda at: len(pending[int(keys[at])][0]))
    for kind in (False, True):
        some = [at for at in order if pending[int(keys[at])][1] is kind]
        for start in range(0, len(some), _BULK):
            part = some[start : start + _BULK]
            texts = [pending[int(keys[at])][0] for at in part]
            vectors = encode_checked(encoder, texts, queries=kind)
            rows[part] = vectors.to("cpu", torch.float16).numpy()
            progress("encoding", min(start + _BULK, len(some)), len(some))
    rows.flush()
    return _written(folder, keys, encoder.name)


def _written(folder: Path, keys: NDArray[np.uint64], name: str) -> EncodedTexts:
    """Write what stands beside the rows of a folder, and open it."""
    np.save(folder / "keys.npy", keys)
    (folder / "encoder").write_text(name, encoding="utf-8")
    return EncodedTexts(folder)


class EncodedOnce:
    """An encoder that asks another one for each different text once, and keeps the vectors.

    The rows are half precision, as those of `EncodedTexts`.

    Args:
        encoder: Makes the vectors.
        progress: Told how many texts were encoded.
    """

    name: str
    dimension: int

    def __init__(self, encoder: Encoder, progress: Progress = silent) -> None:
        self.name, self.dimension = encoder.name, encoder.dimension
        self._encoder, self._progress = encoder, progress
        self._rows: dict[int, Tensor] = {}

    def encode(self, texts: Sequence[str]) -> Tensor:
        """Encode texts: float32 `[n, dimension]`, unit rows."""
        return self._looked_up(
            {unsigned_text_hash(text): text for text in texts}, texts, queries=False
        )

    def encode_queries(self, texts: Sequence[str]) -> Tensor:
        """Encode questions."""
        asked = [_as_query(text) for text in texts]
        new = {unsigned_text_hash(name): text for name, text in zip(asked, texts, strict=True)}
        return self._looked_up(new, asked, queries=True)

    def write(self, folder: Path) -> EncodedTexts:
        """Write all vectors into a folder, from which processes can look them up."""
        self.encode(BACKGROUND)  # a memory asks for the background, too
        self.encode_queries(BACKGROUND_QUESTIONS)
        keys = sorted(self._rows)
        rows = torch.stack([self._rows[key] for key in keys])
        np.save(folder / "rows.npy", rows.numpy())
        return _written(folder, np.array(keys, dtype=np.uint64), self.name)

    def _looked_up(self, by_key: dict[int, str], names: Sequence[str], *, queries: bool) -> Tensor:
        """Return the vectors of `names`, those of the texts that are new encoded first."""
        new = {key: text for key, text in by_key.items() if key not in self._rows}
        # by length, so that a batch holds texts alike and little is padded
        order = sorted(new, key=lambda key: len(new[key]))
        for start in range(0, len(order), _BULK):
            part = order[start : start + _BULK]
            vectors = encode_checked(self._encoder, [new[key] for key in part], queries=queries)
            self._rows.update(zip(part, vectors.to("cpu", torch.float16), strict=True))
            self._progress("encoding", len(self._rows), len(self._rows))
        if not names:
            return torch.empty((0, self.dimension))
        rows = torch.stack([self._rows[unsigned_text_hash(name)] for name in names]).float()
        return torch.nn.functional.normalize(rows, dim=1)


def _as_query(text: str) -> str:
    return f"\x00query\x00{text}"


def _keys(texts: Sequence[str]) -> NDArray[np.uint64]:
    return np.array([unsigned_text_hash(text) for text in texts], dtype=np.uint64)
