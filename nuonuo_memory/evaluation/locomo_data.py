"""LoCoMo (Maharana et al., ACL 2024): the questions, beside the conversations of its reader.

Categories: 1 multi-hop, 2 temporal, 3 open-domain, 4 single-hop, 5 adversarial.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from nuonuo_memory.errors import FormatError
from nuonuo_memory.evaluation.data import Conversations, Question
from nuonuo_memory.formats.locomo import Sample, samples
from nuonuo_memory.formats.reader import Job
from nuonuo_memory.formats.source import open_source

_EVIDENCE = re.compile(r"D(\d+):(\d+)")
KINDS = {1: "multi-hop", 2: "temporal", 3: "open-domain", 4: "single-hop", 5: "adversarial"}


def load_locomo(path: str | Path) -> dict[str, Conversations]:
    """Load the conversations with their questions, by sample.

    An image that is shared stands as its caption in the turn's text, as in the official code.

    Args:
        path: `locomo10.json`, or a folder that holds `locomo.json`.

    Raises:
        FormatError: It is not LoCoMo's JSON.
    """
    where = Path(path)
    where = where / "locomo.json" if where.is_dir() else where
    try:
        return {
            sample.name: _conversations(sample) for sample in samples(open_source(where), Job())
        }
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, FormatError):
            raise
        raise FormatError(f"{where} must be laid out as LoCoMo is: {error!r}") from error


def _conversations(sample: Sample) -> Conversations:
    """Put the questions beside the sessions, which are called by their number here."""
    sessions = {f"session_{number}": session for number, session in sample.sessions.items()}
    places = {
        turn.id: (name, at)
        for name, session in sessions.items()
        for at, turn in enumerate(session.messages)
    }
    dates = {name: session.at for name, session in sessions.items()}
    last = max(date for date in dates.values() if date is not None)
    questions = []
    for number, record in enumerate(sample.record["qa"]):
        cited = _EVIDENCE.findall(" ".join(map(str, record.get("evidence", ()))))
        named = [f"D{int(session)}:{int(turn)}" for session, turn in cited]
        gold = frozenset(places[one] for one in named if one in places)
        questions.append(
            Question(
                id=f"{sample.record.get('sample_id', '')}/{number}",
                kind=KINDS[int(record["category"])],
                text=record["question"],
                asked=last + timedelta(days=1),
                sessions=tuple(dates.items()),
                gold_sessions=frozenset(session for session, _ in gold),
                gold_turns=gold,
                answerable=int(record["category"]) != 5,
            )
        )
    turns = {
        name: [replace(turn, id=None) for turn in session.messages]
        for name, session in sessions.items()
    }
    return Conversations(questions, turns)
