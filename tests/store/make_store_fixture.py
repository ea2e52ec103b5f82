"""Make `tests/data/stores/v2.sqlite`; run once for each schema version, and then never again."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from nuonuo_memory.store.rows import CueRow, LinkRow, MemoryRow, MentionRow, StrengthRow, TermRow
from nuonuo_memory.store.sqlite.store import Store

DIMENSION = 4


def fill(store: Store) -> None:
    """Three memories of two people, one of which is forgotten again."""
    rows = [
        MemoryRow(
            id=f"memory-{i}",
            namespace=("acme", name),
            text=f"{name.title()} has {i + 2} cats.",
            metadata={"topic": "pets", "cats": i + 2, "deep": {"sure": True}},
            role="user",
            session="2026-01-05",
            turn=i,
            at=1767571200.0 + i,
            digest=f"digest-{i}",
            created_at=1767571300.0,
        )
        for i, name in enumerate(["ada", "bob", "bob"])
    ]
    with store.write() as write:
        keys = write.add_memories(rows)
        cues = [CueRow(key, "turn", made.text) for key, made in zip(keys, rows, strict=True)]
        write.add_cues(cues, np.eye(3, DIMENSION, dtype=np.float32))
        counts = np.array([1, 2], dtype=np.int32)
        write.set_terms([TermRow(key, np.array([11, key]), counts) for key in keys])
        write.add_mentions([MentionRow(key, "cats") for key in keys])
        write.add_links([LinkRow(keys[1], keys[0], "reply", "answer", 0.5)])
        write.set_strengths([StrengthRow(key, 2, 1767571300.0) for key in keys[1:]])
    with store.write() as write:
        write.delete_memories(keys[2:])


if __name__ == "__main__":
    with Store.open(Path(sys.argv[1]), encoder_name="fixture", dimension=DIMENSION) as made:
        fill(made)
        made.compact()
