"""What the tests of the store share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nuonuo_memory.store.rows import CueRow, LinkRow, MemoryRow, MentionRow, TermRow
from nuonuo_memory.store.sqlite.store import Store

DIMENSION = 8
ENCODER = "test-encoder"


def open_store(path: Path | None, **keywords: object) -> Store:
    options = {"encoder_name": ENCODER, "dimension": DIMENSION} | keywords
    return Store.open(path, **options)  # type: ignore[arg-type]


def row(id_: str, **keywords: object) -> MemoryRow:
    options = {"namespace": ("default",), "text": f"text of {id_}"} | keywords
    return MemoryRow(id=id_, **options)  # type: ignore[arg-type]


def vectors(number: int, *, seed: int = 0, dimension: int = DIMENSION) -> np.ndarray:
    drawn = np.random.default_rng(seed).standard_normal((number, dimension))
    return (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)


def remember(store: Store, rows: Sequence[MemoryRow], *, cues: int = 2) -> list[int]:
    """Memories with all that a memory can have, each tied to the one before."""
    with store.write() as write:
        keys = write.add_memories(rows)
        cue_rows = [CueRow(key, "turn", f"cue {i} of {key}") for key in keys for i in range(cues)]
        write.add_cues(cue_rows, vectors(len(cue_rows)))
        write.set_terms(
            [TermRow(key, np.array([key, 7]), np.array([1, 2], dtype=np.int32)) for key in keys]
        )
        write.add_mentions([MentionRow(key, f"name of {key}") for key in keys])
        write.add_links(
            [
                LinkRow(source, target, "reply", f"from {source}", 0.5)
                for source, target in zip(keys[1:], keys, strict=False)
            ]
        )
    return keys
