"""What a question asks for: its topic, whose words, and from when.

Rules over the wording of the languages that have lists; a question in another language, or without
such words, asks for nothing special and is ranked by its content alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

import regex

from nuonuo_memory.text.dates import Period, period_and_topic
from nuonuo_memory.text.language import language_of
from nuonuo_memory.text.normalise import folded
from nuonuo_memory.text.wordlists import LATIN, lists, phrases_of

_ASSISTANT = re.compile(
    r"\bremind me\b"
    r"|\b(?:previous|last|earlier|past) (?:conversation|chat|discussion)\b"
    r"|\byou (?:had |have |just |also )*(?:recommended|suggested|mentioned|told|said|gave|provided"
    r"|listed|explained|created|wrote|shared|described|advised|proposed|outlined|answered|replied)\b"
    r"|\bdid you\b|\bwe (?:talked|discussed|outlined|spoke|agreed)\b"
    r"|\byour (?:recommendation|suggestion|advice|answer|reply|explanation)s?\b",
    re.IGNORECASE,
)
_FIRST_PERSON = re.compile(
    r"\b(?:i|i'm|i've|i'd|i'll|me|my|mine|myself|we|our|ours|us)\b", re.IGNORECASE
)

_STATE = re.compile(
    r"\b(?:did|have|had|has) (?:i|we|he|she|they|[\w' ]{1,40}?) (?:been )?"
    r"(?:living|working|live|lived|reside|resided|work|worked|own|owned|drive|driven|weigh|weighed|earn|earned)\b"
    r"|\b(?:was|were) (?:i|we|he|she|they|[\w' ]{1,40}?) (?:living|working|employed|married)\b"
    r"|\b(?:was|were) (?:my|our|his|her|their|\w+'s) (?:\w+ )?(?:address|job|boss|manager|employer"
    r"|salary|rent|home|flat|apartment|city|weight|phone|number|email|title|position|role|team"
    r"|doctor|dentist|landlord|partner|girlfriend|boyfriend|password|plan|tariff|car)\b",
    re.IGNORECASE,
)

_ASKS = ("?", "？", "؟")
_UNSPACED = ("zh", "ja")


@dataclass(frozen=True, slots=True)
class Question:
    """What a question asks for.

    Attributes:
        text: The question as asked.
        speaker: `user` when it speaks of the asker ("where did I …"), `assistant` when it asks for
            what the assistant said ("what did you recommend"), else `None`.
        period: The span of time that it names, if any.
        topic: Its words without a time that counts from today: "two weeks ago" names a date, and
            meant another one where a memory says it.
    """

    text: str
    speaker: str | None
    period: Period | None
    topic: str


def read_question(question: str, *, now: datetime | None = None) -> Question:
    """Read what a question asks for.

    Args:
        question: The question's text.
        now: When it is asked; without it, only dates that name their year are understood.
    """
    period, topic = period_and_topic(question, now)
    if period is not None and _asks_for_a_state(question):
        period = replace(period, lasting=True)
    return Question(question, speaker_asked(question), period, topic)


def speaks_of_self(text: str) -> bool:
    """Say whether a text states something in the first person; a question states nothing."""
    return not text.rstrip().endswith(_ASKS) and _first_person(text, language_of(text))


def speaker_asked(question: str) -> str | None:
    """Return `assistant`, `user` or `None`: whose turns are likely to hold the answer."""
    language = language_of(question)
    if _ASSISTANT.search(question) or (language != "en" and _assistant(question, language)):
        return "assistant"
    return "user" if _first_person(question, language) else None


def _asks_for_a_state(question: str) -> bool:
    """Say whether a question asks for what held at a time, not for what happened."""
    language = language_of(question)
    if language == "en":
        return _STATE.search(question) is not None
    pattern = _pattern(language, "state")
    return pattern is not None and pattern.search(folded(question)) is not None


def _first_person(text: str, language: str) -> bool:
    """Say whether a text holds "I", "my" or the like of its language, or English ones."""
    if language == "en":
        return _FIRST_PERSON.search(text) is not None
    plain = folded(text).replace("’", "'")
    pattern = _pattern(language, "first_person")
    mixed = language not in LATIN and _FIRST_PERSON.search(plain) is not None
    return mixed or (pattern is not None and pattern.search(plain) is not None)


def _assistant(text: str, language: str) -> bool:
    """Say whether a question asks for what the assistant said."""
    plain = folded(text).replace("’", "'")
    if any(phrase in plain for phrase in phrases_of(language, "told_to_me")):
        return True
    told, you = _pattern(language, "told"), _pattern(language, "second_person")
    alone = _pattern(language, "told_alone")
    if alone is not None and alone.search(plain):
        return True
    if told is None or you is None:
        return False
    return told.search(plain) is not None and you.search(plain) is not None


@lru_cache(maxsize=128)
def _pattern(language: str, name: str) -> regex.Pattern[str] | None:
    """Return a pattern of a list's words, whole words where the script has spaces."""
    found = "|".join(regex.escape(phrase) for phrase in phrases_of(language, name))
    if not found:
        return None
    extra = lists(language).get(f"{name}_pattern")
    if extra:
        found = f"{found}|{extra}"
    if language in _UNSPACED:
        return regex.compile(found)
    right = "" if language == "ko" and name in ("told", "state") else r"(?![\p{L}\p{M}])"
    return regex.compile(rf"(?<![\p{{L}}\p{{M}}])(?:{found}){right}")
