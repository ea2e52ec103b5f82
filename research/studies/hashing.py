"""Random fly hash against BioHash: overlaps, paraphrases over background, and chains."""

from __future__ import annotations

import time

import torch
from common import Context, Table, percent

from nuonuo_memory.research.biohash import BioHash, BioHashConfig
from nuonuo_memory.research.hebbian import FactoredAssociator
from nuonuo_memory.research.mechanisms import create
from nuonuo_memory.research.separation import WINNERS, PatternSeparator, Separator, overlap


def run(context: Context) -> list[Table]:
    """Train on others only, test on triples and on others not seen."""
    pool = context.others()
    count = min(len(pool) - 1, 6_000 if context.device != "cpu" else 1_500)
    short = 20 if context.device != "cpu" else 6
    separators: dict[str, Separator] = {
        "random (prototype 0.220 / 0.004; recall 100 / 60 / 60)": PatternSeparator(
            384, device=context.device
        )
    }
    wanted = [(0.5, short), (1.0, short)]
    if context.device != "cpu":
        wanted.append((0.5, 200))  # as long as the prototype's
    for noise, epochs in wanted:
        started = time.perf_counter()
        config = BioHashConfig(noise=noise, epochs=epochs)
        learned = BioHash.fit(pool[:count], config=config, device=context.device)
        seconds = time.perf_counter() - started
        label = f"BioHash, noise {noise:g}, {epochs} epochs, {seconds:.0f} s"
        if noise == 0.5:
            label += " (prototype 0.572 / 0.060; recall 100 / 40 / 20)"
        separators[label] = learned
    table = Table(
        "Random projection and learned projection",
        [
            "separator",
            "overlap of a cue and its paraphrase",
            "with another cue",
            "flat recall, no others",
            "100",
            "500",
            "polynomial recall, 500",
            "chain of pairs at which recall falls below 95 %: order 1",
            "order 2",
        ],
        f"Trained on {count:,} of the other sentences with noise as the positive; mixed wordings; "
        "% first (95 % interval).",
    )
    for name, separator in separators.items():
        table.add(name, *_row(context, separator))
    return [table]


def _row(context: Context, separator: Separator) -> list[str]:
    _, cues, asked, targets = context.triples()
    codes, like = separator.codes(cues), separator.codes(asked)
    near = float(overlap(codes, like).double().mean()) / WINNERS
    far = float(overlap(codes, codes.roll(1, dims=0)).double().mean()) / WINNERS
    cells = [f"{near:.3f}", f"{far:.3f}"]
    ids = torch.arange(len(cues))
    for name, size in (("flat", 0), ("flat", 100), ("flat", 500), ("polynomial", 500)):
        mechanism = create(name, 384, device=context.device, separator=separator)
        mechanism.store(cues, targets, ids)
        if size:
            others = context.others()[-size:]
            mechanism.store(others, others.roll(1, dims=0), torch.arange(size) + len(cues))
        found = mechanism.recall(asked.to(context.device)).ids[:, 0].cpu()
        cells.append(percent((found == ids).double()))
    tail = separator.codes(context.others()[-10_000:].to(context.device))
    return [*cells, _breaks(tail, 1), _breaks(tail, 2)]


def _breaks(codes: torch.Tensor, order: int) -> str:
    """Return the number of associations at which exact cues fall below 95 %."""
    size = 250
    while size < len(codes):
        memory = FactoredAssociator(order=order, device=codes.device)
        memory.learn(codes[:size], codes[:size].roll(1, dims=0))
        sample = codes[: size : max(1, size // 100)]
        found = torch.cat([memory.recall(part).last for part in torch.split(sample, 16)])
        wanted = codes[:size].roll(1, dims=0)[:: max(1, size // 100)]
        if float((found == wanted).all(dim=1).double().mean()) < 0.95:
            return f"{size:,}"
        size *= 2
    return f"above {size // 2:,}"
