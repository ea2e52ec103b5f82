"""Opening a store that holds many cues: how long until it can be asked.

python benchmarks/loading.py [--cues 100000] [--json]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from nuonuo_memory import Cue, NewMemory, TextMemory

CUES_EACH = 10


class RandomEncoder:
    """Random directions: opening does not depend on what the vectors mean."""

    name = "random"
    dimension = 384

    def __init__(self) -> None:
        self._generator = torch.Generator().manual_seed(0)

    def encode(self, texts: Sequence[str]) -> Tensor:
        """Return a random unit vector for each text."""
        vectors = torch.randn(len(texts), self.dimension, generator=self._generator)
        return vectors / vectors.norm(dim=1, keepdim=True)

    encode_queries = encode


def main() -> None:
    """Write a store, then open it and ask it once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cues", type=int, default=100_000)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "memory.db"
        start = time.perf_counter()
        with TextMemory.open(path, encoder=RandomEncoder(), device="cpu") as memory:
            memory.remember_many(
                NewMemory(
                    f"memory number {number} of the store",
                    cues=[Cue(f"cue {place} of memory {number}") for place in range(CUES_EACH - 1)],
                )
                for number in range(arguments.cues // CUES_EACH)
            )
        written = time.perf_counter() - start
        start = time.perf_counter()
        with TextMemory.open(path, encoder=RandomEncoder(), device="cpu") as memory:
            opened = time.perf_counter() - start
            stats = memory.stats()
    result = {
        "cues": stats.cues,
        "memories": stats.memories,
        "write_s": round(written, 3),
        "open_s": round(opened, 3),
        "store_mb": round(stats.store_bytes / 1e6, 1),
        "engine_mb": round(stats.engine_bytes / 1e6, 1),
    }
    if arguments.json:
        print(json.dumps(result))
        return
    for name, value in result.items():
        print(f"{name:>10}: {value}")


if __name__ == "__main__":
    main()
