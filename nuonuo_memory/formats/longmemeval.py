"""LongMemEval: the haystack of one question, from the official file or from a folder.

The official file is a JSON array of questions with `haystack_sessions`, `haystack_session_ids` and
`haystack_dates`. The folder holds `sessions.jsonl` and `questions.jsonl`, `.xz` or plain.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nuonuo_memory.errors import FormatError
from nuonuo_memory.formats.sessions import Session, require, text_of_content, time_of_record
from nuonuo_memory.formats.source import Source, parse_lines, read_text
from nuonuo_memory.types import Message

NAME = "longmemeval"
ABOUT = "LongMemEval, its official JSON or a folder of sessions and questions; --only a question"

_KEYS = ("haystack_sessions", "haystack_session_ids", "haystack_dates")


@dataclass(frozen=True, slots=True)
class Question:
    """One question of the data.

    Attributes:
        id: The question's id.
        text: Its words.
        answer: The answer that is right.
        asked: When it is asked, as the file writes it.
        record: The file's record.
    """

    id: str
    text: str
    answer: str
    asked: str
    record: Mapping[str, Any]


def matches(source: Source) -> bool:
    """Whether a source is LongMemEval's file, or a folder laid out like it."""
    if source.path.is_dir():
        return None not in (_inside(source.path, "sessions"), _inside(source.path, "questions"))
    if "haystack_sessions" not in source.text[:1_000_000]:
        return False
    document = source.document
    first = document[0] if isinstance(document, list) and document else document
    return isinstance(first, Mapping) and "haystack_sessions" in first


def questions(source: Source) -> list[Question]:
    """Return the questions of a source."""
    if source.path.is_dir():
        path = _found(source.path, "questions")
        records = [
            (f"{path}, line {number}", record)
            for number, record in parse_lines(read_text(path), str(path))
        ]
    else:
        document = source.document
        items = document if isinstance(document, list) else [document]
        records = [(f"{source.path}, record {i}", item) for i, item in enumerate(items, start=1)]
    return [_question(record, where) for where, record in records]


def read(source: Source, only: str | None = None) -> Iterator[Session]:
    """Yield the haystack of the question that `only` names by id or by place from 0.

    Raises:
        FormatError: There are several questions and none is chosen, or the one is not there.
    """
    chosen = _choose(questions(source), only, source.path)
    if source.path.is_dir():
        yield from _from_folder(source.path, chosen)
        return
    where = f"{source.path}, question {chosen.id}"
    parts = [chosen.record.get(key) for key in _KEYS]
    sizes = [len(part) if isinstance(part, list) else None for part in parts]
    require(
        None not in sizes and len(set(sizes)) == 1,
        where,
        "as many haystack_sessions as haystack_session_ids and haystack_dates",
        sizes,
    )
    sessions: list[Any] = [part or [] for part in parts]
    for turns, name, date in zip(*sessions, strict=True):
        yield _session(turns, str(name), date, f"{where}, session {name}")


def _from_folder(folder: Path, question: Question) -> Iterator[Session]:
    wanted = question.record.get("s_sessions")
    where = f"{folder}, question {question.id}"
    require(isinstance(wanted, list), where, "s_sessions, a list of [session, date]", wanted)
    path = _found(folder, "sessions")
    names = {name for name, _ in wanted or ()}
    held = {
        record["session_id"]: record["turns"]
        for _, record in parse_lines(read_text(path), str(path))
        if record.get("session_id") in names
    }
    for name, date in wanted or ():
        require(name in held, where, f"session {name!r} to be in {path.name}", None)
        yield _session(held[name], name, date, f"{where}, session {name}")


def _session(turns: object, name: str, date: object, where: str) -> Session:
    require(isinstance(turns, list), where, "a list of turns", turns)
    messages = []
    for number, turn in enumerate(turns if isinstance(turns, list) else (), start=1):
        here = f"{where}, turn {number}"
        if isinstance(turn, Mapping):
            role, content = turn.get("role"), turn.get("content")
        else:
            require(isinstance(turn, Sequence) and len(turn) == 2, here, "[role, text]", turn)
            role, content = turn
        require(isinstance(role, str), here, "a turn with a role", turn)
        text = text_of_content(content, here)
        if text.strip():
            messages.append(Message(str(role), text))
    return Session(tuple(messages), name, time_of_record(date, where))


def _question(record: Any, where: str) -> Question:  # noqa: ANN401 - whatever the JSON holds
    require(
        isinstance(record, Mapping) and isinstance(record.get("question_id"), str),
        where,
        "a question with a question_id",
        record,
    )
    return Question(
        record["question_id"],
        str(record.get("question", "")),
        str(record.get("answer", "")),
        str(record.get("question_date", "")),
        record,
    )


def _choose(found: Sequence[Question], only: str | None, path: Path) -> Question:
    some = ", ".join(question.id for question in found[:3])
    if only is None and len(found) == 1:
        return found[0]
    if only is None:
        raise FormatError(
            f"{path} holds {len(found)} questions, each with a haystack of its own; choose one by "
            f"--only with its id or place from 0 (the first are {some})"
        )
    for place, question in enumerate(found):
        if only in (question.id, str(place)):
            return question
    raise FormatError(
        f"{path}: expected --only to be the id of one of {len(found)} questions, or its place from "
        f"0, got {only!r} (the first are {some})"
    )


def _inside(folder: Path, stem: str) -> Path | None:
    places = (folder / f"{stem}.jsonl{ending}" for ending in ("", ".xz", ".gz"))
    return next((place for place in places if place.is_file()), None)


def _found(folder: Path, stem: str) -> Path:
    path = _inside(folder, stem)
    if path is None:
        raise FormatError(f"{folder}: expected {stem}.jsonl or {stem}.jsonl.xz in this folder")
    return path
