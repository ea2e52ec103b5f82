"""The time that a question names, in the languages that have rules for it."""

from __future__ import annotations

from datetime import UTC, datetime

import regex

from nuonuo_memory.text import english_dates
from nuonuo_memory.text.english_dates import Rule
from nuonuo_memory.text.language import language_of
from nuonuo_memory.text.normalise import folded
from nuonuo_memory.text.periods import Period
from nuonuo_memory.text.table_dates import names_of_times, rules_of
from nuonuo_memory.text.wordlists import LATIN

__all__ = ["Period", "names_of_times", "period_and_topic", "period_asked"]

_ENGLISH_WORD = regex.compile(r"[a-z]{3}")


def period_asked(question: str, *, now: datetime | None = None) -> Period | None:
    """Return the span of time that a question names, or `None`.

    Relative words ("two weeks ago", "last Tuesday") count from `now`; a month without a year is
    the latest one that has begun. Spans carry the slack that people allow themselves: three days
    on a week, twelve on a month.
    """
    return period_and_topic(question, now)[0]


def period_and_topic(question: str, now: datetime | None) -> tuple[Period | None, str]:
    """Return the span of time that a question names, and the question without it.

    A date that the calendar gives stays in the question: memories may say the same. One that counts
    from today meant another day where a memory says it.
    """
    text = folded(question).replace("’", "'")
    if now is not None and now.tzinfo is None:
        now = now.replace(tzinfo=UTC)
    for rule in _rules(question, text):
        match = rule.pattern.search(text)
        if match is None or (rule.unless is not None and rule.unless.search(text)):
            continue
        period = rule.read(_groups(match), now)
        if period is not None:
            rest = f"{text[: match.start()]} {text[match.end() :]}"
            return period, rest if rule.relative else question
    return None, question


def _groups(match: regex.Match[str]) -> dict[str, str]:
    """Return what was found by name; a pattern of two orders names the second's groups with a 2."""
    found = match.groupdict(default="")
    return {name: text or found.get(f"{name}2", "") for name, text in found.items()}


def _rules(question: str, text: str) -> tuple[Rule, ...]:
    """Return the rules for a question; words in Latin letters in other scripts are English."""
    language = language_of(question)
    if language == "en":
        return (*english_dates.RULES, *_other_script(text))
    own = rules_of(language)
    mixed = language not in LATIN and _ENGLISH_WORD.search(text) is not None
    return (*own, *english_dates.RULES) if mixed or not own else own


def _other_script(text: str) -> tuple[Rule, ...]:
    """Return the rules for what an English text holds of Chinese, as people mix them."""
    return rules_of("zh") if not text.isascii() and regex.search(r"\p{Han}", text) else ()
