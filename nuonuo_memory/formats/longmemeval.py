"""LongMemEval: the haystack of one question, from the official file or from a folder.

The official file is a JSON array of questions with `haystack_sessions`, `haystack_session_ids` and
`haystack_dates`. The folder holds `sessions.jsonl` and `questions.jsonl`, `.xz` or plain.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from nuonuo_memory.errors import FormatError
from nuonuo_memory.formats.reader import Job
from nuonuo_memory.formats.records import JsonObject, Record
from nuonuo_memory.formats.session import Session
from nuonuo_memory.formats.source import File, Source
from nuonuo_memory.formats.texts import clean, require, text_of_content
from nuonuo_memory.types import Message

_KEYS = ("haystack_sessions", "haystack_session_ids", "haystack_dates")


@dataclass(frozen=True, slots=True)
class Question:
    """One question of the data, and the conversations that it looks into.

    Attributes:
        id: The question's id.
        sessions: Name and date of each, in their order.
        evidence: The turns that hold the answer: session and place from 0.
        record: The file's record.
        where: File and record, for messages.
    """

    id: str
    sessions: Sequence[tuple[str, datetime | None]]
    evidence: frozenset[tuple[str, int]]
    record: JsonObject
    where: str


@dataclass(frozen=True, slots=True)
class Haystacks:
    """The questions of a source, and every turn of the sessions that they look into, by name."""

    questions: Sequence[Question]
    turns: Mapping[str, tuple[Message, ...]]


class LongMemEval:
    """Reads LongMemEval."""

    name = "longmemeval"
    about = "LongMemEval, its JSON or a folder of sessions and questions; --only a question"

    def matches(self, source: Source) -> bool:
        """Whether a source is LongMemEval's file, or a folder laid out like it."""
        if source.whole:
            return None not in (_inside(source, "sessions"), _inside(source, "questions"))
        return any("haystack_sessions" in one for one in source.samples)

    def read(self, source: Source, job: Job) -> Iterator[Session]:
        """Yield the haystack of the question that is chosen by id or by place from 0.

        Raises:
            FormatError: There are several questions and none is chosen, or the one is not there.
        """
        only = job.take_only()
        records = _questions_of(source).records
        chosen = _choose(records, only, source.shown)
        found = haystacks(source, job, records=[chosen])
        for question in found.questions:
            for name, date in question.sessions:
                kept = tuple(one for one in found.turns[name] if one.content.strip())
                yield Session(kept, name, date)


def haystacks(source: Source, job: Job, *, records: Sequence[Record] | None = None) -> Haystacks:
    """Return questions and their conversations with every turn.

    Args:
        source: The official file, or the folder.
        job: What is asked of the reader.
        records: The questions that are wanted; by default all.
    """
    wanted = _questions_of(source).records if records is None else records
    if source.whole:
        return _from_folder(source, wanted, job)
    turns: dict[str, tuple[Message, ...]] = {}
    questions = []
    for record in wanted:
        with job.record(record):
            questions.append(_from_official(record, turns, job))
    return Haystacks(questions, turns)


def _from_official(record: Record, turns: dict[str, tuple[Message, ...]], job: Job) -> Question:
    found = record.object("a question with a haystack")
    parts = [found.get(key) for key in _KEYS]
    sizes = [len(part) if isinstance(part, list) else None for part in parts]
    require(
        None not in sizes and len(set(sizes)) == 1,
        record.where,
        "as many haystack_sessions as haystack_session_ids and haystack_dates",
        sizes,
    )
    sessions: list[Any] = [part or [] for part in parts]
    dated, evidence = [], set()
    for said, name, date in zip(*sessions, strict=True):
        here = f"{record.where}, session {name}"
        turns[str(name)] = _turns(said, here)
        dated.append((str(name), job.time(date, here)))
        evidence |= {
            (str(name), place)
            for place, turn in enumerate(said)
            if isinstance(turn, Mapping) and turn.get("has_answer")
        }
    return Question(_id(found, record.where), dated, frozenset(evidence), found, record.where)


def _from_folder(source: Source, wanted: Sequence[Record], job: Job) -> Haystacks:
    questions = []
    for record in wanted:
        with job.record(record):
            found = record.object("a question")
            listed: Any = found.get("s_sessions")
            pairs = isinstance(listed, list) and all(
                isinstance(one, list) and len(one) == 2 for one in listed
            )
            require(pairs, record.where, "s_sessions, a list of [session, date]", listed)
            dated = [(str(name), job.time(date, record.where)) for name, date in listed]
            evidence = _evidence(found.get("evidence_turns", []), record.where)
            questions.append(
                Question(_id(found, record.where), dated, evidence, found, record.where)
            )
    names = {name for question in questions for name, _ in question.sessions}
    turns: dict[str, tuple[Message, ...]] = {}
    for record in _found(source, "sessions").records:
        with job.record(record):
            session = record.object("a session")
            name = str(session.get("session_id"))
            if name in names:
                turns[name] = _turns(session.get("turns"), f"{record.where}, session {name}")
    for question in questions:
        for name, _ in question.sessions:
            require(name in turns, question.where, f"session {name!r} to be in the folder", None)
    return Haystacks(questions, turns)


def _evidence(cited: object, where: str) -> frozenset[tuple[str, int]]:
    pairs: list[Any] = cited if isinstance(cited, list) else [cited]
    for one in pairs:
        right = isinstance(one, list) and len(one) == 2 and isinstance(one[1], int)
        require(right, where, "evidence_turns, a list of [session, place]", one)
    return frozenset((str(session), int(place)) for session, place in pairs)


def _turns(turns: object, where: str) -> tuple[Message, ...]:
    require(isinstance(turns, list), where, "a list of turns", turns)
    messages = []
    for number, turn in enumerate(turns if isinstance(turns, list) else (), start=1):
        here = f"{where}, turn {number}"
        if isinstance(turn, Mapping):
            role, content = turn.get("role"), turn.get("content")
        else:
            require(isinstance(turn, list) and len(turn) == 2, here, "[role, text]", turn)
            role, content = turn
        named = isinstance(role, str) and bool(clean(role).strip())
        require(named, here, "a turn with a role", turn)
        messages.append(Message(clean(str(role)), clean(text_of_content(content, here))))
    return tuple(messages)


def _id(record: JsonObject, where: str) -> str:
    own = record.get("question_id")
    require(isinstance(own, str), where, "a question with a question_id", record)
    return str(own)


def _choose(records: Sequence[Record], only: str | None, shown: str) -> Record:
    if only is None and len(records) == 1:
        return records[0]
    names = [_id(record.object("a question"), record.where) for record in records]
    some = ", ".join(names[:3])
    if only is None:
        raise FormatError(
            f"{shown} holds {len(names)} questions, each with a haystack of its own; choose one by "
            f"--only with its id or place from 0 (the first are {some})"
        )
    for place, name in enumerate(names):
        if only in (name, str(place)):
            return records[place]
    raise FormatError(
        f"{shown}: expected --only to be the id of one of {len(names)} questions, or its place "
        f"from 0, got {only!r} (the first are {some})"
    )


def _questions_of(source: Source) -> File:
    return _found(source, "questions") if source.whole else source.files[0]


def _inside(source: Source, stem: str) -> File | None:
    for file in source.files:
        path = PurePosixPath(file.name)
        if path.name.split(".")[0] == stem and file.suffix in (".jsonl", ".json"):
            return file
    return None


def _found(source: Source, stem: str) -> File:
    file = _inside(source, stem)
    if file is None:
        raise FormatError(
            f"{source.shown}: expected {stem}.jsonl or {stem}.jsonl.xz in this folder"
        )
    return file
