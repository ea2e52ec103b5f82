"""LongMemEval (Wu et al., ICLR 2025): what is asked, beside the conversations of its reader."""

from __future__ import annotations

from pathlib import Path

from nuonuo_memory.errors import FormatError
from nuonuo_memory.evaluation.data import Conversations, Question
from nuonuo_memory.formats import longmemeval
from nuonuo_memory.formats.reader import Job
from nuonuo_memory.formats.source import open_source


def load_longmemeval(path: str | Path) -> Conversations:
    """Load the questions and their haystacks.

    Args:
        path: The official JSON array (`longmemeval_s.json`), or a folder with `sessions` and
            `questions` as JSON lines.

    Raises:
        FormatError: It is neither.
    """
    where, job = Path(path), Job()
    found = longmemeval.haystacks(open_source(where), job)
    try:
        return Conversations([_question(one, job) for one in found.questions], found.turns)
    except (KeyError, TypeError, AttributeError) as error:
        raise FormatError(f"{where} must be laid out as LongMemEval is: {error!r}") from error


def _question(question: longmemeval.Question, job: Job) -> Question:
    record = question.record
    return Question(
        id=question.id,
        kind=record["question_type"],
        text=record["question"],
        asked=job.time(record["question_date"], question.where),
        sessions=tuple(dict(question.sessions).items()),
        gold_sessions=frozenset(record["answer_session_ids"]),
        gold_turns=question.evidence,
        answerable=not question.id.endswith("_abs"),
    )
