"""Text in, memories out, beside the encoder alone: what the memory adds to the embedding.

    python benchmarks/text_recall.py [--memories 5000] [--calls 200] [--json]

The texts are made from a seed; quality is not at stake here, the ranking is the product's own.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time
from collections.abc import Callable

import torch

from nuonuo_memory import TextMemory

SUBJECTS = [
    "Ada",
    "Bruno",
    "Chiara",
    "Dmitri",
    "Elif",
    "Farid",
    "Greta",
    "Hugo",
    "Ines",
    "Jonas",
    "Kira",
    "Liam",
    "Mona",
    "Nils",
]
VERBS = [
    "repaired",
    "painted",
    "sold",
    "borrowed",
    "lost",
    "found",
    "photographed",
    "described",
    "wanted",
    "returned",
]
THINGS = [
    "bicycle",
    "kettle",
    "violin",
    "tent",
    "ladder",
    "atlas",
    "lantern",
    "saddle",
    "telescope",
    "carpet",
    "drone",
    "stove",
]
PLACES = [
    "harbour",
    "market",
    "attic",
    "garden",
    "station",
    "library",
    "workshop",
    "chapel",
    "bakery",
    "island",
]


def sentence(rng: random.Random) -> str:
    """Return one sentence made of four random choices and a number."""
    return (
        f"{rng.choice(SUBJECTS)} {rng.choice(VERBS)} the {rng.choice(THINGS)} number "
        f"{rng.randrange(1000)} at the {rng.choice(PLACES)}."
    )


def timed(call: Callable[[], object], calls: int) -> dict[str, float]:
    """Return least, p50 and p99 in milliseconds after a warm-up, and the least processor time."""
    for _ in range(10):
        call()
    taken, worked = [], []
    for _ in range(calls):
        start, busy = time.perf_counter(), time.process_time()
        call()
        taken.append((time.perf_counter() - start) * 1000)
        worked.append((time.process_time() - busy) * 1000)
    taken.sort()
    return {
        "least": taken[0],
        "p50": statistics.median(taken),
        "p99": taken[int(len(taken) * 0.99) - 1],
        "cpu_least": min(worked),
    }


def main() -> None:
    """Fill a memory, then time the encoder alone and recall in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--memories", type=int, default=5000)
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--device", default=None)
    parser.add_argument("--threads", type=int, default=0, help="0: as torch chooses")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    rng = random.Random(0)
    options = {"device": arguments.device} if arguments.device else {}
    with TextMemory.in_memory(**options) as memory:  # type: ignore[arg-type]
        memory.observe(
            [
                {"role": "user", "content": f"{sentence(rng)} {sentence(rng)} {sentence(rng)}"}
                for _ in range(arguments.memories)
            ],
            session="made up",
        )
        question = "Who borrowed the telescope at the harbour?"
        result = {
            "memories": arguments.memories,
            "cues": memory.stats().cues,
            "device": memory.stats().device,
            "encoder_ms": timed(lambda: memory.encoder.encode_queries([question]), arguments.calls),
            "recall_ms": timed(lambda: memory.recall(question), arguments.calls),
            "follow_ms": timed(lambda: memory.follow(question), arguments.calls),
        }
    if arguments.json:
        print(json.dumps(result))
        return
    print(f"{result['cues']} cues of {result['memories']} memories on {result['device']}")
    for name in ("encoder_ms", "recall_ms", "follow_ms"):
        figures = result[name]
        print(f"{name[:-3]:>8}: " + ", ".join(f"{n} {ms:.2f} ms" for n, ms in figures.items()))  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()
