"""The prototype's own conditions: few pairs at a time, in wordings as near as its own were.

Its 20 pairs had cosines from 0.18 to 0.86, 0.68 in the mean. Of our wordings within these bounds
each is drawn with a chance that grows exponentially with its cosine, at the rate that gives this
mean: of all distributions over them with that mean, the one that assumes least. Settings are chosen
on one half of our triples, by a hash of their cues, and figures are of the other half.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence

import torch
from augmentation import PUBLISHED, variants
from common import SMALL, Context, Table, percent_by
from mechanisms import PROTOTYPE, hits
from pararel import questions, recalled
from texts import for_choosing, sentences
from torch import Tensor

from nuonuo_memory.config import HopfieldConfig
from nuonuo_memory.research.mechanisms import MECHANISMS, MechanismConfig, create

LOW, MEAN, HIGH = 0.18, 0.68, 0.86
WINNERS = (50, 100, 200, 400)
BETAS = (16.0, 30.0, 40.0, 60.0, 100.0, 200.0)


def run(context: Context) -> Iterator[Table]:
    """What was drawn; then what was chosen; then every mechanism and augmentation."""
    drawn = {choosing: draw(context, choosing, sets=100, size=10) for choosing in (True, False)}
    yield _drawn(context, drawn)
    yield _betas(context)
    table, winners = _winners(context, drawn[True])
    yield table
    yield _mechanisms(context, drawn[False], winners)
    yield _code_sizes(context)
    yield _augmentation(context)


def draw(context: Context, choosing: bool, *, sets: int, size: int) -> Tensor:
    """Draw sets of questions about different triples of a half.

    Returns:
        Numbers of questions, int64 [sets, size]: of n triples the near wordings, from n on the far.
    """
    rows, cues, near, _ = context.triples("near")
    cosine = torch.cat([(cues * asked).sum(1) for asked in (near, context.triples("far")[2])])
    mine = torch.tensor([chosen == choosing for chosen in for_choosing(rows)] * 2)
    weight = _tilted(cosine.double(), (cosine >= LOW) & (cosine <= HIGH)) * mine
    generator = torch.Generator().manual_seed(0)
    found = torch.empty(sets, size, dtype=torch.int64)
    for one in found:
        left = weight.clone()
        for place in range(size):
            one[place] = torch.multinomial(left, 1, generator=generator)
            triple = int(one[place]) % len(rows)
            left[[triple, triple + len(rows)]] = 0.0
    return found


def _tilted(cosine: Tensor, allowed: Tensor) -> Tensor:
    """Chances exp(rate · cosine) of what is allowed, with a mean cosine of `MEAN`."""
    low, high = -50.0, 50.0
    for _ in range(60):
        rate = (low + high) / 2
        chance = torch.softmax((rate * cosine).masked_fill(~allowed, -torch.inf), dim=0)
        low, high = (rate, high) if float((chance * cosine).sum()) < MEAN else (low, rate)
    return chance


def _questions(context: Context) -> Tensor:
    return torch.cat([context.triples("near")[2], context.triples("far")[2]])


def _drawn(context: Context, drawn: dict[bool, Tensor]) -> Table:
    table = Table(
        "Cosine of cue and question in the sets of ten",
        ["", "mean", "least of a set", "greatest of a set"],
        "As drawn, 100 sets of each half.",
    )
    table.add("prototype, one set of 20", "0.68", "0.18", "0.86")
    cues = context.triples()[1]
    for choosing, sets in drawn.items():
        cosine = (_questions(context)[sets] * cues[sets % len(cues)]).sum(-1)
        ends = cosine.amin(1).mean(), cosine.amax(1).mean()
        half = "the half to choose on" if choosing else "the other half"
        table.add(half, *(f"{float(x):.2f}" for x in (cosine.mean(), *ends)))
    return table


def _betas(context: Context) -> Table:
    """Two-stage recall by β, on both halves of our triples and of ParaRel's relations."""
    chosen = torch.tensor(for_choosing(context.triples()[0]))
    size = context.sizes[-1]
    halves = ("half to choose on", "other half")
    table = Table(
        f"Two-stage recall by β, one cue each, {size:,} others, % first",
        ["β", *(f"{wording}, {half}" for wording in ("mixed", "far") for half in halves)]
        + [f"ParaRel, {half}" for half in halves],
        "ParaRel: relations by turns, all facts in one memory.",
    )
    for beta in BETAS:
        config = MechanismConfig(hopfield=HopfieldConfig(candidates=64, beta=beta))
        cells = []
        for wording in ("mixed", "far"):
            found = hits(context, "two-stage", size, config=config, wording=wording)
            cells += [f"{100 * float(found[half].mean()):.1f}" for half in (chosen, ~chosen)]
        cells += _pararel(context, config)
        table.add(f"{beta:g}", *cells)
    return table


def _pararel(context: Context, config: MechanismConfig) -> list[str]:
    if context.data is None:
        return ["–", "–"]
    cues, asked, owners, groups = questions(context)
    stored, ids = context.encode(cues), torch.arange(len(cues))
    found = recalled(context, "two-stage", stored, ids, context.encode(asked), config=config)
    right = (found[:, 0] == owners).double()
    even = groups[owners] % 2 == 0
    return [f"{100 * float(right[half].mean()):.1f}" for half in (even, ~even)]


def _winners(context: Context, sets: Tensor) -> tuple[Table, int]:
    """Hopfield on codes by the number of ones, on the half to choose on."""
    table = Table(
        "Hopfield on codes by ones in a code of 16,384, % first",
        ["ones", *(f"{size:,} others" for size in SMALL)],
        "Sets of ten of the half to choose on.",
    )
    best, chosen = -1.0, 0
    for winners in WINNERS:
        config = MechanismConfig(winners=winners)
        found = _in_sets(context, "code-hopfield", sets, context.others(), config)
        shares = [float(one.mean()) for one in found]
        table.add(winners, *(f"{100 * share:.1f}" for share in shares))
        if sum(shares) > best:
            best, chosen = sum(shares), winners
    return table, chosen


def _in_sets(
    context: Context,
    name: str,
    sets: Tensor,
    others: Tensor,
    config: MechanismConfig,
    *,
    sizes: Sequence[int] = SMALL,
) -> list[Tensor]:
    """Which questions bring up their memory, [sets, size] for each number of others."""
    _, cues, _, targets = context.triples()
    asked, stored, found = _questions(context), 0, []
    base = create(
        name, 384, config=config, device=context.device, separator=context.separator(config)
    )
    for size in sizes:
        more = others[stored:size]
        if len(more):
            base.store(more, more.roll(1, dims=0), torch.arange(stored, size) + 1000)
        stored, right = size, []
        for numbers in sets:
            triples = numbers % len(cues)
            mechanism = copy.deepcopy(base)
            mechanism.store(cues[triples], targets[triples], triples)
            ids = mechanism.recall(asked[numbers].to(context.device)).ids[:, 0].cpu()
            right.append((ids == triples).double())
        found.append(torch.stack(right))
    return found


def _mechanisms(context: Context, sets: Tensor, winners: int) -> Table:
    table = Table(
        "Paraphrase recall in the prototype's conditions, by mechanism",
        [
            "mechanism",
            "others",
            "prototype, 10 pairs, 0 / 100 / 500 / 1,000",
            *map(str, SMALL),
            "sets that reach the prototype's figure, %",
        ],
        f"{len(sets)} sets of ten of the other half; % first (95 % interval over the triples).",
    )
    kinds = {"templates": context.others()}
    if context.data is not None:
        kinds["encyclopaedias"] = context.encode(
            sentences(context.data, ["2wiki", "hotpotqa"], SMALL[-1])
        )
    wanted = {name: (name, MechanismConfig()) for name in MECHANISMS}
    wanted |= {
        "spiking-hopfield, 1 step": ("spiking-hopfield", MechanismConfig(spike_steps=1)),
        f"code-hopfield, {winners} ones": ("code-hopfield", MechanismConfig(winners=winners)),
    }
    for label, (name, config) in wanted.items():
        published = PROTOTYPE.get(name, "–") if name != "two-stage" else "–"
        for kind, others in kinds.items():
            found = _in_sets(context, name, sets, others, config)
            owners = sets % len(context.triples()[0])
            cells = [percent_by(one, owners) for one in found]
            table.add(label, kind, published, *cells, _reached(found, published))
    return table


def _code_sizes(context: Context) -> Table:
    table = Table(
        "Paraphrase recall in the prototype's conditions, by size of code, no others",
        ["mechanism", "code", "prototype, 20 pairs", "sets of 20", "reach its figure, %"],
        "50 sets of 20 of the other half; % first (95 % interval over the triples).",
    )
    sets = draw(context, False, sets=50, size=20)
    owners = sets % len(context.triples()[0])
    published = {(4096, 20): 85, (16_384, 50): 95, (16_384, 100): 90}
    for name in ("flat", "coarse-to-fine"):
        for (code_dim, winners), figure in published.items():
            wanted = figure if name == "flat" else 90
            config = MechanismConfig(code_dim=code_dim, winners=winners)
            [found] = _in_sets(context, name, sets, context.others(), config, sizes=(0,))
            reached = (found.mean(1) >= wanted / 100 - 1e-9).double().mean()
            table.add(
                name, f"{code_dim:,}, k {winners}", wanted, percent_by(found, owners),
                f"{100 * float(reached):.0f}",
            )  # fmt: skip
    return table


def _reached(found: list[Tensor], published: str) -> str:
    """Share of sets with at least the prototype's figure, at each number of others."""
    if " / " not in published:
        return "–"
    figures = [float(figure) / 100 for figure in published.partition(" (")[0].split(" / ")]
    shares = [
        float((one.mean(1) >= figure - 1e-9).double().mean())
        for one, figure in zip(found, figures, strict=True)
    ]
    return " / ".join(f"{100 * share:.0f}" for share in shares)


def _augmentation(context: Context) -> Table:
    """Two-stage recall in sets of twenty, as drawn and in mixed wordings."""
    sizes = [size for size in (0, 500, 2_000, 20_000) if size <= context.largest]
    table = Table(
        "Two-stage recall in the prototype's conditions, by augmentation",
        ["wordings", "stored beside the cue", "prototype, 20 pairs, 0 / 500 / 2,000"]
        + [f"{size:,}" for size in sizes]
        + ["sets that reach the prototype's figure, %"],
        "Sets of 20 of the other half, each with the others alone: 50 sets as drawn, 4 in mixed "
        "wordings; % first (95 % interval over the triples).",
    )
    rows = context.triples()[0]
    rest = torch.tensor([place for place, mine in enumerate(for_choosing(rows)) if not mine])
    mixed = rest[: len(rest) // 20 * 20]
    mixed = torch.where(mixed % 2 == 1, mixed + len(rows), mixed).view(-1, 20)
    drawn = {"as drawn": draw(context, False, sets=50, size=20), "mixed": mixed}
    for wordings, sets in drawn.items():
        for name, (vectors, owners) in _stored(context).items():
            found = [_augmented(context, sets, vectors, owners, size) for size in sizes]
            published = PUBLISHED.get(name, "–")
            cells = [percent_by(one, sets % len(rows)) for one in found]
            table.add(wordings, name, published, *cells, _reached(found[:3], published))
    return table


def _stored(context: Context) -> dict[str, tuple[Tensor, Tensor]]:
    """Vectors and the questions that they stand for, by what is stored beside the cue.

    Another wording is the far one where the near one is asked, and the near where the far one is.
    """
    count = len(context.triples()[0])
    both = {
        name: (vectors.repeat(2, 1), torch.cat([owners, owners + count]))
        for name, (vectors, owners) in variants(context).items()
    }
    cues, numbers = both["none"]
    reworded = torch.cat([cues, _questions(context).roll(count, dims=0)])
    return both | {"another wording": (reworded, numbers.repeat(2))}


def _augmented(
    context: Context, sets: Tensor, vectors: Tensor, numbers: Tensor, size: int
) -> Tensor:
    """Which questions bring up their memory among `size` others, [sets, set's size]."""
    others, asked = context.others()[:size], _questions(context)
    base = create("two-stage", vectors.shape[1], device=context.device)
    if size:
        base.store(others, others, torch.arange(size) + len(asked))
    found = []
    for chosen in sets:
        mine = torch.isin(numbers, chosen)
        mechanism = copy.deepcopy(base)
        mechanism.store(vectors[mine], vectors[mine], numbers[mine])
        ids = mechanism.recall(asked[chosen].to(context.device)).ids[:, 0].cpu()
        found.append((ids == chosen).double())
    return torch.stack(found)
