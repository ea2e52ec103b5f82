"""Times as files write them: ISO, seconds or milliseconds since 1970, and dates in words."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from nuonuo_memory.errors import InvalidInputError

_FIRST_YEAR, _LAST_YEAR = 1900, 2199
_LAST_OFFSET = 14  # hours that a zone may be before or after UTC
_LEAST_EPOCH = 1e8  # 1973; smaller numbers are places in a recording, or dates without hyphens
_UNITS = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3), (_LEAST_EPOCH, 1.0))
_MONTH_NAMES = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
_NUMBER = re.compile(r"[0-9]{8,20}(\.[0-9]+)?$")
_YMD = r"(?P<y>\d{4})[/.-](?P<m>\d{1,2})[/.-](?P<d>\d{1,2})"
_DMY = r"(?P<d>\d{1,2})\.\s?(?P<m>\d{1,2})\.\s?(?P<y>\d{4}|\d{2})"
_SLASH = r"(?P<a>\d{1,2})[/-](?P<b>\d{1,2})[/-](?P<y>\d{4}|\d{2})"
_WORDS = r"(?P<d>\d{1,2})(?:st|nd|rd|th)?\.?[ -](?P<month>[a-z]{3,9})\.?,?[ -](?P<y>\d{4})"
_US = r"(?P<month>[a-z]{3,9})\.? (?P<d>\d{1,2})(?:st|nd|rd|th)?,? (?P<y>\d{4})"
_DATES = [re.compile(rf"(?<![\w:]){one}(?![\w:])") for one in (_YMD, _DMY, _SLASH, _WORDS, _US)]
_WEEKDAY = re.compile(
    r"\(?\b(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\b\)?,?"
)
_CLOCK = re.compile(
    r"^(?:at|on|um|t|-|,|\s)*(?:(?P<h>\d{1,2}):(?P<min>\d{2})(?::(?P<s>\d{2})(?:[.,]\d+)?)?"
    r"\s*(?P<half>[ap])?(?:\.?\s?m\b\.?)?)?\s*"
    r"(?P<zone>z|utc|gmt|(?:utc|gmt)?[+-]\d{2}:?\d{2})?(?:\s*\([a-z ]+\))?(?:on|,|\s)*$"
)
_NAMED_ZONE = re.compile(r"\s*(?:Z|UTC|GMT|Etc/UTC)$", re.IGNORECASE)
_ODD_OFFSET = re.compile(r":\d{2}(?:[.,]\d+)?\s?[+-]\d{2}:?[6-9]\d$")  # as no clock is
_OFFSET = re.compile(r"(?:UTC|GMT)?(?P<sign>[+-])(?P<h>\d{1,2})(?::?(?P<m>\d{2}))?$")


def zone_of(name: str) -> tzinfo:
    """Return a time zone: `Europe/Zurich`, `+02:00`, `UTC`, or `local` for this machine's.

    Raises:
        InvalidInputError: There is none of that name.
    """
    text = name.strip()
    if text.casefold() == "local":
        return datetime.now().astimezone().tzinfo or UTC
    if text.upper() in ("UTC", "GMT", "Z"):
        return UTC
    offset = _offset_of(text)
    if offset is not None:
        return offset
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidInputError(
            f"expected a time zone such as Europe/Zurich, +02:00, UTC or local, got {name!r}"
        ) from error


def _offset_of(text: str) -> tzinfo | None:
    """Return the zone of `+02:00` or `UTC-5`; `None` where it is none, or no clock shows it."""
    found = _OFFSET.match(text)
    if found is None:
        return None
    hours, minutes = int(found["h"]), int(found["m"] or 0)
    if hours > _LAST_OFFSET or minutes > 59:
        return None
    span = timedelta(hours=hours, minutes=minutes)
    return timezone(-span if found["sign"] == "-" else span)


def time_of_number(value: float) -> datetime | None:
    """Return the time of seconds, milli-, micro- or nanoseconds since 1970; `None` if none."""
    if not math.isfinite(value):
        return None
    for least, unit in _UNITS:
        if value >= least:
            try:
                return _usual(datetime.fromtimestamp(value / unit, UTC))
            except (OverflowError, ValueError, OSError):
                return None
    return None


def naive_or_aware(text: str, *, day_first: bool | None = None) -> datetime | None:
    """Read a time as files and people write it; without a zone where the text gives none.

    Args:
        text: What is written.
        day_first: Whether 3/4/2026 is in April. Where that is not known, such dates are read only
            where one of the numbers is above 12.
    """
    clean = " ".join(text.split())
    if _NUMBER.match(clean):
        return _of_digits(clean)
    if _ODD_OFFSET.search(clean):
        return None
    try:
        named = _NAMED_ZONE.sub("", clean)
        if named != clean:
            return _usual(datetime.fromisoformat(named).replace(tzinfo=UTC))
        return _usual(datetime.fromisoformat(clean))
    except (ValueError, OverflowError):
        return _of_words(clean.lower(), day_first)


def _of_digits(text: str) -> datetime | None:
    if len(text) == len("20260105"):
        try:
            return _usual(datetime.strptime(text, "%Y%m%d"))
        except ValueError:
            return None
    return time_of_number(float(text))


def _of_words(text: str, day_first: bool | None) -> datetime | None:
    for pattern in _DATES:
        found = pattern.search(text)
        if found is None:
            continue
        rest = _WEEKDAY.sub(" ", f"{text[: found.start()]} {text[found.end() :]}").strip()
        clock = _CLOCK.match(rest)
        day = _day_of(found, day_first)
        if clock is None or day is None:
            continue
        return _with_clock(day, clock)
    return None


def _day_of(found: re.Match[str], day_first: bool | None) -> tuple[int, int, int] | None:
    given = found.groupdict()
    year = int(given["y"]) + (2000 if len(given["y"]) == 2 else 0)
    if "a" in given:
        first, second = int(given["a"]), int(given["b"])
        if (first > 12) != (second > 12):
            day_first = first > 12
        elif first == second:
            day_first = True
        if day_first is None:
            return None  # which is the month cannot be told
        return (year, second, first) if day_first else (year, first, second)
    if "month" in given:
        name = given["month"]
        months = [
            place
            for place, one in enumerate(_MONTH_NAMES, start=1)
            if name in (one, one[:3], one[:4])
        ]
        return (year, months[0], int(given["d"])) if months else None
    return year, int(given["m"]), int(given["d"])


def _with_clock(day: tuple[int, int, int], clock: re.Match[str]) -> datetime | None:
    hour = hour_of(int(clock["h"] or 0), clock["half"])
    if hour is None:
        return None
    zone: tzinfo | None = None
    if clock["zone"]:
        zone = UTC if clock["zone"] in ("z", "utc", "gmt") else _offset_of(clock["zone"].upper())
        if zone is None:
            return None
    try:
        return _usual(
            datetime(*day, hour, int(clock["min"] or 0), int(clock["s"] or 0), tzinfo=zone)
        )
    except (ValueError, OverflowError):
        return None


def hour_of(hour: int, half: str | None) -> int | None:
    """Return the hour of the day of a clock of 12 hours (`a`, `p`) or 24 (`None`)."""
    if half is None:
        return hour
    if not 1 <= hour <= 12:
        return None
    return hour % 12 + (12 if half == "p" else 0)


def _usual(found: datetime) -> datetime | None:
    return found if _FIRST_YEAR <= found.year <= _LAST_YEAR else None
