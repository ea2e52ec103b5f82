"""Pairs recalled exactly, chains of hops, and what learning and recalling cost."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from common import Context, Table
from torch import Tensor

from nuonuo_memory.research.crosstalk import hebbian_capacity, shared_moments
from nuonuo_memory.research.hebbian import FactoredAssociator
from nuonuo_memory.research.hebbian_dense import DenseAssociator
from nuonuo_memory.research.separation import CODE_DIM, WINNERS, PatternSeparator, overlap


def run(context: Context) -> list[Table]:
    """Capacity on random codes and on codes of sentences, then costs."""
    separator = PatternSeparator(384, device=context.device)
    pool = torch.cat([context.triples()[1], context.others()])
    real = separator.codes(pool.to(context.device))
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(len(real), 384, generator=generator)
    random = separator.codes(noise.to(context.device))
    return [_chains(random, real, context), _costs(context)]


def _chains(random: Tensor, real: Tensor, context: Context) -> Table:
    table = Table(
        "Pairs and chains among others, by codes and order",
        [
            "codes",
            "order",
            "others",
            "pairs recalled exactly, %",
            "6 hops: cosine",
            "4 chains × 3 hops: cosine",
        ],
        "Prototype: exact at 2,000 pairs (20,000 claimed), 6 hops and 4 × 3 hops at cosine 1.0, "
        "3 hops with 500 others. Hops start from the exact stored cue. Order 1 is the matrix.",
    )
    for name, codes in (("random vectors", random), ("sentences", real)):
        square = shared_moments(codes, code_dim=CODE_DIM)[1]
        predicted = hebbian_capacity(CODE_DIM, WINNERS, mean_square=square)
        for order in (1, 2, 3):
            for others in (500, 2_000, 5_000, 20_000):
                if others > context.largest:
                    continue
                label = f"{name} (order 1 predicted to hold about {predicted:,.0f})"
                table.add(
                    label if order == 1 and others == 500 else name,
                    order,
                    f"{others:,}",
                    *_chain(codes, others, order),
                )
    return table


def _chain(codes: Tensor, others: int, order: int) -> tuple[str, str, str]:
    chain, rest = codes[:19], codes[19 : 19 + others]
    memory = FactoredAssociator(order=order, device=codes.device)
    memory.learn(rest, rest.roll(1, dims=0))
    sample = torch.arange(0, len(rest), max(1, len(rest) // 200), device=codes.device)
    right = torch.cat([memory.recall(part).last for part in torch.split(rest[sample], 16)])
    exact = (right == rest.roll(1, dims=0)[sample]).all(dim=1).double().mean()
    six, four = chain[:7], chain[7:19].view(4, 3, -1)
    four = torch.cat([chain[3:7].view(4, 1, -1), four], dim=1)  # each starts at its own cue
    memory.learn(six[:-1], six[1:])
    far = memory.recall(six[:1], hops=6, support=0.0).codes[0, -1:]
    memory.unlearn(six[:-1], six[1:])
    for one in four:
        memory.learn(one[:-1], one[1:])
    ends = memory.recall(four[:, 0], hops=3, support=0.0).last
    share = [
        float(overlap(a, b).double().mean()) / WINNERS
        for a, b in ((far, six[-1:]), (ends, four[:, -1]))
    ]
    return f"{100 * exact:.0f}", f"{share[0]:.2f}", f"{share[1]:.2f}"


PUBLISHED = {  # by code size: pairs learned a second, one hop in ms, MB of weights
    4_096: ("–", "–", "64"),
    8_192: ("794", "0.35", "–"),
    16_384: ("211", "1.26", "1,024"),
    32_768: ("54", "4.63", "4,096"),
}


def _costs(context: Context) -> Table:
    table = Table(
        "What association costs at 20,000 pairs, 50 ones in a code",
        [
            "code size",
            "",
            "prototype, one GPU",
            "outer product, written plainly",
            "dense, sparse update",
            "factored",
            "factored against plain / sparse",
        ],
        f"On {context.device}; the fastest of several runs.",
    )
    for code_dim, published in PUBLISHED.items():
        if code_dim > 16_384 and context.device == "cpu":
            continue
        for row, figure in zip(_cost(context, code_dim), published, strict=True):
            table.add(f"{code_dim:,}", row[0], figure, *row[1:])
    return table


def _cost(context: Context, code_dim: int) -> list[tuple[str, ...]]:
    """Rate of learning, time of a hop, and memory, at one size of code."""
    block = code_dim // WINNERS
    pairs = []
    for seed in (0, 1):
        generator = torch.Generator().manual_seed(seed)
        codes = torch.randint(block, (20_000, WINNERS), generator=generator)
        pairs.append((codes + torch.arange(WINNERS) * block).int().to(context.device))
    factored = FactoredAssociator(code_dim, device=context.device)
    dense = DenseAssociator(code_dim, device=context.device)

    def learn() -> None:
        FactoredAssociator(code_dim, device=context.device).learn(*pairs)

    plain = 1 / _fastest(_outer_product(pairs, code_dim), context, 3)
    rate = 20_000 / _fastest(learn, context, 7)
    part = (pairs[0][:500], pairs[1][:500])
    sparse = 500 / _fastest(lambda: dense.learn(*part), context, 3)
    factored.learn(*pairs)
    factored.sums(pairs[0][:1])
    times = [
        1e3 * _fastest(lambda m=memory: m.recall(pairs[0][:1]), context, 30)
        for memory in (dense, factored)
    ]
    held = f"{dense.nbytes / 1e6:,.0f}"
    return [
        (
            "learning, pairs a second",
            f"{plain:,.1f}",
            f"{sparse:,.0f}",
            f"{rate:,.0f}",
            f"{rate / plain:,.0f} / {rate / sparse:,.0f}",
        ),
        ("one hop, ms", "–", f"{times[0]:.2f}", f"{times[1]:.2f}", ""),
        (
            "memory, MB",
            held,
            held,
            f"{factored.nbytes / 1e6:.1f}",
            f"{dense.nbytes / factored.nbytes:,.0f}",
        ),
    ]


def _outer_product(pairs: list[Tensor], code_dim: int) -> Callable[[], object]:
    """W += target ⊗ cue of one pair, as it is written down."""
    ones = [torch.zeros(code_dim, device=codes.device) for codes in pairs]
    for one, codes in zip(ones, pairs, strict=True):
        one[codes[0].long()] = 1
    weights = torch.zeros(code_dim, code_dim, device=pairs[0].device)
    return lambda: weights.addr_(*ones)


def _fastest(call: Callable[[], object], context: Context, runs: int) -> float:
    best = float("inf")
    for _ in range(runs + 1):
        started = time.perf_counter()
        call()
        if context.device != "cpu":
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - started)
    return best
