"""Paraphrase recall of every mechanism over a growing background."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from common import Context, Table, percent

from nuonuo_memory.config import HopfieldConfig
from nuonuo_memory.research.mechanisms import MECHANISMS, MechanismConfig, create

PROTOTYPE = {
    "flat": "80 / 60 / 30 / 20",
    "attractor": "90 / 40 / 30 / 10",
    "recurrent": "20 / 20 / 10 / 10",
    "code-hopfield": "100 / 90 / 90 / 100",
    "spiking-hopfield": "20 (5 pairs, none)",
    "two-stage": "80 at 20,000",
}


def hits(
    context: Context,
    name: str,
    size: int,
    *,
    config: MechanismConfig | None = None,
    count: int | None = None,
    wording: str = "mixed",
) -> torch.Tensor:
    """Return which questions bring up their memory, with `size` others stored."""
    rows, cues, asked, targets = context.triples(wording)
    count = count or len(rows)
    separator = context.separator(config)
    mechanism = create(name, 384, config=config, device=context.device, separator=separator)
    ids = torch.arange(count)
    mechanism.store(cues[:count], targets[:count], ids)
    if size:
        others = context.others()[:size]
        mechanism.store(others, others.roll(1, dims=0), torch.arange(size) + len(rows))
    parts = torch.split(asked[:count].to(context.device), 16)
    found = torch.cat([mechanism.recall(part).ids[:, 0].cpu() for part in parts])
    return (found == ids).double()


def run(context: Context) -> Iterator[Table]:
    """Every mechanism; then code sizes; then how near paraphrases are."""
    yield _nearness(context)
    for wording in ("near", "mixed", "far"):
        table = Table(
            f"Paraphrase recall by mechanism and number of others, {wording} wordings",
            [
                "mechanism",
                "prototype, 10 pairs, 0 / 100 / 500 / 1,000 others",
                *map("{:,}".format, context.sizes),
            ],
            "201 triples of ours, one cue each, no augmentation; % first (95 % interval).",
        )
        for name in MECHANISMS:
            sizes = [n for n in context.sizes if wording == "mixed" or n in (0, 1000, 20_000)]
            cells = {size: percent(hits(context, name, size, wording=wording)) for size in sizes}
            figures = [cells.get(size, "") for size in context.sizes]
            table.add(name, PROTOTYPE.get(name, "–"), *figures)
        yield table
    yield _temperature(context)


def _temperature(context: Context) -> Table:
    """Two-stage recall by β and steps: what settling costs and brings."""
    size = context.sizes[-1]
    table = Table(
        f"Two-stage recall by β and steps, {size:,} others",
        ["β", "steps", "candidates", "near", "mixed", "far"],
        "One cue each: the nearest cue decides, and settling can only agree or blur.",
    )
    for beta, steps, candidates in (
        (16.0, 3, 20), (16.0, 3, 200), (40.0, 1, 64), (40.0, 3, 64), (100.0, 3, 64)
    ):  # fmt: skip
        settings = HopfieldConfig(candidates=candidates, beta=beta, max_steps=steps)
        config = MechanismConfig(hopfield=settings)
        cells = [
            percent(hits(context, "two-stage", size, config=config, wording=wording))
            for wording in ("near", "mixed", "far")
        ]
        table.add(f"{beta:g}", steps, candidates, *cells)
    return table


def _nearness(context: Context) -> Table:
    table = Table(
        "Cosine of a cue and its paraphrase (MiniLM)",
        ["", "mean", "min", "max", "unrelated"],
        "Mixed takes every other question in its far wording: as near as the prototype's were.",
    )
    table.add("prototype, 20 pairs", "0.68", "0.18", "0.86", "0.10")
    for wording in ("near", "mixed", "far"):
        rows, cues, asked, _ = context.triples(wording)
        cosine = cues @ asked.T
        same = cosine.diagonal()
        other = cosine[~torch.eye(len(rows), dtype=torch.bool)].mean()
        table.add(wording, *(f"{x:.2f}" for x in (same.mean(), same.min(), same.max(), other)))
    return table
