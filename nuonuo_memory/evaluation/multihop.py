"""Multi-hop questions: 2WikiMultihopQA, MuSiQue and HotpotQA as HippoRAG laid them out.

The corpus is indexed once and each question asked on its own. Recall at k is the share of a
question's gold passages among the first k; all@5 the share of questions with all of them.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nuonuo_memory.errors import FormatError, MissingDependencyError
from nuonuo_memory.evaluation import scoring
from nuonuo_memory.evaluation.data import records
from nuonuo_memory.evaluation.pagerank import PageRank
from nuonuo_memory.evaluation.result import BenchResult, commit
from nuonuo_memory.evaluation.settings import BenchSettings
from nuonuo_memory.evaluation.spread import OVER_QUESTIONS, Figure, standard_error
from nuonuo_memory.evaluation.triples import Source, released_links
from nuonuo_memory.evaluation.vectors import EncodedOnce
from nuonuo_memory.memory import TextMemory
from nuonuo_memory.text.mentions import LinkExtractor, RuleLinkExtractor
from nuonuo_memory.types import NewMemory

_K = 10
_ROOT = "multihop"


@dataclass(frozen=True, slots=True)
class Question:
    """A question and the places of its gold passages in the corpus."""

    id: str
    text: str
    gold: frozenset[int]
    kind: str


@dataclass(frozen=True, slots=True)
class MultihopData:
    """Passages as (title, text), and questions over them."""

    passages: Sequence[tuple[str, str]]
    questions: Sequence[Question]

    def memories(self) -> list[NewMemory]:
        """Return the passages as memories whose ids are their places in the corpus."""
        return [
            NewMemory(f"{title}\n{text}", id=str(place), cues=[title])
            for place, (title, text) in enumerate(self.passages)
        ]


def load_multihop(path: str | Path) -> MultihopData:
    """Load `corpus` and `questions` from a folder of JSON lines, `.jsonl` or `.jsonl.xz`.

    Raises:
        FormatError: It is laid out in another way.
    """
    try:
        passages = [(row["title"], row["text"]) for row in records(Path(path), "corpus")]
        questions = [
            Question(
                row["id"],
                row["question"],
                frozenset(row["gold_idx"]),
                row.get("type") or f"{row['hops']} hops",
            )
            for row in records(Path(path), "questions")
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(
            f"{path} must hold corpus and questions as JSON lines: {error!r}"
        ) from error
    return MultihopData(passages, questions)


def run_multihop_released(
    data: str | Path, settings: BenchSettings, *, source: Source
) -> BenchResult:
    """Do as `run_multihop` does, with the links that a language model gave.

    Raises:
        FormatError: The folder holds no such links, or those of other passages.
    """
    links = released_links(data, load_multihop(data).passages, source)
    return run_multihop(data, settings, links=links, name=f"multihop-{source}")


def run_multihop(
    data: str | Path,
    settings: BenchSettings,
    *,
    links: LinkExtractor | None = None,
    name: str = "multihop",
) -> BenchResult:
    """Follow associations for every question, beside three baselines.

    Args:
        data: The folder.
        settings: The encoder, the device, how many questions.
        links: What finds mentions; rules when `None`.
        name: What the result is called.
    """
    loaded = load_multihop(data)
    questions = loaded.questions[: settings.limit]
    extractor = links or RuleLinkExtractor()
    memories = loaded.memories()
    encoder = EncodedOnce(settings.encoder, settings.progress)
    encoder.encode_queries([question.text for question in questions])
    found, seconds = _ask(memories, questions, encoder, settings, extractor)
    found["one_vector_per_passage"] = _one_vector(memories, questions, encoder)
    scores = {label: _scores(questions, ranked) for label, ranked in found.items()}
    spread = {label: _scores(questions, found[label], figure=standard_error) for label in found}
    kinds = sorted({question.kind for question in questions})
    chosen = {kind: [q.kind == kind for q in questions] for kind in kinds}
    return BenchResult(
        benchmark=name,
        questions=len(questions),
        encoder=settings.encoder.name,
        device=settings.device,
        commit=commit(),
        sections={
            "system": scores.pop("system"),
            "by_type": {
                kind: _scores(questions, found["system"], chosen=mask)
                for kind, mask in chosen.items()
            },
            "baselines": scores,
            "seconds": seconds,
        },
        rows=[
            {"id": question.id, "question": question.text, "gold": sorted(question.gold)}
            | {label: ranked[row] for label, ranked in found.items()}
            for row, question in enumerate(questions)
        ],
        spread={"system": spread.pop("system"), "baselines": spread},
        spread_is=OVER_QUESTIONS,
    )


def _ask(
    memories: Sequence[NewMemory],
    questions: Sequence[Question],
    encoder: EncodedOnce,
    settings: BenchSettings,
    extractor: LinkExtractor,
) -> tuple[dict[str, list[list[int]]], dict[str, float]]:
    """Ask the memory with and without association, and personalised PageRank over its links."""
    found: dict[str, list[list[int]]] = {"system": [], "all_cues": []}
    with TextMemory.in_memory(
        encoder=encoder,
        namespace=(_ROOT,),
        config=settings.memory,
        device=settings.device,
        link_extractor=extractor,
    ) as memory:
        begun = time.perf_counter()
        memory.remember_many(memories)
        memory.recall("warm up" if not questions else questions[0].text, k=1)
        indexed = time.perf_counter() - begun
        pagerank = _pagerank(memories, extractor)
        spent = []
        for done, question in enumerate(questions):
            begun = time.perf_counter()
            system = memory.follow(question.text, k=_K)
            spent.append(time.perf_counter() - begun)
            plain = memory.recall(question.text, k=_K)
            found["system"].append([int(hit.id) for hit in system])
            found["all_cues"].append([int(hit.id) for hit in plain])
            if pagerank is not None:
                start = {int(hit.id): hit.similarity for hit in plain}
                ranked = pagerank.ranked(question.text, start, _K)
                found.setdefault("personalised_pagerank", []).append(ranked)
            settings.progress("asking", done + 1, len(questions))
    per_query = 1e3 * float(np.median(spent)) if spent else 0.0
    return found, {"index": round(indexed, 2), "per_query_ms": round(per_query, 2)}


def _pagerank(memories: Sequence[NewMemory], extractor: LinkExtractor) -> PageRank | None:
    """The PageRank baseline; left out where scikit-network is not installed."""
    try:
        return PageRank(extractor.extract([m.text for m in memories]))
    except MissingDependencyError:
        return None


def _one_vector(
    memories: Sequence[NewMemory], questions: Sequence[Question], encoder: EncodedOnce
) -> list[list[int]]:
    whole: Tensor = encoder.encode([m.text for m in memories])
    asked = encoder.encode_queries([question.text for question in questions])
    best: NDArray[np.int64] = torch.topk(
        asked @ whole.T, min(_K, len(whole)), dim=1
    ).indices.numpy()
    return [[int(place) for place in row] for row in best]


def _scores(
    questions: Sequence[Question],
    ranked: Sequence[Sequence[int]],
    *,
    chosen: Sequence[bool] | None = None,
    figure: Figure = scoring.percent,
) -> Mapping[str, float]:
    rows = [
        (question.gold, order)
        for row, (question, order) in enumerate(zip(questions, ranked, strict=True))
        if chosen is None or chosen[row]
    ]
    shares = {
        f"recall@{k}": [len(gold & set(order[:k])) / len(gold) for gold, order in rows]
        for k in (2, 5, _K)
    }
    shares["all@5"] = [float(gold <= set(order[:5])) for gold, order in rows]
    return {name: figure(each) for name, each in shares.items()}
