"""Every setting of following changed in turn: what each is worth, as a table in Markdown.

    python benchmarks/association_ablation.py DATA [--device cuda] [--jobs 16] [--every 2]

`DATA` holds the folders `2wiki`, `musique`, `hotpotqa` and `locomo`. Every row is a run of the
whole product: passages by `follow`, recall at 5; LoCoMo's turns by `recall(hops=3)`, share
of the evidence at 10. Each memory is stored once and opened anew for each row.
`docs/research/association.md` holds the table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, NamedTuple, TypeAlias

import typer
from encoders import encoder_of
from result_files import Cell, Result, cell, finish, this_command

from nuonuo_memory.cli.bench import bars
from nuonuo_memory.config import AssociationConfig, MemoryConfig
from nuonuo_memory.evaluation import locomo, multihop, scoring
from nuonuo_memory.evaluation.asking import HOPS, observe
from nuonuo_memory.evaluation.conversations import encode_haystacks, workers
from nuonuo_memory.evaluation.data import Question
from nuonuo_memory.evaluation.settings import BenchSettings
from nuonuo_memory.evaluation.vectors import EncodedOnce, EncodedTexts
from nuonuo_memory.memory import TextMemory

VARIANTS: Mapping[str, AssociationConfig] = {
    "**as shipped**": AssociationConfig(),
    "no second look": AssociationConfig(second_look_share=0.0),
    "the second look's evidence counts nothing": AssociationConfig(second_look_weight=0.0),
    "no start from the names in the question": AssociationConfig(named=0.0),
    "names in equal form only": AssociationConfig(overlap=2.0),
    "names lead no more to what is about them": AssociationConfig(topic_boost=0.0),
    "damping 0": AssociationConfig(degree_normalisation=0.0),
    "damping 1": AssociationConfig(degree_normalisation=1.0),
    "steps favour no likeness to the question": AssociationConfig(affinity=0.0),
    "floor 0.001": AssociationConfig(log_floor=0.001),
    "floor 0.05": AssociationConfig(log_floor=0.05),
    "floor 0.4": AssociationConfig(log_floor=0.4),
    "starts 2": AssociationConfig(starts=2),
    "starts 10": AssociationConfig(starts=10),
    "decay 0.5": AssociationConfig(decay=0.5),
    "nothing over links where there are names": AssociationConfig(link=0.0),
    "lexical 0.2": AssociationConfig(bm25_weight=0.2),
    "walks 128": AssociationConfig(walks=128),
    "arrivals 4,096": AssociationConfig(fan_out_budget=4096),
}
HOPS_OF = {"`hops` 1": 1, "`hops` 2": 2}
"""Rows that differ in the number of hops alone."""
PASSAGES = {"2wiki": "2Wiki", "musique": "MuSiQue", "hotpotqa": "HotpotQA"}
"""Columns by folder."""
TURNS = {"multi-hop": "LoCoMo multi-hop", "single-hop": "single-hop"}
"""Columns by kind of question."""
ALL_TURNS = "all"

Scored: TypeAlias = tuple[str, float]
"""A column, and one question's share of the evidence."""


class Stored(NamedTuple):
    """A memory on disk, and what it is asked.

    Attributes:
        vectors: Where the vectors of its texts and questions are.
        column: Of passages; that of turns goes by the question.
    """

    path: Path
    vectors: Path
    questions: Sequence[multihop.Question] | Sequence[Question]
    column: str = ""


def main(
    data: Path,
    *,
    encoder: Annotated[str | None, typer.Option(help="As `nuonuo --encoder` takes it.")] = None,
    device: str = "cpu",
    jobs: int = 1,
    limit: int | None = None,
    every: Annotated[int, typer.Option(min=1, help="Every which question to ask.")] = 1,
    weights: Annotated[Path | None, typer.Option(help="A folder of MiniLM's files.")] = None,
    save: Annotated[Path | None, typer.Option(help="A folder for the result file.")] = None,
) -> None:
    chosen = encoder_of(encoder, device=device, weights=weights, full=True)
    labels = [*VARIANTS, *HOPS_OF]
    found: dict[str, dict[str, list[float]]] = {label: {} for label in labels}
    columns = [*PASSAGES.values(), *TURNS.values(), ALL_TURNS]
    with TemporaryDirectory(prefix="nuonuo-ablation-") as name, bars() as progress:
        settings = BenchSettings(chosen, limit=limit, jobs=jobs, progress=progress)
        stored = [
            *passages(data, Path(name), settings, every=every),
            *conversations(data, Path(name), settings, every=every),
        ]
        tasks = list(product(labels, stored))
        with workers(jobs) as pool:
            for done, (label, scores) in enumerate(pool(ask, tasks), start=1):
                progress("asking", done, len(tasks))
                for column, share in scores:
                    found[label].setdefault(column, []).append(share)
    rows: list[list[Cell]] = [
        [label, *(cell(scoring.percent(shares.get(column, []))) for column in columns)]
        for label, shares in found.items()
    ]
    note = f"{chosen.name}, in percent"
    result = Result("association-ablation", this_command(), ["settings", *columns], rows, note=note)
    finish(result, save)


def passages(data: Path, folder: Path, settings: BenchSettings, *, every: int) -> list[Stored]:
    """Store each corpus of passages."""
    stored = []
    for name, column in PASSAGES.items():
        vectors = folder / name
        vectors.mkdir()
        loaded = multihop.load_multihop(data / name)
        memories, questions = loaded.memories(), loaded.questions[: settings.limit : every]
        encoder = EncodedOnce(settings.encoder, settings.progress)
        encoder.encode_queries([question.text for question in questions])
        one = Stored(vectors / "memory.db", vectors, questions, column)
        with TextMemory.open(one.path, encoder=encoder, device="cpu") as memory:
            memory.remember_many(memories)
        encoder.write(vectors)
        stored.append(one)
    return stored


def conversations(data: Path, folder: Path, settings: BenchSettings, *, every: int) -> list[Stored]:
    """Store each conversation of LoCoMo."""
    vectors = folder / "locomo"
    vectors.mkdir()
    haystacks = locomo.haystacks(data / "locomo", settings.limit)
    sessions = [session for haystack in haystacks for session in haystack.sessions]
    encode_haystacks(vectors, haystacks, sessions, settings=settings, pool=map)
    stored = []
    for number, haystack in enumerate(haystacks):
        one = Stored(vectors / f"{number}.db", vectors, haystack.questions[::every])
        with TextMemory.open(one.path, encoder=EncodedTexts(vectors), device="cpu") as memory:
            observe(memory, haystack.sessions)
        stored.append(one)
    return stored


def ask(task: tuple[str, Stored]) -> tuple[str, list[Scored]]:
    """Put its questions to a memory under one variant, of this label."""
    label, stored = task
    config = replace(MemoryConfig(), association=VARIANTS.get(label, AssociationConfig()))
    hops = HOPS_OF.get(label, HOPS)
    encoder = EncodedTexts(stored.vectors)
    scores: list[Scored] = []
    with TextMemory.open(
        stored.path, encoder=encoder, config=config, device="cpu", read_only=True
    ) as memory:
        for question in stored.questions:
            if isinstance(question, multihop.Question):
                places = [int(hit.id) for hit in memory.recall(question.text, k=5, hops=hops)]
                scores.append((stored.column, scoring.recall_share(places, question.gold, 5)))
            else:
                share = turns_found(memory, question, hops)
                scores += [(TURNS.get(question.kind, ""), share), (ALL_TURNS, share)]
    return label, scores


def turns_found(memory: TextMemory, question: Question, hops: int) -> float:
    """The share of a question's evidence among the first ten turns."""
    hits = memory.recall(question.text, k=10, now=question.asked, hops=hops)
    turns = [(hit.memory.session or "", hit.memory.turn or 0) for hit in hits]
    return scoring.recall_share(turns, question.gold_turns, 10)


if __name__ == "__main__":
    typer.run(main)
