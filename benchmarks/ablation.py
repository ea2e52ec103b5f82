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
from encoders import encoder_of
from result_files import Cell, Result, finish, this_command

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


Variants: TypeAlias = Mapping[str, MemoryConfig]

VARIANTS: Variants = {
    "**as shipped**": SHIPPED,
    "`beta` 10": _ranking(beta=10.0),
    "`beta` 20": _ranking(beta=20.0),
    "`beta` 40": _ranking(beta=40.0),
    "`beta` 1000 (the best cue alone)": _ranking(beta=1000.0),
    "`cue_candidates` 64": _ranking(cue_candidates=64),
    "`cue_candidates` 256": _ranking(cue_candidates=256),
    "`bm25_candidates` 32": _ranking(bm25_candidates=32),
    "`bm25_candidates` 128": _ranking(bm25_candidates=128),
    "`rerank_depth` 24": _ranking(rerank_depth=24),
    "`rerank_depth` 192": _ranking(rerank_depth=192),
    "no words at all: `bm25_weight` and `session_weight` 0": _ranking(
        bm25_weight=0.0, session_weight=0.0
    ),
    "`bm25_weight` 0": _ranking(bm25_weight=0.0),
    "`bm25_weight` 0.1": _ranking(bm25_weight=0.1),
    "`bm25_weight` 0.4": _ranking(bm25_weight=0.4),
    "`pair_discount` 2 (no cues joined with the turn before)": _ranking(pair_discount=2.0),
    "`pair_discount` 0.05": _ranking(pair_discount=0.05),
    "`pair_discount` 0.2": _ranking(pair_discount=0.2),
    "`previous_weight` and `next_weight` 0": _ranking(previous_weight=0.0, next_weight=0.0),
    "`previous_weight` and `next_weight` 0.2": _ranking(previous_weight=0.2, next_weight=0.2),
    "`session_weight` 0": _ranking(session_weight=0.0),
    "`session_weight` 0.3": _ranking(session_weight=0.3),
    "`asker_weight` and `assistant_weight` 0": _ranking(asker_weight=0.0, assistant_weight=0.0),
    "`asker_weight` and `assistant_weight` 0.1": _ranking(asker_weight=0.1, assistant_weight=0.1),
    "`first_person_weight` 0": _ranking(first_person_weight=0.0),
    "`first_person_weight` 0.15": _ranking(first_person_weight=0.15),
    "`runner_up_weight` 0 (groups by their best memory alone)": _ranking(runner_up_weight=0.0),
    "`runner_up_weight` 0.6": _ranking(runner_up_weight=0.6),
    "`date_weight` 0": _ranking(date_weight=0.0),
    "`date_weight` 0.1": _ranking(date_weight=0.1),
    "cues: the turn or its segments only": _cues(sentences=False),
    "cues: no clauses": _cues(clauses=False),
    "cues: an assistant's sentences too": _cues(assistant_sentences=True),
    "cues: the question that an answer follows": _cues(questions=True),
}
"""Ordered so that those of the same cues stand together."""


class Benchmark(NamedTuple):
    """Haystacks with their questions, the sessions in them, and the columns of the table."""

    name: str
    haystacks: Sequence[Haystack]
    sessions: Sequence[Session]
    columns: Mapping[str, tuple[str, str]]


def main(
    *,
    longmemeval_data: Annotated[Path | None, typer.Option("--longmemeval")] = None,
    locomo_data: Annotated[Path | None, typer.Option("--locomo")] = None,
    encoder: Annotated[str | None, typer.Option(help="As `nuonuo --encoder` takes it.")] = None,
    device: str = "cpu",
    jobs: int = 1,
    limit: int | None = None,
    weights: Annotated[Path | None, typer.Option(help="A folder of MiniLM's files.")] = None,
    leave_out: Annotated[
        list[str] | None, typer.Option(help="Rows whose label holds this; may be repeated.")
    ] = None,
    save: Annotated[Path | None, typer.Option(help="A folder for the result files.")] = None,
) -> None:
    chosen = encoder_of(encoder, device=device, weights=weights, full=True)
    variants = {
        label: config
        for label, config in VARIANTS.items()
        if not any(part in label for part in leave_out or ())
    }
    if longmemeval_data is not None:
        asked = _longmemeval(longmemeval_data, limit)
        finish(_table(asked, variants, longmemeval.scores, chosen, jobs=jobs), save)
    if locomo_data is not None:
        asked = _locomo(locomo_data, limit)
        finish(_table(asked, variants, locomo.scores, chosen, jobs=jobs), save)


def _longmemeval(data: Path, limit: int | None) -> Benchmark:
    haystacks, sessions = longmemeval.haystacks(data, limit)
    columns = {
        "any@1": ("session_all_questions", "recall_any@1"),
        "any@5": ("session_all_questions", "recall_any@5"),
        "all@5": ("session", "recall_all@5"),
        "turn any@5": ("turn", "recall_any@5"),
        "turn all@10": ("turn", "recall_all@10"),
    }
    return Benchmark("longmemeval", haystacks, sessions, columns)


def _locomo(data: Path, limit: int | None) -> Benchmark:
    haystacks = locomo.haystacks(data, limit)
    sessions = [session for haystack in haystacks for session in haystack.sessions]
    columns = {
        f"{level} @{k}": (level, f"recall@{k}") for level in ("turn", "session") for k in (5, 10)
    }
    return Benchmark("locomo", haystacks, sessions, columns)


def _table(
    benchmark: Benchmark, variants: Variants, scores: Any, encoder: Encoder, *, jobs: int
) -> Result:
    found = _answers(benchmark, variants, encoder, jobs=jobs)
    rows: list[list[Cell]] = []
    for label, answers in found.items():
        reached = scores(answers, "system")
        figures = [reached[level][name] for level, name in benchmark.columns.values()]
        rows.append([label, *(round(figure, 1) for figure in figures)])
    return Result(
        f"ablation-{benchmark.name}",
        this_command(),
        ["settings", *benchmark.columns],
        rows,
        note=f"{len(found['**as shipped**'])} questions, {encoder.name}, in percent",
    )


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
