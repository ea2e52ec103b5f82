"""What a question asks for: its topic, whose words, and from when.

Rules over English wording; a question in another language, or without such words, asks for nothing
special and is ranked by its content alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

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

_COUNTED = (
    *("zero", "one", "two", "three", "four", "five", "six"),
    *("seven", "eight", "nine", "ten", "eleven", "twelve"),
)
_NUMBERS = {word: number for number, word in enumerate(_COUNTED)} | {
    "a": 1,
    "an": 1,
    "couple": 2,
    "few": 3,
    "several": 4,
}
_NUMBER = r"(?P<n>\d{1,3}|" + "|".join(_NUMBERS) + r")"
_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
)
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTH = r"(?P<month>" + "|".join(f"{m}|{m[:3]}" for m in _MONTHS) + r")\.?"
_UNIT = r"(?P<unit>day|week|month|year)s?"
_DAYS = {"day": 1.0, "week": 7.0, "month": 30.4, "year": 365.25}
_SLACK = {"day": 1.0, "week": 3.0, "month": 12.0, "year": 120.0}


@dataclass(frozen=True, slots=True)
class Period:
    """A span of time that a question names.

    Attributes:
        since: Its first moment.
        until: Its last moment.
    """

    since: datetime
    until: datetime

    def nearness(self, at: datetime) -> float:
        """Say how well a time fits: 1 inside, falling to 0 at a span's length outside.

        That length is a day at least.
        """
        outside = max((self.since - at).total_seconds(), (at - self.until).total_seconds(), 0.0)
        reach = max((self.until - self.since).total_seconds(), 86_400.0)
        return max(0.0, 1.0 - outside / reach)


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
    period, topic = _period_and_topic(question, now)
    return Question(question, speaker_asked(question), period, topic)


def speaks_of_self(text: str) -> bool:
    """Say whether a text states something in the first person; a question states nothing."""
    return not text.rstrip().endswith("?") and _FIRST_PERSON.search(text) is not None


def speaker_asked(question: str) -> str | None:
    """Return `assistant`, `user` or `None`: whose turns are likely to hold the answer."""
    if _ASSISTANT.search(question):
        return "assistant"
    return "user" if _FIRST_PERSON.search(question) else None


def period_asked(question: str, *, now: datetime | None = None) -> Period | None:
    """Return the span of time that a question names, or `None`.

    Relative words ("two weeks ago", "last Tuesday") count from `now`; a month without a year is
    the latest one that has begun. Spans carry the slack that people allow themselves: three days
    on a week, twelve on a month.
    """
    return _period_and_topic(question, now)[0]


def _period_and_topic(question: str, now: datetime | None) -> tuple[Period | None, str]:
    text = question.lower()
    if now is not None and now.tzinfo is None:
        now = now.replace(tzinfo=UTC)
    for rule in _RULES:
        match = rule.pattern.search(text)
        period = rule.read(match, now) if match is not None else None
        if match is not None and period is not None:
            rest = f"{text[: match.start()]} {text[match.end() :]}"
            return period, rest if rule.relative else question
    return None, question


def _days(first: datetime, last: datetime, *, slack: float = 0.0) -> Period:
    start = first.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=slack)
    end = last.replace(hour=23, minute=59, second=59, microsecond=0) + timedelta(days=slack)
    return Period(start, end)


def _count(word: str) -> int:
    return int(word) if word.isdigit() else _NUMBERS[word]


def _ago(match: re.Match[str], now: datetime | None) -> Period | None:
    if now is None:
        return None
    unit = match["unit"]
    day = now - timedelta(days=_count(match["n"]) * _DAYS[unit])
    vague = 1.0 if match["n"] in {"couple", "few", "several"} else 0.0
    return _days(day, day, slack=_SLACK[unit] + vague)


def _within(match: re.Match[str], now: datetime | None) -> Period | None:
    if now is None:
        return None
    span = _count(match["n"] or "a") * _DAYS[match["unit"]]
    return _days(now - timedelta(days=span), now)


def _last_unit(match: re.Match[str], now: datetime | None) -> Period | None:
    if now is None:
        return None
    which, unit = match["which"], match["unit"]
    if which == "this":
        return _days(now - timedelta(days=_DAYS[unit]), now)
    return _days(now - timedelta(days=2 * _DAYS[unit]), now)


def _weekday(match: re.Match[str], now: datetime | None) -> Period | None:
    if now is None:
        return None
    back = (now.weekday() - _WEEKDAYS.index(match["weekday"])) % 7 or 7
    return _days(now - timedelta(days=back), now - timedelta(days=back))


def _weekend(_match: re.Match[str], now: datetime | None) -> Period | None:
    if now is None:
        return None
    sunday = now - timedelta(days=(now.weekday() + 1) % 7 or 7)
    return _days(sunday - timedelta(days=1), sunday, slack=1.0)


def _yesterday(_match: re.Match[str], now: datetime | None) -> Period | None:
    if now is None:
        return None
    return _days(now - timedelta(days=1), now)


def _iso(match: re.Match[str], _now: datetime | None) -> Period | None:
    return _day(int(match["year"]), int(match["m"]), int(match["day"]))


def _date(match: re.Match[str], now: datetime | None) -> Period | None:
    month = 1 + [m[:3] for m in _MONTHS].index(match["month"][:3])
    day = int(match["day"])
    if match["year"]:
        return _day(int(match["year"]), month, day)
    if now is None:
        return None
    period = _day(now.year, month, day)
    return _day(now.year - 1, month, day) if period is not None and period.since > now else period


def _day(year: int, month: int, day: int) -> Period | None:
    try:
        at = datetime(year, month, day, tzinfo=UTC)
    except ValueError:
        return None
    return _days(at, at, slack=1.0)


def _month(match: re.Match[str], now: datetime | None) -> Period | None:
    month = 1 + [m[:3] for m in _MONTHS].index(match["month"][:3])
    if match["year"]:
        year = int(match["year"])
    elif now is not None:
        year = now.year if month <= now.month else now.year - 1
    else:
        return None
    first = datetime(year, month, 1, tzinfo=UTC)
    following = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
    return _days(first, following - timedelta(days=1))


def _year(match: re.Match[str], _now: datetime | None) -> Period | None:
    year = int(match["year"])
    return _days(datetime(year, 1, 1, tzinfo=UTC), datetime(year, 12, 31, tzinfo=UTC))


_YEAR = r"(?:,?\s+(?P<year>(?:19|20)\d\d))?"


class _Rule(NamedTuple):
    """How one form of a time is read, and whether it counts from today."""

    pattern: re.Pattern[str]
    read: Callable[[re.Match[str], datetime | None], Period | None]
    relative: bool = False


_RULES = (
    _Rule(re.compile(r"\b(?P<year>(?:19|20)\d\d)-(?P<m>\d\d)-(?P<day>\d\d)\b"), _iso),
    _Rule(re.compile(rf"\b{_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b{_YEAR}"), _date),
    _Rule(
        re.compile(rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH}\b{_YEAR}"), _date
    ),
    _Rule(re.compile(rf"\b(?:a )?{_NUMBER}(?: of)? {_UNIT} ago\b"), _ago, relative=True),
    _Rule(re.compile(r"\byesterday\b|\blast night\b"), _yesterday, relative=True),
    _Rule(re.compile(r"\b(?:last|past) weekend\b"), _weekend, relative=True),
    _Rule(
        re.compile(rf"\b(?:last|past) (?P<weekday>{'|'.join(_WEEKDAYS)})\b"),
        _weekday,
        relative=True,
    ),
    _Rule(
        re.compile(rf"\b(?:last|past|previous)(?: (?:a )?{_NUMBER}(?: of)?) {_UNIT}\b"),
        _within,
        relative=True,
    ),
    _Rule(
        re.compile(rf"\b(?P<which>last|past|previous|this) {_UNIT}\b"), _last_unit, relative=True
    ),
    _Rule(
        re.compile(
            rf"\b(?:in|during|of|since|throughout|early|late|mid|last|this)[\s-]+{_MONTH}\b{_YEAR}"
        ),
        _month,
    ),
    _Rule(re.compile(rf"\b{_MONTH},?\s+(?P<year>(?:19|20)\d\d)\b"), _month),
    _Rule(re.compile(r"\b(?:in|during|since|of) (?P<year>(?:19|20)\d\d)\b"), _year),
)
