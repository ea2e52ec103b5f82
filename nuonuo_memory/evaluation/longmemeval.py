"""LongMemEval: which sessions and turns hold the answer, by the official and standard scoring.

Abstention questions (ids ending in `_abs`) are left out of recall, as officially; they serve to
measure confidence. The figures over all questions are given too, because many publish those.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

from nuonuo_memory.evaluation import scoring
from nuonuo_memory.evaluation.asking import Answer, Haystack
from nuonuo_memory.evaluation.conversations import answers
from nuonuo_memory.evaluation.data import Session, limited
from nuonuo_memory.evaluation.longmemeval_data import load_longmemeval
from nuonuo_memory.evaluation.result import BenchResult, commit
from nuonuo_memory.evaluation.settings import BenchSettings
from nuonuo_memory.evaluation.spread import (
    OVER_QUESTIONS,
    Figure,
    auroc_error,
    standard_error,
)

_MS = 1000.0


def run_longmemeval(data: str | Path, settings: BenchSettings) -> BenchResult:
    """Ask each question of its own haystack, and score sessions, turns and abstention."""
    asked, sessions = haystacks(data, settings.limit)
    return _result("longmemeval", answers(asked, sessions, settings), settings)


def run_longmemeval_whole(data: str | Path, settings: BenchSettings) -> BenchResult:
    """Ask every question of one haystack that holds the sessions of all.

    A session's date is another one in each question's haystack, so here none has one.
    """
    loaded = load_longmemeval(data)
    questions = limited(loaded.questions, settings.limit)
    sessions = [Session(name, None, turns) for name, turns in sorted(loaded.turns.items())]
    found = answers([Haystack(sessions, questions)], sessions, settings)
    return _result("longmemeval-whole", found, settings)


def _result(name: str, found: Sequence[Answer], settings: BenchSettings) -> BenchResult:
    others = [other for other in found[0].found if other != "system"]
    bars = scoring.reliability(
        [a.confidence for a in found], [a.question.answerable for a in found]
    )
    system = scores(found, "system") | {
        "by_category": _by_kind(found),
        "abstention": abstention(found) | {"calibration_error": scoring.calibration_error(bars)},
        "latency_ms": latency(found),
    }
    return BenchResult(
        benchmark=name,
        questions=len(found),
        encoder=settings.encoder.name,
        device=settings.device,
        commit=commit(),
        sections={"system": system, "baselines": {other: scores(found, other) for other in others}},
        rows=[answer.to_row() for answer in found],
        reliability=bars,
        spread={
            "system": scores(found, "system", figure=standard_error)
            | {
                "by_category": _by_kind(found, standard_error),
                "abstention": {"auroc": auroc_error(*_confidence(found))},
            },
            "baselines": {other: scores(found, other, figure=standard_error) for other in others},
        },
        spread_is=OVER_QUESTIONS,
    )


def haystacks(data: str | Path, limit: int | None) -> tuple[list[Haystack], list[Session]]:
    """Return the first questions, each with its own haystack, and all their sessions."""
    loaded = load_longmemeval(data)
    questions = limited(loaded.questions, limit)
    wanted = {session for question in questions for session, _ in question.sessions}
    sessions = [Session(name, None, loaded.turns[name]) for name in sorted(wanted)]
    return [Haystack(loaded.haystack(question), [question]) for question in questions], sessions


def scores(
    found: Sequence[Answer], name: str, *, figure: Figure = scoring.percent
) -> dict[str, Any]:
    """Return one system's scores at both levels: their means in per cent, or another figure."""
    asked = [answer for answer in found if answer.question.answerable]
    turned = [answer for answer in asked if answer.question.gold_turns]
    return {
        "session": _level(
            [(a.found[name].sessions, a.question.gold_sessions) for a in asked], figure
        ),
        "session_all_questions": _level(
            [(a.found[name].sessions, a.question.gold_sessions) for a in found], figure
        ),
        "turn": _level([(a.found[name].turns, a.question.gold_turns) for a in turned], figure),
    }


def abstention(found: Sequence[Answer]) -> dict[str, float]:
    """Return how well confidence tells questions that have an answer from those that have none."""
    return {"auroc": scoring.auroc(*_confidence(found))}


def _confidence(found: Sequence[Answer]) -> tuple[list[float], list[bool]]:
    """The confidence of each answer, and whether its question has one."""
    return [a.confidence for a in found], [a.question.answerable for a in found]


def latency(found: Sequence[Answer]) -> dict[str, float]:
    """Return milliseconds of a recall, the question's encoding left out."""
    seconds = [answer.seconds for answer in found]
    return {
        "p50": round(_MS * scoring.percentile(seconds, 0.5), 2),
        "p99": round(_MS * scoring.percentile(seconds, 0.99), 2),
    }


_Score = Callable[[Sequence[Any], Collection[Any], int], float]
_NAMED: tuple[tuple[str, _Score], ...] = (
    ("recall_any", scoring.recall_any),
    ("recall_all", scoring.recall_all),
    ("ndcg_any", scoring.ndcg_longmemeval),
    ("ndcg", scoring.ndcg),
)


def _level(
    pairs: Sequence[tuple[Sequence[Any], Collection[Any]]], figure: Figure
) -> dict[str, float]:
    return {
        f"{name}@{k}": figure([score(ranked, gold, k) for ranked, gold in pairs])
        for name, score in _NAMED
        for k in (1, 5, 10)
    }


def _by_kind(found: Sequence[Answer], figure: Figure = scoring.percent) -> dict[str, Any]:
    kinds = sorted({answer.question.kind for answer in found})
    parts = {kind: [a for a in found if a.question.kind == kind] for kind in kinds}
    return {
        kind: {"questions": len(part)} | scores(part, "system", figure=figure)
        for kind, part in parts.items()
    }
