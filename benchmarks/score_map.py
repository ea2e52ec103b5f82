"""How evidence becomes a score: right hits against wrong ones, with and without associations.

    python benchmarks/score_map.py locomo=DATA/locomo.json longmemeval=DATA/longmemeval

For the ten best turns of each question that has a right one among them, fits

    score = sigmoid(slope * (evidence - midpoint))

by logistic regression, right and wrong hits weighed alike, each data set alike. `recall.results`
has the figures of `hops=0`; `recall.association` brings those of `hops=3` to the same scale.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from nuonuo_memory import TextMemory
from nuonuo_memory.encoders.minilm import load_minilm
from nuonuo_memory.evaluation import BenchSettings, locomo, longmemeval
from nuonuo_memory.evaluation.asking import Haystack, observe
from nuonuo_memory.evaluation.conversations import encode_haystacks, workers
from nuonuo_memory.evaluation.data import Session
from nuonuo_memory.evaluation.vectors import EncodedTexts

HOPS = (0, 3)
Labelled = list[tuple[int, float, bool]]
"""Hops, evidence, whether the hit is right."""


def loaded(name: str, data: str) -> tuple[list[Haystack], list[Session]]:
    if name == "longmemeval":
        return longmemeval.haystacks(data, None)
    found = locomo.haystacks(data, None)
    return found, [session for haystack in found for session in haystack.sessions]


def labelled(haystack: Haystack, *, folder: Path) -> Labelled:
    """The raw evidence of the hits of a haystack's questions."""
    rows: Labelled = []
    with (
        patch("nuonuo_memory.recall.results.score_of", float),
        TextMemory.in_memory(encoder=EncodedTexts(folder), device="cpu") as memory,
    ):
        observe(memory, haystack.sessions)
        for question in haystack.questions:
            for hops in HOPS:
                hits = memory.recall(question.text, k=10, now=question.asked, hops=hops)
                right = [
                    (hit.memory.session, hit.memory.turn) in question.gold_turns for hit in hits
                ]
                if any(right):
                    rows += [(hops, hit.score, one) for hit, one in zip(hits, right, strict=True)]
    return rows


def fit(
    evidence: NDArray[np.float64], right: NDArray[np.bool_], weight: NDArray[np.float64]
) -> tuple[float, float]:
    """Slope and midpoint of the weighted logistic regression, by damped Newton steps."""
    mean, spread = evidence.mean(), evidence.std()
    columns = np.stack([(evidence - mean) / spread, np.ones_like(evidence)], axis=1)
    theta = np.zeros(2)
    for _ in range(200):
        p = 1 / (1 + np.exp(-columns @ theta))
        curvature = (columns * (weight * p * (1 - p))[:, None]).T @ columns
        theta += 0.5 * np.linalg.solve(curvature, columns.T @ (weight * (right - p)))
    slope = theta[0] / spread
    return float(slope), float(mean - theta[1] / slope)


def report(found: dict[str, Labelled]) -> None:
    for hops in HOPS:
        parts = []
        for name, rows in found.items():
            evidence = np.array([value for held, value, _ in rows if held == hops])
            right = np.array([one for held, _, one in rows if held == hops])
            weight = np.where(right, 0.5 / right.sum(), 0.5 / (~right).sum())
            parts.append((evidence, right, weight))
            print(f"hops {hops}, {name}: slope %.2f, midpoint %.2f" % fit(*parts[-1]))
        together = fit(*(np.concatenate(column) for column in zip(*parts, strict=True)))
        print(f"hops {hops}, together: slope %.2f, midpoint %.2f" % together)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", nargs="+", help="locomo=FILE or longmemeval=FOLDER")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args(arguments)
    settings = BenchSettings(load_minilm(device=options.device), options.device, jobs=options.jobs)
    found: dict[str, Labelled] = {}
    for named in options.data:
        name, data = named.split("=", 1)
        haystacks, sessions = loaded(name, data)
        with TemporaryDirectory() as folder, workers(options.jobs) as pool:
            place = Path(folder)
            encode_haystacks(place, haystacks, sessions, settings=settings, pool=pool)
            parts = pool(partial(labelled, folder=place), haystacks)
            found[name] = [row for part in parts for row in part]
    report(found)


if __name__ == "__main__":
    main()
