"""Measure what a cue takes in memory against its vector's own bytes.

    python benchmarks/engine_memory.py --rows 1000000

Cues come in small batches over several groups, as an application adds them. The vectors' own bytes
are those of float16, the form that the store keeps; float32 takes twice that.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import torch
from result_files import Cell, Result, finish, rounded, this_command

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
    parser.add_argument("--save", type=Path, help="where the result file goes")
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
    grown = resident_bytes() - before
    rows: list[list[Cell]] = [
        ["bytes a cue, as counted", rounded(cue_index.nbytes / options.rows)],
        ["the same, of the float16 vectors' own", round(cue_index.nbytes / own, 3)],
        ["resident bytes a cue", rounded(grown / options.rows)],
        ["resident, of the float16 vectors' own", round(grown / own, 3)],
        ["seconds to add all", rounded(seconds)],
    ]
    columns = ["memory of the engine", f"{options.rows:,} cues"]
    finish(Result("engine-memory", this_command(), columns, rows), options.save)


if __name__ == "__main__":
    main()
