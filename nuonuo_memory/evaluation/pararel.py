"""ParaRel (Elazar et al., TACL 2021): a fact stored in one wording, asked in every other.

Every fact is stored under its relation's first pattern. The questions are the other patterns with
the subject filled in and the object left out; the right answer is the fact itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from nuonuo_memory.errors import FormatError
from nuonuo_memory.evaluation import scoring
from nuonuo_memory.evaluation.data import records
from nuonuo_memory.evaluation.result import BenchResult, commit
from nuonuo_memory.evaluation.settings import BenchSettings
from nuonuo_memory.evaluation.spread import OVER_QUESTIONS, Figure, standard_error
from nuonuo_memory.evaluation.vectors import EncodedOnce
from nuonuo_memory.memory import TextMemory
from nuonuo_memory.text.augment import RuleAugmenter
from nuonuo_memory.types import Cue, NewMemory

_K = 5
_TOGETHER = 256
_ROOT = "pararel"


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact in the wording that is stored."""

    id: str
    relation: str
    text: str


@dataclass(frozen=True, slots=True)
class Asking:
    """A question for a fact: another pattern, its object left out."""

    fact: str
    relation: str
    text: str


@dataclass(frozen=True, slots=True)
class Relations:
    """Facts, and the questions for them: one of each relation in turn."""

    facts: Sequence[Fact]
    questions: Sequence[Asking]


def load_pararel(path: str | Path) -> Relations:
    """Load relations from JSON lines of {relation, patterns, facts}.

    Args:
        path: The file, or a folder that holds `relations.jsonl` or `relations.jsonl.xz`.

    Raises:
        FormatError: It is laid out in another way.
    """
    facts: list[Fact] = []
    asked: list[list[Asking]] = []
    try:
        for record in records(Path(path), "relations"):
            own, questions = _relation(record)
            facts += own
            asked.append(questions)
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(f"{path} must be laid out as ParaRel's relations: {error!r}") from error
    mixed = [one for row in zip_longest(*asked) for one in row if one is not None]
    return Relations(facts, mixed)


def _relation(record: dict[str, Any]) -> tuple[list[Fact], list[Asking]]:
    name = record["relation"]
    stored, *others = record["patterns"]
    facts, questions = [], []
    for number, (subject, value) in enumerate(record["facts"]):
        fact = Fact(f"{name}/{number}", name, _filled(stored, subject, value))
        facts.append(fact)
        questions += [Asking(fact.id, name, _filled(other, subject, "")) for other in others]
    return facts, questions


def _filled(pattern: str, subject: str, value: str) -> str:
    return " ".join(pattern.replace("[X]", subject).replace("[Y]", value).split())


def run_pararel(data: str | Path, settings: BenchSettings) -> BenchResult:
    """Ask with and without augmentation, within a relation and among all."""
    loaded = load_pararel(data)
    questions = loaded.questions[: settings.limit]
    plain = [NewMemory(fact.text, id=fact.id) for fact in loaded.facts]
    paraphrases = RuleAugmenter().paraphrase([fact.text for fact in loaded.facts])
    augmented = [
        NewMemory(fact.text, id=fact.id, cues=[Cue(text, "paraphrase") for text in own])
        for fact, own in zip(loaded.facts, paraphrases, strict=True)
    ]
    encoder = EncodedOnce(settings.encoder, settings.progress)
    encoder.encode_queries([question.text for question in questions])
    found = {
        label: _ask(loaded.facts, new, questions, encoder, settings)
        for label, new in (("system", augmented), ("without_augmentation", plain))
    }
    sections = {label: _scores(ranks) for label, ranks in found.items()}
    spread = {label: _scores(ranks, standard_error) for label, ranks in found.items()}
    rows = [
        {"fact": question.fact, "question": question.text}
        | {label: dict(zip(("among_all", "alone"), pair, strict=True)) for label, pair in row}
        for question, row in zip(
            questions,
            (zip(found, pairs, strict=True) for pairs in zip(*found.values(), strict=True)),
            strict=True,
        )
    ]
    return BenchResult(
        benchmark="pararel",
        questions=len(questions),
        encoder=settings.encoder.name,
        device=settings.device,
        commit=commit(),
        sections=sections,
        rows=rows,
        spread=spread,
        spread_is=OVER_QUESTIONS,
    )


Ranks = list[tuple[int | None, int | None]]
"""Of each question: the right fact's rank from 1, among all and alone; `None` beyond `_K`."""


def _ask(
    facts: Sequence[Fact],
    memories: Sequence[NewMemory],
    questions: Sequence[Asking],
    encoder: EncodedOnce,
    settings: BenchSettings,
) -> Ranks:
    with TextMemory.in_memory(
        encoder=encoder, config=settings.memory, device=settings.device
    ) as memory:
        for relation in dict.fromkeys(fact.relation for fact in facts):
            own = [
                new for new, fact in zip(memories, facts, strict=True) if fact.relation == relation
            ]
            memory.remember_many(own, namespace=(_ROOT, relation))
        every: list[int | None] = []
        for start in range(0, len(questions), _TOGETHER):
            part = questions[start : start + _TOGETHER]
            answers = memory.recall_many(
                [one.text for one in part], k=_K, namespace=(_ROOT,), prefix=True
            )
            every += [
                _rank([hit.id for hit in a], q.fact) for a, q in zip(answers, part, strict=True)
            ]
            settings.progress("asking", start + len(part), len(questions))
        alone: dict[int, int | None] = {}
        for relation in dict.fromkeys(question.relation for question in questions):
            places = [at for at, one in enumerate(questions) if one.relation == relation]
            answers = memory.recall_many(
                [questions[at].text for at in places], k=_K, namespace=(_ROOT, relation)
            )
            for at, answer in zip(places, answers, strict=True):
                alone[at] = _rank([hit.id for hit in answer], questions[at].fact)
    return [(rank, alone[at]) for at, rank in enumerate(every)]


def _rank(found: Sequence[str], right: str) -> int | None:
    return found.index(right) + 1 if right in found else None


def _scores(ranks: Ranks, figure: Figure = scoring.percent) -> dict[str, Any]:
    among = [rank for rank, _ in ranks]
    alone = [rank for _, rank in ranks]
    return _hits(among, figure) | {"alone": _hits(alone, figure)}


def _hits(ranks: Sequence[int | None], figure: Figure) -> dict[str, float]:
    return {
        f"hit@{k}": figure([float(rank is not None and rank <= k) for rank in ranks])
        for k in (1, _K)
    }
