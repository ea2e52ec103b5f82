"""Measure what a cue takes in memory against its vector's own bytes.

    python benchmarks/engine_memory.py --rows 1000000

Cues come in small batches over several groups, as an application adds them. The vectors' own bytes
are those of float16, the form that the store keeps; float32 takes twice that.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import torch

from nuonuo_memory.engine.vectors.cue_index import CueIndex


def resident_bytes() -> int:
    """Return the process's resident memory (Linux)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--dimension", type=int, default=384)
    parser.add_argument("--batch", type=int, default=10_000)
    parser.add_argument("--groups", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    vectors = torch.nn.functional.normalize(torch.randn(options.batch, options.dimension), dim=1)
    CueIndex(options.dimension).add(
        torch.arange(options.batch), vectors, memory_ids=torch.arange(options.batch), group=0
    )
    before, start = resident_bytes(), time.perf_counter()
    cue_index = CueIndex(options.dimension)
    for number, ids in enumerate(torch.arange(options.rows).split(options.batch)):
        group = number % options.groups
        cue_index.add(ids, vectors[: len(ids)], memory_ids=ids // 3, group=group)
    seconds = time.perf_counter() - start
    own = 2 * options.rows * options.dimension
    record = {
        "rows": options.rows,
        "bytes_per_cue": cue_index.nbytes / options.rows,
        "of_vectors_own": cue_index.nbytes / own,
        "resident_per_cue": (resident_bytes() - before) / options.rows,
        "resident_of_vectors_own": (resident_bytes() - before) / own,
        "seconds_to_add": seconds,
    }
    if options.json:
        print(json.dumps(record, indent=1))
        return
    for name, value in record.items():
        print(f"{name:24} {value:,.3f}")


if __name__ == "__main__":
    main()
