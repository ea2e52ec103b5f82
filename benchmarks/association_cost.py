"""Cost of following: time and memory per added memory, and three hops over a large graph.

    python benchmarks/association_cost.py --memories 1000000 --device cpu --svg curve.svg

Names are drawn from a Zipf-like distribution, four to a memory, one memory in four is about its
first name; every third memory is linked to the one before it. Times are the minimum and the median
of many single questions; the curve shows that adding stays flat: `us_per_memory` is the mean over
all memories so far, `us_in_block` that of the block alone, dear where an array or the table grew.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

import torch
from result_files import Cell, Result, finish, rounded, this_command

from nuonuo_memory.config import AssociationConfig
from nuonuo_memory.engine.graph.association_graph import AssociationGraph
from nuonuo_memory.engine.graph.spread import Start, spread

MENTIONS = 4


def fill(graph: AssociationGraph, memories: int, *, block: int) -> list[dict[str, float]]:
    """Add memories block by block; return time and bytes per memory after each block."""
    generator = torch.Generator().manual_seed(0)
    curve = []
    spent = 0.0
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
        if graph.device.type == "cuda":
            torch.cuda.synchronize()
        took = time.perf_counter() - begun
        spent += took
        held = int(keys[-1]) + 1
        curve.append(
            {
                "memories": held,
                "us_per_memory": 1e6 * spent / held,
                "us_in_block": 1e6 * took / len(keys),
                "bytes": size / held,
            }
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
    config = AssociationConfig()
    if device.type == "cuda":
        torch.cuda.synchronize()
    begun = time.perf_counter()
    spread(graph, from_memories, from_names, groups=[[1]] * batch, hops=3, config=config)
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - begun


def drawn(curve: list[dict[str, float]]) -> str:
    """Draw time and bytes per memory over the number of memories, as SVG."""
    width, height, left, top = 640, 260, 60, 24
    most = curve[-1]["memories"]
    size = f'width="{width}" height="{height}" font-family="sans-serif" font-size="12"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size}>',
        '<rect width="100%" height="100%" fill="white"/>',
    ]
    for column, name, colour in ((0, "us_per_memory", "#1f6f8b"), (1, "bytes", "#b5541c")):
        values = [row[name] for row in curve]
        high = max(values) * 1.25
        x0, x1 = left + column * 310, left + column * 310 + 230
        y0, y1 = height - 40, top + 16
        points = " ".join(
            f"{x0 + (x1 - x0) * row['memories'] / most:.1f},{y0 - (y0 - y1) * row[name] / high:.1f}"
            for row in curve
        )
        title = "µs per memory, mean so far" if column == 0 else "bytes per memory"
        parts += [
            f'<text x="{x0}" y="{top}">{title}</text>',
            f'<path d="M{x0} {y1}V{y0}H{x1}" fill="none" stroke="#888"/>',
            f'<text x="{x0 - 6}" y="{y0}" text-anchor="end">0</text>',
            f'<text x="{x0 - 6}" y="{y1 + 8}" text-anchor="end">{high:.0f}</text>',
            f'<text x="{x0}" y="{y0 + 18}">0</text>',
            f'<text x="{x1}" y="{y0 + 18}" text-anchor="end">{most:,.0f} memories</text>',
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>',
        ]
    return "\n".join([*parts, "</svg>\n"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--memories", type=int, default=1_000_000)
    parser.add_argument("--block", type=int, default=50_000)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--save", type=Path, help="where the result file goes")
    parser.add_argument("--svg", type=Path, help="Draw the curve into this file.")
    options = parser.parse_args()
    graph = AssociationGraph(device=options.device)
    curve = fill(graph, options.memories, block=options.block)
    if options.svg is not None:
        options.svg.write_text(drawn(curve), encoding="utf-8")
    ask(graph, options.memories, batch=1, seed=0)
    asking = []
    for batch in (1, 64):
        calls = max(options.calls // batch, 5)
        times = [1e3 * ask(graph, options.memories, batch=batch, seed=i) for i in range(calls)]
        late = sorted(times)[int(0.99 * (len(times) - 1))]
        figures = (min(times), statistics.median(times), late)
        asking.append(f"{batch} at once: " + " / ".join(f"{rounded(one)}" for one in figures))
    some = curve[:: max(len(curve) // 5, 1)]
    rows: list[list[Cell]] = [
        ["µs per memory added, mean so far", *(rounded(row["us_per_memory"]) for row in some)],
        [
            f"µs per memory added, in the last {options.block:,}",
            *(rounded(row["us_in_block"]) for row in some),
        ],
        ["bytes per memory", *(round(row["bytes"]) for row in some)],
    ]
    columns = ["memories", *(f"{row['memories']:,}" for row in some)]
    note = (
        f"{options.memories:,} memories, {len(graph):,} links, {options.device}; three hops, "
        f"milliseconds at least / p50 / p99, {'; '.join(asking)}"
    )
    finish(Result("association-cost", this_command(), columns, rows, note=note), options.save)


if __name__ == "__main__":
    main()
