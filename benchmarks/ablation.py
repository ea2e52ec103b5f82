"""Every setting of recall changed in turn: what each is worth, as a table in Markdown.

    python benchmarks/ablation.py --longmemeval DATA --locomo DATA [--device cuda] [--jobs 16]

Every row is a run of the whole product. The texts of all rows are encoded once, and rows that
differ in ranking alone share the stored memory. `docs/research/ablation.md` holds the table of both
conversation benchmarks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, NamedTuple, TypeAlias

import typer
from gpu_weights import encoder_of
from tables import table

from nuonuo_memory.config import MemoryConfig
from nuonuo_memory.encoders.base import Encoder
from nuonuo_memory.evaluation import locomo, longmemeval
from nuonuo_memory.evaluation.asking import Answer, Haystack, answer, observe
from nuonuo_memory.evaluation.conversations import encode_haystacks, workers
from nuonuo_memory.evaluation.data import Session
from nuonuo_memory.evaluation.settings import BenchSettings
from nuonuo_memory.evaluation.vectors import EncodedTexts
from nuonuo_memory.memory import TextMemory

SHIPPED = MemoryConfig()


def _ranking(**changed: Any) -> MemoryConfig:
    return replace(SHIPPED, ranking=replace(SHIPPED.ranking, **changed))


def _cues(**changed: Any) -> MemoryConfig:
    return replace(SHIPPED, cues=replace(SHIPPED.cues, **changed))


def _hopfield(**changed: Any) -> MemoryConfig:
    return replace(SHIPPED, hopfield=replace(SHIPPED.hopfield, **changed))


Variants: TypeAlias = Mapping[str, MemoryConfig]

VARIANTS: Variants = {
    "**as shipped**": SHIPPED,
    "votes: beta 10": _hopfield(beta=10.0),
    "votes: beta 20": _hopfield(beta=20.0),
    "votes: beta 40": _hopfield(beta=40.0),
    "votes: beta 1000 (the best cue alone)": _hopfield(beta=1000.0),
    "nothing taken off the question": _ranking(common=0.0),
    "0.2 of the cues' mean taken off": _ranking(common=0.2),
    "0.6 of the cues' mean taken off": _ranking(common=0.6),
    "candidates 64": _hopfield(candidates=64),
    "candidates 256": _hopfield(candidates=256),
    "looked at closely: 24": _ranking(kept=24),
    "looked at closely: 192": _ranking(kept=192),
    "no lexical evidence at all": _ranking(lexical=0.0, session=0.0),
    "lexical 0": _ranking(lexical=0.0),
    "lexical 0.1": _ranking(lexical=0.1),
    "lexical 0.4": _ranking(lexical=0.4),
    "no vote together with the turn before": _ranking(context=2.0),
    "with the turn before: 0.05 less": _ranking(context=0.05),
    "with the turn before: 0.2 less": _ranking(context=0.2),
    "no neighbours": _ranking(previous=0.0, following=0.0),
    "neighbours 0.2 each": _ranking(previous=0.2, following=0.2),
    "no session words": _ranking(session=0.0),
    "session words 0.3": _ranking(session=0.3),
    "no speaker": _ranking(speaker=0.0, assistant=0.0),
    "speaker 0.1 each": _ranking(speaker=0.1, assistant=0.1),
    "no gain for the asker's own statements": _ranking(own=0.0),
    "the asker's own statements 0.15": _ranking(own=0.15),
    "groups by their best memory alone": _ranking(second=0.0),
    "groups by their best and 0.6 of the second": _ranking(second=0.6),
    "no period": _ranking(period=0.0),
    "period 0.1": _ranking(period=0.1),
    "cues: the turn or its segments only": _cues(sentences=False),
    "cues: no clauses": _cues(clauses=False),
    "cues: an assistant's sentences too": _cues(assistant_sentences=True),
    "cues: the question that an answer follows": _cues(questions=True),
}
"""Ordered so that those of the same cues stand together."""


class Benchmark(NamedTuple):
    """Haystacks with their questions, the sessions in them, and the columns of the table."""

    haystacks: Sequence[Haystack]
    sessions: Sequence[Session]
    columns: Mapping[str, tuple[str, str]]


def main(
    *,
    longmemeval_data: Annotated[Path | None, typer.Option("--longmemeval")] = None,
    locomo_data: Annotated[Path | None, typer.Option("--locomo")] = None,
    device: str = "cpu",
    jobs: int = 1,
    limit: int | None = None,
    weights: Annotated[Path | None, typer.Option(help="Half-precision weights.")] = None,
    leave_out: Annotated[
        list[str] | None, typer.Option(help="Rows whose label holds this; may be repeated.")
    ] = None,
) -> None:
    encoder = encoder_of(weights, device)
    variants = {
        label: config
        for label, config in VARIANTS.items()
        if not any(part in label for part in leave_out or ())
    }
    if longmemeval_data is not None:
        asked = _longmemeval(longmemeval_data, limit)
        print(_table(asked, variants, longmemeval.scores, encoder, jobs=jobs))
    if locomo_data is not None:
        print(_table(_locomo(locomo_data, limit), variants, locomo.scores, encoder, jobs=jobs))


def _longmemeval(data: Path, limit: int | None) -> Benchmark:
    haystacks, sessions = longmemeval.haystacks(data, limit)
    columns = {
        "any@1": ("session_all_questions", "recall_any@1"),
        "any@5": ("session_all_questions", "recall_any@5"),
        "all@5": ("session", "recall_all@5"),
        "turn any@5": ("turn", "recall_any@5"),
        "turn all@10": ("turn", "recall_all@10"),
    }
    return Benchmark(haystacks, sessions, columns)


def _locomo(data: Path, limit: int | None) -> Benchmark:
    haystacks = locomo.haystacks(data, limit)
    sessions = [session for haystack in haystacks for session in haystack.sessions]
    columns = {
        f"{level} @{k}": (level, f"recall@{k}") for level in ("turn", "session") for k in (5, 10)
    }
    return Benchmark(haystacks, sessions, columns)


def _table(
    benchmark: Benchmark, variants: Variants, scores: Any, encoder: Encoder, *, jobs: int
) -> str:
    found = _answers(benchmark, variants, encoder, jobs=jobs)
    rows = {}
    for label, answers in found.items():
        reached = scores(answers, "system")
        rows[label] = [f"{reached[level][name]:.1f}" for level, name in benchmark.columns.values()]
    return table(["settings", *benchmark.columns], rows)


def _answers(
    benchmark: Benchmark, variants: Variants, encoder: Encoder, *, jobs: int
) -> dict[str, list[Answer]]:
    """Every question's answer under every variant, by the variant's label."""
    found: dict[str, list[Answer]] = {label: [] for label in variants}
    cues = {config.cues for config in variants.values()}
    with TemporaryDirectory(prefix="nuonuo-ablation-") as name, workers(jobs) as pool:
        folder = Path(name)
        encode_haystacks(
            folder,
            benchmark.haystacks,
            benchmark.sessions,
            settings=BenchSettings(encoder),
            pool=pool,
            configs=[replace(SHIPPED, cues=one) for one in cues],
        )
        work = partial(_ask, folder=folder, variants=variants)
        for answers in pool(work, benchmark.haystacks):
            for label, some in answers.items():
                found[label].extend(some)
    return found


def _ask(haystack: Haystack, folder: Path, variants: Variants) -> dict[str, list[Answer]]:
    """Store the haystack once for each kind of cues, and ask under each ranking."""
    encoder = EncodedTexts(folder)
    found: dict[str, list[Answer]] = {}
    for cues, alike in groupby(variants.items(), key=lambda item: item[1].cues):
        with TemporaryDirectory(dir=folder) as name:
            path = Path(name) / "memory.db"
            with TextMemory.open(
                path, encoder=encoder, config=replace(SHIPPED, cues=cues), device="cpu"
            ) as memory:
                observe(memory, haystack.sessions)
            for label, config in alike:
                with TextMemory.open(path, encoder=encoder, config=config, device="cpu") as memory:
                    found[label] = [answer(memory, question, {}) for question in haystack.questions]
    return found


if __name__ == "__main__":
    typer.run(main)
