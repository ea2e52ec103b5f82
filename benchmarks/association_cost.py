"""Cost of following: time and memory per added memory, and three hops over a large graph.

    python benchmarks/association_cost.py --memories 1000000 --device cpu

Names are drawn from a Zipf-like distribution, four to a memory, one memory in four is about its
first name; every third memory is linked to the one before it. Times are the minimum and the median
of many single questions; the curve shows that adding stays flat.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time

import torch

from nuonuo_memory.config import AssociationConfig
from nuonuo_memory.engine.graph import AssociationGraph
from nuonuo_memory.engine.spread import Start, spread

MENTIONS = 4


def fill(graph: AssociationGraph, memories: int, *, block: int) -> list[dict[str, float]]:
    """Add memories block by block; return time and bytes per memory after each block."""
    generator = torch.Generator().manual_seed(0)
    curve = []
    for first in range(0, memories, block):
        keys = torch.arange(first, min(first + block, memories))
        owners = keys.repeat_interleave(MENTIONS)
        uniform = torch.rand(len(owners), generator=generator).double()
        names = (memories * uniform**4).long() + (1 << 40)
        kinds = torch.zeros(len(owners))
        kinds[::MENTIONS] = (keys % 4 == 0).float()
        begun = time.perf_counter()
        graph.add_mentions(owners, names, weights=torch.ones(len(owners)), kinds=kinds, group=1)
        ties = keys[1::3]
        graph.add_links(
            ties - 1, ties, weights=torch.ones(len(ties)), kinds=torch.zeros(len(ties)), group=1
        )
        size = graph.nbytes
        spent = time.perf_counter() - begun
        held = int(keys[-1]) + 1
        curve.append(
            {"memories": held, "us_per_memory": 1e6 * spent / len(keys), "bytes": size / held}
        )
    return curve


def ask(graph: AssociationGraph, memories: int, *, batch: int, seed: int) -> float:
    """Seconds for one batch of questions over three hops."""
    generator = torch.Generator().manual_seed(seed)
    queries = torch.arange(batch)
    starts = torch.randint(0, memories, (batch * 5,), generator=generator)
    uniform = torch.rand(batch * 2, generator=generator).double()
    names = (memories * uniform**4).long() + (1 << 40)
    given = torch.full((batch * 5,), 0.15, dtype=torch.float64)
    asked = torch.full((batch * 2,), 0.125, dtype=torch.float64)
    device = graph.device
    from_memories = Start(
        queries.repeat_interleave(5).to(device), starts.to(device), given.to(device)
    )
    from_names = Start(queries.repeat_interleave(2).to(device), names.to(device), asked.to(device))
    config = AssociationConfig(hops=3)
    if device.type == "cuda":
        torch.cuda.synchronize()
    begun = time.perf_counter()
    spread(graph, from_memories, from_names, groups=[[1]] * batch, config=config)
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--memories", type=int, default=1_000_000)
    parser.add_argument("--block", type=int, default=50_000)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--calls", type=int, default=200)
    options = parser.parse_args()
    graph = AssociationGraph(device=options.device)
    curve = fill(graph, options.memories, block=options.block)
    ask(graph, options.memories, batch=1, seed=0)
    report = {"device": options.device, "memories": options.memories, "links": len(graph)}
    for batch in (1, 64):
        calls = max(options.calls // batch, 5)
        times = [1e3 * ask(graph, options.memories, batch=batch, seed=i) for i in range(calls)]
        report[f"batch {batch} ms"] = {
            "min": round(min(times), 2),
            "p50": round(statistics.median(times), 2),
            "p99": round(sorted(times)[int(0.99 * (len(times) - 1))], 2),
        }
    print(
        json.dumps(
            report | {"bytes": graph.nbytes, "curve": curve[:: max(len(curve) // 10, 1)]}, indent=1
        )
    )


if __name__ == "__main__":
    main()
