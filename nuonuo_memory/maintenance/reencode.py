"""Another encoder for a stored memory: every cue gets a vector of the new one, in one write."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nuonuo_memory.encoders.base import Encoder, encode_checked
from nuonuo_memory.errors import InvalidInputError
from nuonuo_memory.store import open_store
from nuonuo_memory.store.rows import Ints
from nuonuo_memory.types import Progress


def reencode(
    path: str | os.PathLike[str], encoder: Encoder, *, progress: Progress | None = None
) -> int:
    """Give every cue of a store a vector of another encoder; returns the number of cues.

    Args:
        path: The store's file.
        encoder: The new encoder.
        progress: Called with the number of cues encoded and of all.

    Raises:
        InvalidInputError: There is no such file.
        StoreError: The store cannot be opened; nothing was changed.
    """
    if not Path(path).is_file():
        raise InvalidInputError(f"expected the file of a memory to re-encode, got {str(path)!r}")
    with open_store(path) as store:
        total = store.counts().cues

        def batches() -> Iterator[tuple[Ints, NDArray[np.float16]]]:
            done = 0
            for rows in store.load_cue_texts():
                vectors = encode_checked(encoder, [row.text for row in rows]).cpu().numpy()
                yield (
                    np.array([row.key for row in rows], dtype=np.int64),
                    vectors.astype(np.float16),
                )
                done += len(rows)
                if progress is not None:
                    progress(done, total)

        return store.replace_vectors(
            batches(), encoder_name=encoder.name, dimension=encoder.dimension
        )
