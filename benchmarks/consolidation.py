"""Time and room of a consolidation pass over many memories.

python benchmarks/consolidation.py --memories 20000
python benchmarks/consolidation.py --cues 1000000

The first fills a memory with sentences of the studies' templates, which share much and differ in a
word or two: the hard case, where many are as near as copies. One in twenty is said a second time.
The second plans a pass over random vectors, four cues a memory, 100,000 of the memories in sets of
2,000 that may be copies of each other.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch

from nuonuo_memory import NewMemory, TextMemory
from nuonuo_memory.maintenance.consolidation_plan import Consolidation, Usage, plan

sys.path.insert(0, str(Path(__file__).parents[1] / "research" / "studies"))
from texts import background


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--memories", type=int, default=20_000)
    parser.add_argument("--cues", type=int, help="plan over so many random vectors instead")
    given = parser.parse_args()
    if given.cues is None:
        whole(given.memories)
    else:
        planned(given.cues)


def whole(memories: int) -> None:
    """Fill a memory, plan a pass, carry it out, plan again."""
    count = memories * 20 // 21
    texts = background(count)
    texts += [text.upper() for text in texts[: memories - count]]
    with TextMemory.in_memory() as memory:
        memory.remember_many([NewMemory(text) for text in texts])
        stats = memory.stats()
        print(f"{stats.memories:,} memories, {stats.cues:,} cues, {stats.device}")
        measure("dry run", lambda: memory.consolidate(dry_run=True))
        measure("carried out", memory.consolidate)
        measure("again", lambda: memory.consolidate(dry_run=True))


def planned(cues: int) -> None:
    """Plan a pass over random vectors."""
    vectors = torch.empty(cues, 384, dtype=torch.float16)
    for part in vectors.split(50_000):
        part.copy_(torch.nn.functional.normalize(torch.randn(len(part), 384), dim=1))
    owners = torch.arange(cues) // 4
    usage = [
        Usage(str(place), copies=place // 2000 if place < 100_000 else None, words=place)
        for place in range(int(owners[-1]) + 1)
    ]
    print(f"{len(usage):,} memories, {cues:,} cues")
    measure("plan", lambda: plan(vectors, owners, usage))


def measure(name: str, call: Callable[[], Consolidation]) -> None:
    """Print how long a pass takes, how much room beyond what was used so far, and what it found."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    found = call()
    seconds = time.perf_counter() - started
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(
        f"{name:12} {seconds:6.2f} s, {grown:5.0f} MB more at most; {len(found.merged):,} merged, "
        f"{len(found.alike):,} alike, {len(found.confused):,} confused"
    )


if __name__ == "__main__":
    main()
