"""Time and room of a consolidation pass over many memories.

python benchmarks/consolidation.py --memories 20000
python benchmarks/consolidation.py --cues 1000000

The first fills a memory with sentences of one template, which share much and differ in a word or
two: the hard case, where many are as near as copies. One in twenty is said a second time.
The second plans a pass over random vectors, four cues a memory, 100,000 of the memories in sets of
2,000 that may be copies of each other.
"""

from __future__ import annotations

import argparse
import random
import resource
import time
from collections.abc import Callable
from pathlib import Path

import torch
from made_up import sentence
from result_files import Cell, Result, finish, rounded, this_command

from nuonuo_memory import NewMemory, TextMemory
from nuonuo_memory.maintenance.consolidation_plan import Consolidation, Usage, plan


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--memories", type=int, default=20_000)
    parser.add_argument("--cues", type=int, help="plan over so many random vectors instead")
    parser.add_argument("--save", type=Path, help="where the result file goes")
    given = parser.parse_args()
    rows = whole(given.memories) if given.cues is None else planned(given.cues)
    columns = ["a pass", "seconds", "MB more at most", "merged", "alike", "confused"]
    note = f"{torch.get_num_threads()} threads"
    finish(Result("consolidation-cost", this_command(), columns, rows, note=note), given.save)


def whole(memories: int) -> list[list[Cell]]:
    """Fill a memory, plan a pass, carry it out, plan again."""
    chance = random.Random(0)
    count = memories * 20 // 21
    texts = [sentence(chance) for _ in range(count)]
    texts += [text.upper() for text in texts[: memories - count]]
    with TextMemory.in_memory() as memory:
        memory.remember_many([NewMemory(text) for text in texts])
        stats = memory.stats()
        size = f"{stats.memories:,} memories, {stats.cues:,} cues"
        return [
            measure(f"{size}: dry run", lambda: memory.consolidate(dry_run=True)),
            measure(f"{size}: carried out", memory.consolidate),
            measure(f"{size}: again", lambda: memory.consolidate(dry_run=True)),
        ]


def planned(cues: int) -> list[list[Cell]]:
    """Plan a pass over random vectors."""
    vectors = torch.empty(cues, 384, dtype=torch.float16)
    for part in vectors.split(50_000):
        part.copy_(torch.nn.functional.normalize(torch.randn(len(part), 384), dim=1))
    owners = torch.arange(cues) // 4
    usage = [
        Usage(str(place), copies=place // 2000 if place < 100_000 else None, words=place)
        for place in range(int(owners[-1]) + 1)
    ]
    size = f"{len(usage):,} memories, {cues:,} cues"
    return [measure(f"{size}: the plan alone", lambda: plan(vectors, owners, usage))]


def measure(name: str, call: Callable[[], Consolidation]) -> list[Cell]:
    """Return a row: seconds, room beyond what was used so far, and what the pass found."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    found = call()
    seconds = time.perf_counter() - started
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    counts = (len(found.merged), len(found.alike), len(found.confused))
    return [name, rounded(seconds), round(grown), *counts]


if __name__ == "__main__":
    main()
