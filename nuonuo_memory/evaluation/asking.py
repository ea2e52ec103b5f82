"""Questions about conversations, put to a memory and to the baselines, one haystack at a time."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from nuonuo_memory.config import MemoryConfig
from nuonuo_memory.encoders.base import Encoder
from nuonuo_memory.evaluation.baselines import baselines
from nuonuo_memory.evaluation.data import Question, Session
from nuonuo_memory.memory import TextMemory
from nuonuo_memory.types import Recall
from nuonuo_memory.write.drafts import Conversation, LastTurn, draft_turns

DEPTH = 10
"""Hits that are asked for; no score looks further."""
HOPS = 3
"""Hops where associations are followed, as in `TextMemory.follow`."""

Turn = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Found:
    """What one system found: turns and sessions, best first, at most `DEPTH` of each."""

    turns: Sequence[Turn]
    sessions: Sequence[str]


@dataclass(frozen=True, slots=True)
class Answer:
    """One question's record.

    Attributes:
        found: By system; `system` is the memory itself, `associated` the same with associations
            followed.
        confidence: The memory's own, from 0 to 1.
        seconds: From the question's text to the memories, its encoding left out.
    """

    question: Question
    found: dict[str, Found]
    confidence: float
    seconds: float

    def to_row(self) -> dict[str, Any]:
        """Return the record that is written for the question."""
        question = self.question
        return {
            "id": question.id,
            "kind": question.kind,
            "question": question.text,
            "answerable": question.answerable,
            "gold_sessions": sorted(question.gold_sessions),
            "gold_turns": sorted(question.gold_turns),
            "confidence": round(self.confidence, 4),
            "latency_ms": round(1000 * self.seconds, 2),
        } | {name: asdict(found) for name, found in self.found.items()}


@dataclass(frozen=True, slots=True)
class Haystack:
    """Sessions, and the questions that look into just these.

    Attributes:
        associated: Ask each question a second time, following associations.
    """

    sessions: Sequence[Session]
    questions: Sequence[Question]
    associated: bool = False


def texts_of(sessions: Sequence[Session], config: MemoryConfig) -> Iterator[str]:
    """Yield the texts that a memory of these sessions, or a baseline, encodes."""
    for session in sessions:
        said = Conversation(session.messages, namespace=("default",), session=session.id)
        for draft in draft_turns(said, {}, last=LastTurn(), config=config.cues):
            yield draft.said
            yield from (cue.text for cue in draft.cues)


def ask(haystack: Haystack, encoder: Encoder, *, config: MemoryConfig, device: str) -> list[Answer]:
    """Observe the sessions, put the questions, and do the same with the baselines."""
    with TextMemory.in_memory(encoder=encoder, config=config, device=device) as memory:
        observe(memory, haystack.sessions)
        others = baselines(haystack.sessions, encoder, config=config)
        return [
            answer(
                memory,
                question,
                others.find(question.text, DEPTH),
                associated=haystack.associated,
            )
            for question in haystack.questions
        ]


def observe(memory: TextMemory, sessions: Sequence[Session]) -> None:
    """Turn sessions into memories."""
    for session in sessions:
        memory.observe(session.messages, session=session.id, at=session.at)


def answer(
    memory: TextMemory,
    question: Question,
    others: dict[str, tuple[list[Turn], list[str]]],
    *,
    associated: bool = False,
) -> Answer:
    """Put one question to a memory, and set beside its answer what other systems found."""
    start = time.perf_counter()
    hits = memory.recall(question.text, k=DEPTH, now=question.asked)
    seconds = time.perf_counter() - start
    found = {"system": _found(memory, question, hits, hops=0)}
    if associated:
        reached = memory.recall(question.text, k=DEPTH, now=question.asked, hops=HOPS)
        found["associated"] = _found(memory, question, reached, hops=HOPS)
    found |= {name: Found(*lists) for name, lists in others.items()}
    return Answer(question, found, hits.confidence, seconds)


def _found(memory: TextMemory, question: Question, hits: Recall, *, hops: int) -> Found:
    """The turns that were found, and the sessions that the same question finds."""
    grouped = memory.recall(
        question.text, k=DEPTH, now=question.asked, group_by="session", hops=hops
    )
    turns = [(hit.memory.session or "", hit.memory.turn or 0) for hit in hits]
    return Found(turns, [hit.memory.session or "" for hit in grouped])
