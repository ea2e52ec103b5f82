"""How sure the memory is, where the answer is there and where it was taken away, in Markdown.

    python benchmarks/confidence.py --longmemeval DATA --locomo DATA [--device cuda] [--jobs 16]

Every question that has an answer is asked twice by the whole product: of its haystack, and of the
same haystack after the sessions that answer it were forgotten. Each haystack is stored once, and
calibrated once as `memory.calibrate()` does, without labels. The questions that a data set itself
leaves without an answer are asked as they are.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Literal, NamedTuple, TypeAlias, get_args

import numpy as np
import typer
from encoders import encoder_of
from numpy.typing import NDArray
from result_files import Cell, Result, cell, finish, this_command

from nuonuo_memory.cli.bench import bars
from nuonuo_memory.evaluation import locomo, longmemeval, scoring
from nuonuo_memory.evaluation.asking import Haystack, observe
from nuonuo_memory.evaluation.conversations import encode_haystacks, workers
from nuonuo_memory.evaluation.data import Question
from nuonuo_memory.evaluation.settings import BenchSettings
from nuonuo_memory.evaluation.vectors import EncodedTexts
from nuonuo_memory.memory import TextMemory
from nuonuo_memory.recall.confidence import TRUST, TYPICAL_MISS

Case: TypeAlias = Literal["there", "taken away", "never there"]

BINS = 5
TRUSTS = (0.2, TRUST, 0.5)
"""Shares of a store's difference that a calibration may take off; `TRUST` ships."""


class Asked(NamedTuple):
    """One question as it was asked once."""

    case: Case
    logit: float
    similarity: float


class Store(NamedTuple):
    """One haystack's questions, and the offset that its calibration found."""

    asked: Sequence[Asked]
    offset: float


class Answers(NamedTuple):
    """The questions of one data set that have an answer, each asked twice.

    Attributes:
        logit: float64 [n], log-odds of the confidence.
        offset: float64 [n], of the store's calibration.
        there: bool [n].
    """

    logit: NDArray[np.float64]
    offset: NDArray[np.float64]
    there: NDArray[np.bool_]


def main(
    *,
    longmemeval_data: Annotated[Path | None, typer.Option("--longmemeval")] = None,
    locomo_data: Annotated[Path | None, typer.Option("--locomo")] = None,
    encoder: Annotated[str | None, typer.Option(help="As `nuonuo --encoder` takes it.")] = None,
    device: str = "cpu",
    jobs: int = 1,
    limit: int | None = None,
    weights: Annotated[Path | None, typer.Option(help="A folder of MiniLM's files.")] = None,
    save: Annotated[Path | None, typer.Option(help="A folder for the result files.")] = None,
) -> None:
    haystacks: dict[str, Sequence[Haystack]] = {}
    if longmemeval_data is not None:
        haystacks["LongMemEval"] = longmemeval.haystacks(longmemeval_data, limit)[0]
    if locomo_data is not None:
        haystacks["LoCoMo"] = locomo.haystacks(locomo_data, limit)
    chosen = encoder_of(encoder, device=device, weights=weights, full=True)
    with bars() as progress:
        settings = BenchSettings(chosen, jobs=jobs, progress=progress)
        found = {name: ask_all(some, settings) for name, some in haystacks.items()}
    for result in report(found):
        finish(result, save)


def ask_all(haystacks: Sequence[Haystack], settings: BenchSettings) -> list[Store]:
    """Ask every question of its haystack."""
    sessions = {session.id: session for one in haystacks for session in one.sessions}
    found = []
    with TemporaryDirectory(prefix="nuonuo-confidence-") as name, workers(settings.jobs) as pool:
        folder = Path(name)
        encode_haystacks(folder, haystacks, [*sessions.values()], settings=settings, pool=pool)
        for number, store in enumerate(pool(partial(ask, folder=folder), haystacks), start=1):
            found.append(store)
            settings.progress("asking", number, len(haystacks))
    return found


def ask(haystack: Haystack, folder: Path) -> Store:
    """Store a haystack, ask it, and ask copies from which answering sessions were forgotten."""
    encoder = EncodedTexts(folder)
    with TemporaryDirectory(dir=folder) as name:
        whole, less = Path(name) / "whole.db", Path(name) / "less.db"
        with TextMemory.open(whole, encoder=encoder, device="cpu") as memory:
            observe(memory, haystack.sessions)
            asked = [
                recalled(memory, question, "there" if question.answerable else "never there")
                for question in haystack.questions
            ]
        answerable = [question for question in haystack.questions if question.answerable]
        for gold, questions in groupby(sorted(answerable, key=_gold), key=_gold):
            shutil.copyfile(whole, less)
            with TextMemory.open(less, encoder=encoder, device="cpu") as memory:
                for session in gold:
                    memory.forget(session=session)
                asked += [recalled(memory, question, "taken away") for question in questions]
        with TextMemory.open(whole, encoder=encoder, device="cpu") as memory:
            return Store(asked, memory.calibrate().offset)


def _gold(question: Question) -> list[str]:
    return sorted(question.gold_sessions)


def recalled(memory: TextMemory, question: Question, case: Case) -> Asked:
    """Ask one question; the log-odds are those of a store that was not calibrated."""
    found = memory.recall(question.text, now=question.asked)
    sure = min(max(found.confidence, 1e-9), 1 - 1e-9)
    return Asked(
        case, math.log(sure / (1 - sure)), max((hit.similarity for hit in found), default=0.0)
    )


# ---------------------------------------------------------------------------------- the tables


def report(found: Mapping[str, Sequence[Store]]) -> list[Result]:
    """Return three tables, with a column or two for each data set."""
    twice = {name: answers(stores) for name, stores in found.items()}
    return [_bins(twice), _measures(found, twice), _misses(found)]


def _table(name: str, columns: Sequence[str], rows: Mapping[str, Sequence[Cell]]) -> Result:
    labelled = [[label, *cells] for label, cells in rows.items()]
    return Result(f"confidence-{name}", this_command(), columns, labelled)


def answers(stores: Sequence[Store]) -> Answers:
    """Put together the questions that have an answer, asked with it and without."""
    rows = [
        (one.logit, store.offset, one.case == "there")
        for store in stores
        for one in store.asked
        if one.case != "never there"
    ]
    logit, offset, there = zip(*rows, strict=True)
    return Answers(np.array(logit), np.array(offset), np.array(there))


def sigmoid(logit: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn log-odds into probabilities."""
    return 1 / (1 + np.exp(-logit))


def log_loss(logit: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Mean negative logarithm of the probability given to what was so, in nats."""
    return float(np.logaddexp(0, np.where(right, -logit, logit)).mean())


def best_reading(logit: NDArray[np.float64], right: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The log-odds shifted and scaled so that the loss is least, by Newton's method."""
    columns = np.stack([np.ones_like(logit), logit], axis=1)
    weight = np.array([0.0, 1.0])
    for _ in range(50):
        sure = sigmoid(columns @ weight)
        slope = columns.T @ (sure - right)
        curve = (columns * (sure * (1 - sure))[:, None]).T @ columns
        weight -= np.linalg.lstsq(curve, slope, rcond=None)[0]
    shifted: NDArray[np.float64] = columns @ weight
    return shifted


def _bins(twice: Mapping[str, Answers]) -> Result:
    columns = [f"{name}: {what}" for name in twice for what in ("questions", "answer there")]
    rows: dict[str, list[Cell]] = {
        f"{number / BINS:.1f} – {(number + 1) / BINS:.1f}": [] for number in range(BINS)
    }
    for one in twice.values():
        found = {
            bar.low: (bar.answers, round(bar.accuracy, 2))
            for bar in scoring.reliability(sigmoid(one.logit), one.there, bins=BINS)
        }
        for number, row in enumerate(rows.values()):
            row.extend(found.get(number / BINS, (0, None)))
    return _table("reliability", ["confidence", *columns], rows)


def _measures(found: Mapping[str, Sequence[Store]], twice: Mapping[str, Answers]) -> Result:
    rows: dict[str, list[Cell]] = {}
    for case in get_args(Case)[1:]:
        for what, by in (("confidence", "logit"), ("the best similarity alone", "similarity")):
            rows[f"AUROC, there or {case}, by {what}"] = [
                cell(_auroc(stores, attrgetter(by), case), 2) for stores in found.values()
            ]
    readings = {"as it is": {name: one.logit for name, one in twice.items()}}
    for trust in TRUSTS:
        readings[f"calibrated, {trust} of the difference"] = {
            name: one.logit + trust / TRUST * one.offset for name, one in twice.items()
        }
    readings["best offset and slope of the data set, from labels"] = {
        name: best_reading(one.logit, one.there) for name, one in twice.items()
    }
    for label, logits in readings.items():
        rows[f"log loss, there or taken away, {label}"] = [
            cell(log_loss(logits[name], one.there), 3) for name, one in twice.items()
        ]
    return _table("measures", ["measure", *found], rows)


def _auroc(stores: Sequence[Store], by: Callable[[Asked], float], other: Case) -> float:
    rows = [one for store in stores for one in store.asked if one.case in ("there", other)]
    return scoring.auroc([by(one) for one in rows], [one.case == "there" for one in rows])


def _misses(found: Mapping[str, Sequence[Store]]) -> Result:
    """What misses look like by calibration, and by the real questions."""
    rows: dict[str, list[Cell]] = {"its own cues, by `calibrate`": [], "real questions": []}
    for stores in found.values():
        own = [TYPICAL_MISS - store.offset / TRUST for store in stores]
        missed = [
            [one.logit for one in store.asked if one.case == "taken away"] for store in stores
        ]
        real = [float(np.mean(logits)) for logits in missed if logits]
        for row, means in zip(rows.values(), (own, real), strict=True):
            spread = f"{np.mean(means):.1f} ({np.std(means):.1f})"
            row.append(f"{spread}, {min(means):.1f} to {max(means):.1f}")
    label = "a store's mean log-odds of misses: mean (deviation), range"
    return _table("misses", [label, *found], rows)


if __name__ == "__main__":
    typer.run(main)
