"""The same conversation in several languages: recall, following, names and times in each."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from nuonuo_memory.errors import FormatError
from nuonuo_memory.evaluation import scoring
from nuonuo_memory.evaluation.asking import observe
from nuonuo_memory.evaluation.baselines import baselines
from nuonuo_memory.evaluation.data import Session, moment
from nuonuo_memory.evaluation.result import BenchResult, commit
from nuonuo_memory.evaluation.settings import BenchSettings
from nuonuo_memory.memory import TextMemory
from nuonuo_memory.text.dates import period_asked
from nuonuo_memory.text.names import names, normal
from nuonuo_memory.types import Message, Recall

_DEPTH = 5
_ENGLISH = "en"
_CROSSED = "asked_in_english"
_WIDER = 14
"""Days by which a period that is read may be longer than twice the one that is meant."""


@dataclass(frozen=True, slots=True)
class _Conversation:
    """One language's file.

    Attributes:
        language: Its code.
        now: When the questions are asked.
        sessions: What was said.
        asked: Questions and the places of the turns that answer, counted over all sessions.
        led: Questions of several hops and the place of the turn that they lead to.
        names: The people and places that occur.
        times: Questions that name a time, its first and its last day.
    """

    language: str
    now: datetime
    sessions: Sequence[Session]
    asked: Sequence[tuple[str, frozenset[int]]]
    led: Sequence[tuple[str, int]]
    names: Sequence[str]
    times: Sequence[tuple[str, datetime, datetime]]


def run_languages(data: str | Path, settings: BenchSettings) -> BenchResult:
    """Ask the same questions in each language that a folder has a file of.

    Where one of them is English, its questions are asked of the others' memories too.

    Args:
        data: A folder of JSON files, one for each language, or one such file.
        settings: The encoder, and the questions of each language that are asked.
    """
    found: dict[str, dict[str, Any]] = {}
    rows: list[dict[str, Any]] = []
    conversations = [_loaded(file) for file in _files(Path(data))]
    english = next((one.asked for one in conversations if one.language == _ENGLISH), ())
    for number, conversation in enumerate(conversations, start=1):
        foreign = () if conversation.language == _ENGLISH else english
        found[conversation.language], asked = _measured(conversation, settings, foreign)
        rows.extend(asked)
        settings.progress("asking", number, len(conversations))
    return BenchResult(
        benchmark="languages",
        questions=len(rows),
        encoder=settings.encoder.name,
        device=settings.device,
        commit=commit(),
        sections={"system": _mean(found)} | found,
        rows=rows,
    )


def _measured(
    conversation: _Conversation,
    settings: BenchSettings,
    english: Sequence[tuple[str, frozenset[int]]],
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return one language's scores, in per cent but for names and times, and its questions."""
    places = [
        (session.id, turn)
        for session in conversation.sessions
        for turn in range(len(session.messages))
    ]
    order = {turn: place for place, turn in enumerate(places)}
    others = baselines(conversation.sessions, settings.encoder, config=settings.memory)
    rows: list[dict[str, Any]] = []

    def found(recall: Recall) -> list[int]:
        return [order[hit.memory.session or "", hit.memory.turn or 0] for hit in recall]

    with TextMemory.in_memory(
        encoder=settings.encoder, config=settings.memory, device=settings.device
    ) as memory:
        observe(memory, conversation.sessions)
        recall = partial(memory.recall, k=_DEPTH, now=conversation.now)
        for question, gold in conversation.asked[: settings.limit]:
            ranked = {
                name: [order[turn] for turn in turns]
                for name, (turns, _) in others.find(question, _DEPTH).items()
            }
            about = {"language": conversation.language, "question": question, "gold": sorted(gold)}
            rows.append(about | ranked | {"memory": found(recall(question))})
        crossed = [
            {"gold": gold, _CROSSED: found(recall(question))}
            for question, gold in english[: settings.limit]
        ]
        led = [
            target in found(memory.follow(question, k=_DEPTH, now=conversation.now))
            for question, target in conversation.led[: settings.limit]
        ]
    scores: dict[str, Any] = {
        name: _hits(rows, name) for name in ("memory", "one_vector_per_turn", "bm25")
    }
    if crossed:
        scores[_CROSSED] = _hits(crossed, _CROSSED)
    return scores | {"follow": {"target@5": sum(led)}} | _read(conversation), rows


def _hits(rows: Sequence[Mapping[str, Any]], name: str) -> dict[str, float]:
    """Return in per cent how often a system's first one and first five hold an answer."""
    return {
        f"hit@{k}": scoring.percent([scoring.recall_any(row[name], row["gold"], k) for row in rows])
        for k in (1, _DEPTH)
    }


def _read(conversation: _Conversation) -> dict[str, Any]:
    """Return how many names and times are read rightly, and how many wrongly."""
    said = [message.content for session in conversation.sessions for message in session.messages]
    forms = {name.form for text in said for name in names(text)}
    wanted = {normal(name) for name in conversation.names}
    right = sum(
        _right(question, since, until, conversation.now)
        for question, since, until in conversation.times
    )
    plain = [question for question, _ in (*conversation.asked, *conversation.led)]
    wrong = sum(period_asked(question, now=conversation.now) is not None for question in plain)
    return {
        "names": {"found": len(wanted & forms), "others": len(forms - wanted)},
        "times": {"right": right, "false": wrong},
    }


def _right(question: str, since: datetime, until: datetime, now: datetime) -> bool:
    """Say whether the period that is read covers the one that is meant and is not much longer."""
    period = period_asked(question, now=now)
    if period is None or period.since.date() > since.date() or period.until.date() < until.date():
        return False
    return (period.until - period.since).days <= 2 * ((until - since).days + 1) + _WIDER


def _mean(found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the mean over languages of what is in per cent, and the sum of what is counted."""
    every = dict.fromkeys(what for scores in found.values() for what in scores)
    mean: dict[str, Any] = {}
    for what in every:
        held = [scores[what] for scores in found.values() if what in scores]
        mean[what] = {
            measure: round(
                sum(one[measure] for one in held) / (len(held) if measure.startswith("hit") else 1),
                2,
            )
            for measure in held[0]
        }
    return mean


def _files(data: Path) -> list[Path]:
    files = sorted(data.glob("*.json")) if data.is_dir() else [data]
    if not files:
        raise FormatError(f"{data} must be a folder with a JSON file for each language, has none")
    return files


def _loaded(file: Path) -> _Conversation:
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
        return _Conversation(
            language=record["language"],
            now=datetime.fromisoformat(record["now"]),
            sessions=[
                Session(
                    one["id"],
                    datetime.fromisoformat(one["at"]),
                    [Message(turn["role"], turn["content"]) for turn in one["turns"]],
                )
                for one in record["sessions"]
            ],
            asked=[(one["q"], frozenset(one["gold"])) for one in record["questions"]],
            led=[(one["q"], one["target"]) for one in record["two_hop"]],
            names=record["names"],
            times=[
                (one["q"], moment(one["since"], "%Y-%m-%d"), moment(one["until"], "%Y-%m-%d"))
                for one in record["dates"]
            ],
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FormatError(
            f"{file} must be a conversation with language, now, sessions, questions, two_hop, "
            f"names and dates: {type(error).__name__} {error}"
        ) from error
