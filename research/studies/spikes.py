"""The spiking autoencoder on held-out sentences, and plasticity rules against each other."""

from __future__ import annotations

import time

import torch
from common import Context, Table
from texts import sentences
from torch import Tensor, nn

from nuonuo_memory.research.plasticity import OuterProduct, Plasticity, SpikeTiming, recall
from nuonuo_memory.research.separation import PatternSeparator, overlap
from nuonuo_memory.research.spiking import SpikingAutoencoder, SpikingConfig, train

SHAPES = ((2048, 64, "0.9898"), (4096, 64, "0.9873"), (8192, 64, "0.9773"), (4096, 128, "0.9640"))


def run(context: Context) -> list[Table]:
    """On a GPU all the prototype's shapes; on a CPU the chosen one, trained briefly."""
    return [_autoencoder(context), _plasticity(context)]


def wide(context: Context) -> tuple[Tensor, Tensor]:
    """Return 768-dimensional training and test vectors, of sentences of different sources.

    A sentence's vector beside that of its neighbour in the passage: two real views, each of 384.
    """
    if context.data is None:
        given = context.others()[:8_000]
        held_out = torch.cat([context.triples()[1], context.triples()[3]])
    else:
        given = context.encode(sentences(context.data, ["2wiki"], 8_000))
        held_out = context.encode(sentences(context.data, ["hotpotqa"], 1_000))
        alike = (held_out @ given.T).amax(dim=1) > 0.98
        held_out = held_out[~alike]
    given = given if context.device != "cpu" else given[:2_000]
    return _beside(given), _beside(held_out)


def _beside(vectors: Tensor) -> Tensor:
    return nn.functional.normalize(torch.cat([vectors, vectors.roll(-1, dims=0)], dim=1))


def _autoencoder(context: Context) -> Table:
    table = Table(
        "Spiking autoencoder at 768 dimensions, on sentences not trained on",
        [
            "neurons / steps",
            "prototype, 200 epochs",
            "epochs",
            "seconds",
            "cosine",
            "worst",
            "MSE",
            "firing rate",
            "first spike, step",
            "silent",
        ],
        "Two sentence vectors side by side; trained on sentences of 2Wiki, tested on sentences "
        "of HotpotQA (without the data folder: templates, and our triples).",
    )
    given, held_out = wide(context)
    on_gpu = context.device != "cpu"
    for neurons, steps, figure in SHAPES if on_gpu else SHAPES[:1]:
        for epochs in (0, 20) if on_gpu else (0, 1):
            config = SpikingConfig(neurons=neurons, steps=steps)
            model = SpikingAutoencoder(768, config=config).to(context.device)
            started = time.perf_counter()
            train(model, given.to(context.device), epochs=epochs)
            seconds = time.perf_counter() - started
            found = model.report(held_out.to(context.device))
            table.add(
                f"{neurons:,} / {steps}", figure, epochs, f"{seconds:.1f}", f"{found.cosine:.4f}",
                f"{found.worst:.4f}", f"{found.mse:.1e}", f"{found.rate:.1%}",
                f"{found.latency:.1f}", f"{found.silent:.1%}",
            )  # fmt: skip
    return table


def _plasticity(context: Context) -> Table:
    table = Table(
        "Plasticity rules: overlap of what an exact cue recalls with its target",
        ["rule", "20 pairs", "100 pairs", "200 pairs"],
        "Codes of sentences, code size 2,048, k 20. Prototype: spike timing failed.",
    )
    rules: dict[str, Plasticity] = {
        "outer product": OuterProduct(),
        "spike timing, no teacher": SpikeTiming(forced=False),
        "spike timing, teacher, no jitter": SpikeTiming(jitter=0.0),
        "spike timing, teacher": SpikeTiming(),
    }
    _, cues, _, targets = context.triples()
    separator = PatternSeparator(384, code_dim=2048, winners=20)
    codes, wanted = separator.codes(cues), separator.codes(targets)
    for name, rule in rules.items():
        cells = []
        for count in (20, 100, 200):
            weights = torch.zeros(2048, 2048)
            rule.learn(weights, codes[:count], wanted[:count])
            found = recall(weights, codes[:count], winners=20)
            cells.append(f"{float(overlap(found, wanted[:count]).double().mean()) / 20:.2f}")
        table.add(name, *cells)
    return table
