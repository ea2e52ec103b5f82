"""How English names a time, as rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple

import regex

from nuonuo_memory.text import periods
from nuonuo_memory.text.periods import Period

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
_VAGUE = frozenset(("couple", "few", "several"))
_NUMBER = r"(?P<n>\d{1,3}|" + "|".join(_NUMBERS) + r")"
_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
)
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SEASONS = {"spring": "spring", "summer": "summer", "autumn": "autumn", "fall": "autumn"} | {
    "winter": "winter"
}
_MONTH_NAMES = "|".join(f"{m}|{m[:3]}" for m in _MONTHS).replace("|sep|", "|sept|sep|")
_MONTH = rf"(?P<month>{_MONTH_NAMES})\.?"
_WEEKDAY = rf"(?P<weekday>{'|'.join(_WEEKDAYS)})"
_SEASON = rf"(?P<season>{'|'.join(_SEASONS)})"
_UNIT = r"(?P<unit>day|week|month|year)s?"
_YEAR = r"(?:,?\s+(?P<year>(?:19|20)\d\d))?"


Groups = Mapping[str, str]
"""The named groups that a pattern found, "" for those that took no part."""

Read = Callable[[Groups, datetime], Period | None]
ReadAnyTime = Callable[[Groups, datetime | None], Period | None]


class Rule(NamedTuple):
    """How one form of a time is read.

    Attributes:
        pattern: Finds it in a folded text.
        read: Makes a period of it, or `None` where now is needed and unknown.
        relative: Whether it counts from today.
        unless: What the text must not hold besides.
    """

    pattern: regex.Pattern[str]
    read: ReadAnyTime
    relative: bool = False
    unless: regex.Pattern[str] | None = None


def _rule(pattern: str, read: ReadAnyTime) -> Rule:
    return Rule(regex.compile(pattern, regex.ASCII), read)


def relative(
    pattern: regex.Pattern[str], read: Read, unless: regex.Pattern[str] | None = None
) -> Rule:
    """Return a rule for a time that counts from now, and says nothing where now is unknown."""

    def known(match: Groups, now: datetime | None) -> Period | None:
        return None if now is None else read(match, now)

    return Rule(pattern, known, relative=True, unless=unless)


def _relative(pattern: str, read: Read, unless: regex.Pattern[str] | None = None) -> Rule:
    return relative(regex.compile(pattern, regex.ASCII), read, unless)


def _count(word: str) -> int:
    return int(word) if word.isdigit() else _NUMBERS[word]


def _month_number(word: str) -> int:
    return 1 + [m[:3] for m in _MONTHS].index(word[:3])


def _given_year(match: Groups) -> int | None:
    return int(match["year"]) if match["year"] else None


def _ago(match: Groups, now: datetime) -> Period:
    vague = match["n"] in _VAGUE
    return periods.ago(_count(match["n"]), match["unit"], now, vague=vague)


def _within(match: Groups, now: datetime) -> Period:
    return periods.within(_count(match["n"] or "a"), match["unit"], now)


def _last_unit(match: Groups, now: datetime) -> Period:
    which, unit = match["which"], match["unit"]
    return periods.within(1, unit, now) if which == "this" else periods.last(unit, now)


def _weekday(match: Groups, now: datetime) -> Period:
    return periods.weekday(_WEEKDAYS.index(match["weekday"]), now)


def _iso(match: Groups, _now: datetime | None) -> Period | None:
    return periods.date(int(match["year"]), int(match["m"]), int(match["day"]), now=None)


def _date(match: Groups, now: datetime | None) -> Period | None:
    number = _month_number(match["month"])
    return periods.date(_given_year(match), number, int(match["day"]), now=now)


def _month(match: Groups, now: datetime | None) -> Period | None:
    return periods.month(_month_number(match["month"]), _given_year(match), now)


def _between(match: Groups, now: datetime | None) -> Period | None:
    first, last = _month_number(match["month"]), _month_number(match["to"])
    return periods.months(first, last, _given_year(match), now)


def _season(match: Groups, now: datetime | None) -> Period | None:
    return periods.season(_SEASONS[match["season"]], _given_year(match), now)


def _year(match: Groups, _now: datetime | None) -> Period:
    return periods.year(int(match["year"]))


def since(read: ReadAnyTime) -> ReadAnyTime:
    """Return a reading of the time since what another reading finds began."""

    def from_then(match: Groups, now: datetime | None) -> Period | None:
        period = read(match, now)
        return None if period is None else periods.up_to(period, now)

    return from_then


_TO_COME = regex.compile(
    r"\b(?:will|shall|going|plan|planned|next|gonna|tomorrow|every|each|usually|always)\b"
)
"""A weekday in a question about what is to come, or comes always, is not the last one."""

RULES = (
    _rule(r"\b(?P<year>(?:19|20)\d\d)-(?P<m>\d\d)-(?P<day>\d\d)\b", _iso),
    _rule(
        rf"\b(?:between|from) {_MONTH}(?: (?:19|20)\d\d)? (?:and|to|until|till) "
        rf"{_MONTH.replace('month>', 'to>')}(?!\s+\d{{1,2}}\b){_YEAR}\b",
        _between,
    ),
    _rule(rf"\bsince\s+{_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b{_YEAR}", since(_date)),
    _rule(rf"\bsince\s+(?:early |late |mid |last )?{_MONTH}(?:\b|(?<=\.)){_YEAR}", since(_month)),
    _rule(r"\bsince (?P<year>(?:19|20)\d\d)\b", since(_year)),
    _rule(rf"\bsince (?:last )?{_SEASON}\b{_YEAR}", since(_season)),
    _rule(rf"\b{_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b{_YEAR}", _date),
    _rule(
        rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH}(?:\b|(?<=\.)){_YEAR}", _date
    ),
    _relative(rf"\b(?:a )?{_NUMBER}(?: of)? {_UNIT} ago\b", _ago),
    _relative(r"\b(?:the )?day before yesterday\b", lambda _, now: periods.day_before(now, 2)),
    _relative(
        r"\bsince yesterday\b",
        lambda _, now: periods.up_to(periods.day_before(now, 1), now),
    ),
    _relative(r"\byesterday\b|\blast night\b", lambda _, now: periods.day_before(now, 1)),
    _relative(
        r"\b(?:earlier |so far )?today\b|\bthis (?:morning|afternoon|evening)\b|\btonight\b",
        lambda _, now: periods.day_before(now, 0),
        _TO_COME,
    ),
    _relative(
        rf"\b(?:the )?{_UNIT} before last\b",
        lambda match, now: periods.last(match["unit"], now, before=1),
    ),
    _relative(r"\b(?:last|past) weekend\b", lambda _, now: periods.weekend(now)),
    _relative(
        rf"\bsince (?:last )?{_WEEKDAY}\b",
        lambda match, now: periods.up_to(_weekday(match, now), now),
    ),
    _relative(rf"\b(?:last|past) {_WEEKDAY}\b", _weekday),
    _relative(rf"\b(?:last|past|previous)(?: (?:a )?{_NUMBER}(?: of)?) {_UNIT}\b", _within),
    _relative(rf"\b(?P<which>last|past|previous|this) {_UNIT}\b", _last_unit),
    _relative(rf"\b(?:last|past) {_SEASON}\b(?P<year>)", _season),
    _rule(rf"\b(?:in|during|of)?\s*(?:the )?{_SEASON} (?:of )?(?P<year>(?:19|20)\d\d)\b", _season),
    _rule(
        rf"\b(?:in|during|of|throughout|early|late|mid|last|this)[\s-]+{_MONTH}(?:\b|(?<=\.)){_YEAR}",
        _month,
    ),
    _rule(rf"\b{_MONTH},?\s+(?P<year>(?:19|20)\d\d)\b", _month),
    _rule(r"\b(?:in|during|of) (?P<year>(?:19|20)\d\d)\b", _year),
    _relative(rf"\bon {_WEEKDAY}\b", _weekday, _TO_COME),
)
"""Tried in order; the first that reads a period decides."""
