"""LongMemEval (Wu et al., ICLR 2025), from the official file or from a folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from nuonuo_memory.errors import FormatError
from nuonuo_memory.evaluation.data import Conversations, Question, moment, records
from nuonuo_memory.types import Message

_DATES = ("%Y/%m/%d (%a) %H:%M", "%Y/%m/%d")


def load_longmemeval(path: str | Path) -> Conversations:
    """Load the questions and their haystacks.

    Args:
        path: The official JSON array (`longmemeval_s.json`), or a folder with `sessions` and
            `questions` as JSON lines.

    Raises:
        FormatError: It is neither.
    """
    where = Path(path)
    try:
        return _from_folder(where) if where.is_dir() else _from_official(where)
    except (KeyError, TypeError, IndexError) as error:
        raise FormatError(f"{where} must be laid out as LongMemEval is: {error!r}") from error


def _from_folder(path: Path) -> Conversations:
    turns: dict[str, Sequence[Message]] = {
        record["session_id"]: [Message(role, text) for role, text in record["turns"]]
        for record in records(path, "sessions")
    }
    questions = []
    for record in records(path, "questions"):
        evidence = frozenset((session, int(turn)) for session, turn in record["evidence_turns"])
        questions.append(_question(record, record["s_sessions"], evidence))
    return Conversations(questions, turns)


def _from_official(path: Path) -> Conversations:
    turns: dict[str, Sequence[Message]] = {}
    questions = []
    for record in records(path):
        names = record["haystack_session_ids"]
        evidence = set()
        for name, session in zip(names, record["haystack_sessions"], strict=True):
            turns[name] = [Message(turn["role"], turn["content"]) for turn in session]
            evidence |= {
                (name, place) for place, turn in enumerate(session) if turn.get("has_answer")
            }
        dated = list(zip(names, record["haystack_dates"], strict=True))
        questions.append(_question(record, dated, frozenset(evidence)))
    return Conversations(questions, turns)


def _question(
    record: Mapping[str, Any],
    sessions: Sequence[Sequence[str]],
    evidence: frozenset[tuple[str, int]],
) -> Question:
    dated: dict[str, datetime | None] = {name: moment(date, *_DATES) for name, date in sessions}
    return Question(
        id=record["question_id"],
        kind=record["question_type"],
        text=record["question"],
        asked=moment(record["question_date"], *_DATES),
        sessions=tuple(dated.items()),
        gold_sessions=frozenset(record["answer_session_ids"]),
        gold_turns=evidence,
        answerable=not record["question_id"].endswith("_abs"),
    )
