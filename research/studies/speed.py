"""How long recall takes at 20,000 memories, by mechanism, and from text to memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import torch
from common import Context, Table

from nuonuo_memory.encoders.minilm import load_minilm
from nuonuo_memory.research.mechanisms import MECHANISMS, create
from nuonuo_memory.research.modern_hopfield import ModernHopfield


def run(context: Context) -> Iterator[Table]:
    """Median and 99th percentile of single calls."""
    table = Table(
        f"Single recalls at {context.largest:,} memories, ms",
        ["what", "prototype", "p50", "p99"],
        f"On {context.device}, vectors in.",
    )
    others = context.others().to(context.device)
    published = {"two-stage": "4", "flat": "1.26"}
    for name in MECHANISMS:
        mechanism = create(name, others.shape[1], device=context.device)
        mechanism.store(others, others.roll(1, dims=0), torch.arange(len(others)))
        table.add(
            name,
            published.get(name, "–"),
            *_times(lambda m=mechanism: m.recall(others[7:8], k=5), context),
        )
    net = ModernHopfield(512, max_steps=3).to(context.device)
    net.store(torch.nn.functional.normalize(torch.randn(1000, 512), dim=1))
    table.add(
        "Hopfield component, 1,000 patterns of 512",
        "below 1",
        *_times(lambda: net.retrieve_top(net.patterns[:1], 5), context),
    )
    yield table
    yield _from_text(context)


def _from_text(context: Context) -> Table:
    table = Table("From a question in words to memories, ms", ["what", "prototype", "p50", "p99"])
    others = context.others().to(context.device)
    encoder = load_minilm(device=context.device)
    store = create("two-stage", others.shape[1], device=context.device)
    store.store(others, others, torch.arange(len(others)))
    table.add(
        "two-stage, from text",
        "3.1",
        *_times(
            lambda: store.recall(encoder.encode_queries(["Who sold the canoe?"]), k=5), context
        ),
    )
    return table


def _times(call: Callable[[], object], context: Context, runs: int = 200) -> tuple[str, str]:
    taken = []
    for turn in range(runs + 10):
        started = time.perf_counter()
        call()
        if context.device != "cpu":
            torch.cuda.synchronize()
        if turn >= 10:
            taken.append(1e3 * (time.perf_counter() - started))
    taken.sort()
    return f"{taken[len(taken) // 2]:.2f}", f"{taken[int(len(taken) * 0.99)]:.2f}"
