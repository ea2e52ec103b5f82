"""Each text encoded once: vectors made in bulk, kept in a file, and looked up by text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b
from itertools import chain
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nuonuo_memory.encoders.background import TEXTS as BACKGROUND
from nuonuo_memory.encoders.base import Encoder, encode_checked
from nuonuo_memory.errors import EncoderError

_BULK = 16_384
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
        self.name = (folder / "encoder").read_text(encoding="utf-8")
        self._keys: NDArray[np.uint64] = np.load(folder / "keys.npy")
        self._rows: NDArray[np.float16] = np.load(folder / "rows.npy", mmap_mode="r")
        self.dimension = int(self._rows.shape[1])

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
        pending.setdefault(_key(text), (text, False))
    for text in queries:
        pending.setdefault(_key(_as_query(text)), (text, True))
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
    np.save(folder / "keys.npy", keys)
    (folder / "encoder").write_text(encoder.name, encoding="utf-8")
    return EncodedTexts(folder)


def _as_query(text: str) -> str:
    return f"\x00query\x00{text}"


def _key(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "big")


def _keys(texts: Sequence[str]) -> NDArray[np.uint64]:
    return np.array([_key(text) for text in texts], dtype=np.uint64)
