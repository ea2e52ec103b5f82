"""LoCoMo (Maharana et al., ACL 2024), from its official JSON.

Categories: 1 multi-hop, 2 temporal, 3 open-domain, 4 single-hop, 5 adversarial.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from nuonuo_memory.errors import FormatError
from nuonuo_memory.evaluation.data import Conversations, Question, moment, records
from nuonuo_memory.types import Message

_DATE = "%I:%M %p on %d %B, %Y"
_NUMBERED = re.compile(r"session_(\d+)$")
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
            str(sample.get("sample_id", place)): _sample(sample)
            for place, sample in enumerate(records(where))
        }
    except (KeyError, TypeError, AttributeError) as error:
        raise FormatError(f"{where} must be laid out as LoCoMo is: {error!r}") from error


def _sample(sample: Mapping[str, Any]) -> Conversations:
    conversation = sample["conversation"]
    turns: dict[str, list[Message]] = {}
    dates: dict[str, datetime | None] = {}
    places: dict[str, tuple[str, int]] = {}
    for name in sorted(filter(_NUMBERED.match, conversation), key=lambda key: int(key[8:])):
        turns[name] = [_message(turn) for turn in conversation[name]]
        dates[name] = moment(conversation[f"{name}_date_time"], _DATE)
        places |= {turn["dia_id"]: (name, at) for at, turn in enumerate(conversation[name])}
    last = max(date for date in dates.values() if date is not None)
    questions = []
    for number, record in enumerate(sample["qa"]):
        cited = _EVIDENCE.findall(" ".join(map(str, record.get("evidence", ()))))
        named = [f"D{int(session)}:{int(turn)}" for session, turn in cited]
        gold = frozenset(places[one] for one in named if one in places)
        questions.append(
            Question(
                id=f"{sample.get('sample_id', '')}/{number}",
                kind=KINDS[int(record["category"])],
                text=record["question"],
                asked=last + timedelta(days=1),
                sessions=tuple(dates.items()),
                gold_sessions=frozenset(session for session, _ in gold),
                gold_turns=gold,
                answerable=int(record["category"]) != 5,
            )
        )
    return Conversations(questions, dict(turns))


def _message(turn: Mapping[str, Any]) -> Message:
    caption = turn.get("blip_caption")
    text = f"{turn['text']} [shares {caption}]" if caption else turn["text"]
    return Message(turn["speaker"], text, name=turn["speaker"])
