"""Time and room of a consolidation pass over many memories.

python benchmarks/consolidation.py --memories 20000

Sentences come from the studies' templates, which share much and differ in a word or two: the hard
case, where many are as near as copies. One in twenty is said a second time.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from pathlib import Path

from nuonuo_memory import NewMemory, TextMemory

sys.path.insert(0, str(Path(__file__).parent / "studies"))
from texts import background


def main() -> None:
    """Read the arguments, fill a memory, plan a pass, carry it out, plan again."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--memories", type=int, default=20_000)
    given = parser.parse_args()
    count = given.memories * 20 // 21
    texts = background(count)
    texts += [text.upper() for text in texts[: given.memories - count]]
    with TextMemory.in_memory() as memory:
        memory.remember_many([NewMemory(text) for text in texts])
        stats = memory.stats()
        print(f"{stats.memories:,} memories, {stats.cues:,} cues, {stats.device}")
        for name, dry_run in (("dry run", True), ("carried out", False), ("again", True)):
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            started = time.perf_counter()
            found = memory.consolidate(dry_run=dry_run)
            seconds = time.perf_counter() - started
            grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
            print(
                f"{name:12} {seconds:6.2f} s, {grown:5.0f} MB more at most; "
                f"{len(found.merged):,} merged, {len(found.alike):,} alike, "
                f"{len(found.confused):,} confused"
            )


if __name__ == "__main__":
    main()
