"""LoCoMo: the share of a question's evidence that is found, on turns and on sessions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

from nuonuo_memory.evaluation import scoring
from nuonuo_memory.evaluation.asking import Answer, Haystack
from nuonuo_memory.evaluation.conversations import answers
from nuonuo_memory.evaluation.data import Question, Session
from nuonuo_memory.evaluation.locomo_data import load_locomo
from nuonuo_memory.evaluation.longmemeval import abstention, latency
from nuonuo_memory.evaluation.result import BenchResult, commit
from nuonuo_memory.evaluation.settings import BenchSettings
from nuonuo_memory.evaluation.spread import OVER_CONVERSATIONS, between


def run_locomo(data: str | Path, settings: BenchSettings) -> BenchResult:
    """Ask each question of its own conversation, over all with evidence that is there."""
    asked = haystacks(data, settings.limit)
    every = [session for haystack in asked for session in haystack.sessions]
    found = answers(asked, every, settings)
    names = [name for name in found[0].found if name not in ("system", "associated")]
    bars = scoring.reliability([a.confidence for a in found], [_hit(a) for a in found])
    parts = [list(part) for _, part in groupby(found, key=_conversation)]
    system = _with_categories(found, "system") | {
        "abstention": abstention(found),
        "latency_ms": latency(found),
    }
    return BenchResult(
        benchmark="locomo",
        questions=len(found),
        encoder=settings.encoder.name,
        device=settings.device,
        commit=commit(),
        sections={
            "system": system,
            "associated": _with_categories(found, "associated"),
            "baselines": {name: scores(found, name) for name in names},
        },
        rows=[answer.to_row() for answer in found],
        reliability=bars,
        spread={
            "system": between(
                [_with_categories(p, "system") | {"abstention": abstention(p)} for p in parts]
            ),
            "associated": between([_with_categories(part, "associated") for part in parts]),
            "baselines": {name: between([scores(p, name) for p in parts]) for name in names},
        },
        spread_is=OVER_CONVERSATIONS,
    )


def scores(found: Sequence[Answer], name: str) -> dict[str, dict[str, float]]:
    """Return one system's share of the evidence at 5 and 10, in per cent."""
    return {
        "turn": {
            f"recall@{k}": scoring.percent(
                [scoring.recall_share(a.found[name].turns, a.question.gold_turns, k) for a in found]
            )
            for k in (5, 10)
        },
        "session": {
            f"recall@{k}": scoring.percent(
                [
                    scoring.recall_share(a.found[name].sessions, a.question.gold_sessions, k)
                    for a in found
                ]
            )
            for k in (5, 10)
        },
    }


def _conversation(answer: Answer) -> str:
    return answer.question.id.rpartition("/")[0]


def haystacks(data: str | Path, limit: int | None) -> list[Haystack]:
    """Return the conversations with their first questions, of those that have evidence."""
    left = limit
    found = []
    for name, sample in load_locomo(data).items():
        questions: list[Question] = [q for q in sample.questions if q.gold_turns][:left]
        if questions:
            haystack = Haystack(sample.haystack(questions[0]), questions, associated=True)
            found.append(_told_apart(haystack, name))
        left = None if left is None else left - len(questions)
    return found


def _told_apart(haystack: Haystack, name: str) -> Haystack:
    """Give sessions of different conversations different ids."""
    sessions = [replace(session, id=f"{name}/{session.id}") for session in haystack.sessions]
    questions = [
        replace(
            question,
            sessions=tuple((f"{name}/{session}", at) for session, at in question.sessions),
            gold_sessions=frozenset(f"{name}/{session}" for session in question.gold_sessions),
            gold_turns=frozenset((f"{name}/{s}", turn) for s, turn in question.gold_turns),
        )
        for question in haystack.questions
    ]
    told = [Session(s.id, s.at, s.messages) for s in sessions]
    return replace(haystack, sessions=told, questions=questions)


def _with_categories(found: Sequence[Answer], name: str) -> dict[str, Any]:
    """One system's scores over all questions and over those of each category."""
    return scores(found, name) | {
        "by_category": {
            kind: {"questions": len(part)} | scores(part, name)
            for kind, part in _by_kind(found).items()
        }
    }


def _by_kind(found: Sequence[Answer]) -> dict[str, list[Answer]]:
    kinds = sorted({answer.question.kind for answer in found})
    return {kind: [a for a in found if a.question.kind == kind] for kind in kinds}


def _hit(answer: Answer) -> bool:
    """Whether evidence is among the first five turns, and the question is no trap."""
    question: Any = answer.question
    turns = answer.found["system"].turns
    return question.answerable and bool(scoring.recall_any(turns, question.gold_turns, 5))
