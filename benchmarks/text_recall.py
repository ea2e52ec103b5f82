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
    """Return p50 and p99 in milliseconds over `calls` calls after a warm-up."""
    for _ in range(10):
        call()
    taken = []
    for _ in range(calls):
        start = time.perf_counter()
        call()
        taken.append((time.perf_counter() - start) * 1000)
    taken.sort()
    return {"p50": statistics.median(taken), "p99": taken[int(len(taken) * 0.99) - 1]}


def main() -> None:
    """Fill a memory, then time the encoder alone and recall in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--memories", type=int, default=5000)
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--device", default=None)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
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
        print(f"{name[:-3]:>8}: p50 {figures['p50']:.2f} ms, p99 {figures['p99']:.2f} ms")  # type: ignore[index]


if __name__ == "__main__":
    main()
