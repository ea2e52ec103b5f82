"""Spans of time that people name, counted from now or given by the calendar.

Spans carry the slack that people allow themselves: a day on days, three on a week, twelve on a
month.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

DAYS = {"day": 1.0, "week": 7.0, "month": 30.4, "year": 365.25}
"""How long a unit is, in days."""

SLACK = {"day": 1.0, "week": 3.0, "month": 12.0, "year": 120.0}
"""By how many days people are out when they say that something was so many units ago."""

_YEAR = timedelta(days=365.25)
_FIRST_MONTH = {"spring": 3, "summer": 6, "autumn": 9, "winter": 12}


@dataclass(frozen=True, slots=True)
class Period:
    """A span of time that a question names.

    Attributes:
        since: Its first moment.
        until: Its last moment.
        lasting: The question asks for what held then ("where did I live in February"), which was
            mostly said before.
    """

    since: datetime
    until: datetime
    lasting: bool = False

    def nearness(self, at: datetime) -> float:
        """Say how well a time fits: 1 inside, falling to 0 at a span's length outside.

        That length is a day at least. Where what held then is asked for, what was said before fits
        too, half as well for each year that passed since.
        """
        if self.lasting and at < self.since:
            return float(0.5 ** ((self.since - at) / _YEAR))
        outside = max((self.since - at).total_seconds(), (at - self.until).total_seconds(), 0.0)
        reach = max((self.until - self.since).total_seconds(), 86_400.0)
        return max(0.0, 1.0 - outside / reach)


def days(first: datetime, last: datetime, *, slack: float = 0.0) -> Period:
    """Return whole days from the first to the last, wider by `slack` days on both sides."""
    start = first.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=slack)
    end = last.replace(hour=23, minute=59, second=59, microsecond=0) + timedelta(days=slack)
    return Period(start, end)


def ago(count: int, unit: str, now: datetime, *, vague: bool = False) -> Period:
    """Return the time about so many units before now; a day wider where the number is vague."""
    day = now - timedelta(days=count * DAYS[unit])
    return days(day, day, slack=SLACK[unit] + (1.0 if vague else 0.0))


def within(count: int, unit: str, now: datetime) -> Period:
    """Return the last so many units, up to now."""
    return days(now - timedelta(days=count * DAYS[unit]), now)


def last(unit: str, now: datetime, *, before: int = 0) -> Period:
    """Return the unit before this one, or the one so many further back.

    "Last week" is the seven days before, or the week on the calendar, as people mean it.
    """
    span = DAYS[unit]
    first = now - timedelta(days=(before + 2) * span)
    return days(first, now - timedelta(days=before * span))


def day_before(now: datetime, back: int) -> Period:
    """Return the day so many days back; of yesterday people speak until late today."""
    return days(now - timedelta(days=back), now if back == 1 else now - timedelta(days=back))


def weekday(number: int, now: datetime) -> Period:
    """Return the latest day of the week, 0 for Monday, before today."""
    back = (now.weekday() - number) % 7 or 7
    return days(now - timedelta(days=back), now - timedelta(days=back))


def weekend(now: datetime) -> Period:
    """Return the latest weekend that is over, a day wider on both sides."""
    sunday = now - timedelta(days=(now.weekday() + 1) % 7 or 7)
    return days(sunday - timedelta(days=1), sunday, slack=1.0)


def date(year: int | None, month: int, day: int, *, now: datetime | None) -> Period | None:
    """Return a date, a day wider on both sides; without a year, the latest that has come.

    `None` where there is no such date, or where neither year nor now says which is meant.
    """
    if year is None and now is None:
        return None
    found = _date(year or (now.year if now else 0), month, day)
    if year is None and now is not None and found is not None and found.since > now:
        return _date(now.year - 1, month, day)
    return found


def _date(year: int, month: int, day: int) -> Period | None:
    try:
        at = datetime(year, month, day, tzinfo=UTC)
    except ValueError:
        return None
    return days(at, at, slack=1.0)


def month(number: int, year: int | None, now: datetime | None) -> Period | None:
    """Return a month; without a year, the latest that has begun."""
    return months(number, number, year, now)


def months(first: int, last: int, year: int | None, now: datetime | None) -> Period | None:
    """Return the months from the first to the last; without a year, the latest that have begun."""
    if not (1 <= first <= 12 and 1 <= last <= 12):
        return None
    if year is None:
        if now is None:
            return None
        year = now.year if last <= now.month or first <= now.month else now.year - 1
    start = datetime(year - (first > last), first, 1, tzinfo=UTC)
    after = datetime(year + last // 12, last % 12 + 1, 1, tzinfo=UTC)
    return days(start, after - timedelta(days=1))


def year(number: int) -> Period:
    """Return a year of the calendar."""
    return days(datetime(number, 1, 1, tzinfo=UTC), datetime(number, 12, 31, tzinfo=UTC))


def season(name: str, in_year: int | None, now: datetime | None) -> Period | None:
    """Return a season of the northern half of the world: `spring`, `summer`, `autumn`, `winter`.

    Without a year it is the latest that is over. A winter belongs to the year that it begins in.
    """
    first = _FIRST_MONTH[name]
    if in_year is None and now is None:
        return None
    at = in_year or (now.year if now else 0)
    found = _season(first, at)
    while in_year is None and now is not None and found.until >= now:
        at -= 1
        found = _season(first, at)
    return found


def _season(first: int, in_year: int) -> Period:
    start = datetime(in_year, first, 1, tzinfo=UTC)
    final = (first + 2) % 12 or 12
    at = in_year + (final < first)
    after = datetime(at + final // 12, final % 12 + 1, 1, tzinfo=UTC)
    return days(start, after - timedelta(days=1))


def up_to(period: Period, now: datetime | None) -> Period:
    """Return the time since a period began, up to now; the period itself where now is unknown."""
    return (
        period if now is None or period.since > now else Period(period.since, days(now, now).until)
    )
