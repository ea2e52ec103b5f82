"""A plain transcript: `Name: text` lines, dates in brackets or on lines of their own.

    2026-01-05
    Ada: I moved to Bern.
    [2026-01-05 10:12] Ben: When?
    (a line without a name goes on with what was said before)

A line that holds only a date, `# 5 January 2026` or `--- 2026-01-05 ---`, begins a session.

A line begins a turn only in a form that the file already uses. In a file of `User:` and
`Assistant:`, no other word before a colon is a speaker; in a file where every turn has its date, no
line without one is a turn; else a new speaker must look like a name. A date that cannot be read
before a name is an error, since the words would pass for those of the speaker before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time

from nuonuo_memory.errors import FormatError
from nuonuo_memory.formats.reader import Job, person, turn
from nuonuo_memory.formats.session import Session
from nuonuo_memory.formats.source import Source
from nuonuo_memory.formats.texts import is_known_role, role_of, shorten
from nuonuo_memory.formats.times import naive_or_aware
from nuonuo_memory.types import Message

_LABEL = (
    r"(?P<bold>\*\*|__)?(?P<name>[^\s:*_\[\]()|#>][^:*_\[\]|]{0,59}?)"
    r"(?:\*\*|__)?\s?[:：](?:\*\*|__)?"
)
_LINE = re.compile(
    r"^(?:[\[(](?P<bracket>[^\])]{1,40})[\])]\s*(?:[-–—]\s*)?"
    r"|(?P<bare>\d[\d./:,\-  APMapm]{4,26}?)\s[-–—]\s)?"
    rf"{_LABEL}(?:\s+(?P<text>.*))?$"
)
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?(?:[.,]\d+)?$")
_SLASHES = re.compile(r"^\W{0,3}(\d{1,2})[/-](\d{1,2})[/-]\d{2,4}\b", re.MULTILINE)
_HEADING = re.compile(r"^\W*(?:session\s*\w*\W+)?(?P<date>[\w:./,+\- ()]+?)\W*$", re.IGNORECASE)
_PHONE = re.compile(r"\+?\d[\d ()./-]{6,20}$")
_NAME_WORD = re.compile(
    r"(?:[^\W\d_a-zß-öø-ÿ][\w.'’\-]*"
    r"|(?:de|da|di|del|van|von|der|den|la|le|bin|al|el|y|e|und|and)\b)"
)
_NOTED = re.compile(r"\s*\([^()]{1,30}\)$")
_NO_NAMES = frozenset(
    [
        "step",
        "steps",
        "note",
        "notes",
        "tip",
        "tips",
        "hint",
        "example",
        "examples",
        "ingredients",
        "instructions",
        "directions",
        "method",
        "summary",
        "conclusion",
        "result",
        "results",
        "total",
        "warning",
        "caution",
        "important",
        "update",
        "edit",
        "question",
        "answer",
        "problem",
        "solution",
        "reason",
        "option",
        "pros",
        "cons",
        "title",
        "subject",
        "date",
        "time",
        "location",
        "where",
        "when",
        "why",
        "what",
        "how",
        "who",
        "first",
        "second",
        "third",
        "finally",
        "next",
        "then",
        "also",
        "but",
        "and",
        "however",
        "ps",
        "p.s",
        "todo",
        "re",
        "fwd",
        "fw",
        "input",
        "output",
        "code",
        "source",
        "sources",
        "reference",
        "references",
        "link",
        "url",
        "http",
        "https",
        "agenda",
        "topic",
        "topics",
        "chapter",
        "part",
        "section",
        "figure",
        "table",
        "day",
        "week",
        "month",
        "year",
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
        "morning",
        "afternoon",
        "evening",
        "breakfast",
        "lunch",
        "dinner",
        "price",
        "cost",
        "address",
        "phone",
        "email",
        "schritt",
        "hinweis",
        "beispiel",
        "zutaten",
        "zubereitung",
        "antwort",
        "frage",
        "betreff",
        "datum",
        "ort",
        "zeit",
        "achtung",
        "fazit",
    ]
)


@dataclass(slots=True)
class _Turn:
    """A turn while it is read."""

    name: str
    at: datetime | None
    lines: list[str]
    lost: bool = False  # its date cannot be read; what goes on from it is not the speaker before's


@dataclass(slots=True)
class _Part:
    """A session while it is read: its date and its turns."""

    at: datetime | None = None
    turns: list[_Turn] = field(default_factory=list)


@dataclass(slots=True)
class _Form:
    """The form of a file's turns.

    Attributes:
        dated: Every turn has a date before it.
        roles: Speakers are `User`, `Assistant` and their like.
        day_first: Whether 3/4/2026 is in April; `None` where no date of the file tells.
        names: Who has spoken so far.
    """

    dated: bool
    roles: bool
    day_first: bool | None = None
    names: set[str] = field(default_factory=set)

    def speaks(self, found: re.Match[str]) -> bool:
        """Whether a line begins a turn."""
        name = found["name"].strip()
        if self.dated and not _stamp(found):
            return False
        if self.roles:
            return is_known_role(name)
        known = name.casefold() in self.names
        return known or bool(found["bold"]) or _looks_like_a_name(name)


class Transcript:
    """Reads plain transcripts."""

    name = "transcript"
    about = "plain text of lines such as 'Ada: I moved.', with dates in brackets or on own lines"

    def matches(self, source: Source) -> bool:
        """Whether the text's first line that holds no date names a speaker."""
        file = source.file
        if file is None or not file.is_text:
            return False
        lines = [line.strip() for line in file.text[:50_000].split("\n")]
        said = [line for line in lines if line and _date_of(line) is None]
        found = _LINE.match(said[0]) if said else None
        if found is None or said[0].startswith(("{", "[{", "<")):
            return False
        first = found["name"].strip()
        if is_known_role(first) or _stamp(found) or found["bold"]:
            return True
        return _looks_like_a_name(first) and not first.casefold().startswith(("from", "to", "http"))

    def read(self, source: Source, job: Job) -> Iterator[Session]:
        """Yield the sessions.

        Raises:
            FormatError: Words come before any speaker, a date before a name cannot be read, or
                nobody speaks.
        """
        file = source.files[0]
        parts = [part for part in _parts(file.text, file.shown, job) if part.turns]
        if not parts and not job.skipped:
            raise FormatError(
                f"{file.shown}: expected lines such as 'Ada: I moved to Bern.', got no speaker"
            )
        for place, part in enumerate(parts):
            name = source.name if len(parts) == 1 else f"{source.name}-{place + 1}"
            made = [_message(one) for one in part.turns if not one.lost]
            yield Session(tuple(one for one in made if one is not None), name, part.at)


def _parts(text: str, shown: str, job: Job) -> Iterator[_Part]:
    part, form = _Part(), _form(text)
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line:
            continue
        moment = _date_of(line)
        if moment is not None:
            yield part
            part = _Part(job.in_zone(moment))
            continue
        with job.guard(shown, number):
            _add(line, part, form, f"{shown}, line {number}", job)
    yield part


def _add(line: str, part: _Part, form: _Form, where: str, job: Job) -> None:
    """Take one line into a session."""
    found = _LINE.match(line)
    if found is not None and (form.speaks(found) or _dates_someone(found, form)):
        name = found["name"].strip()
        form.names.add(name.casefold())
        said = _Turn(name, None, [found["text"] or ""], lost=True)
        part.turns.append(said)
        said.at = _moment(found, part, form, where, job)
        said.lost = False
    elif part.turns:
        part.turns[-1].lines.append(line)
    else:
        raise FormatError(
            f"{where}: expected a line such as 'Ada: I moved to Bern.', got {shorten(line, 60)!r}"
        )


def _form(text: str) -> _Form:
    """Return the form of a text's first turn."""
    for raw in text.splitlines():
        line = raw.strip()
        if line and _date_of(line) is None:
            found = _LINE.match(line)
            if found is None:
                break
            roles = [
                role_of(one["name"])
                for each in text.splitlines()
                if (one := _LINE.match(each.strip())) and is_known_role(one["name"])
            ]
            both = {"user", "assistant"} <= set(roles)
            by_role = both and is_known_role(found["name"])
            return _Form(_is_dated(found), by_role, _day_first(text))
    return _Form(dated=False, roles=False)


def _day_first(text: str) -> bool | None:
    """Whether the dates with slashes have the day first, by those that leave no other way."""
    pairs = [(int(one[1]), int(one[2])) for one in _SLASHES.finditer(text)]
    orders = {first > 12 for first, second in pairs if (first > 12) != (second > 12)}
    return orders.pop() if len(orders) == 1 else None


def _is_dated(found: re.Match[str]) -> bool:
    return any(char.isdigit() for char in _stamp(found) or "")


def _stamp(found: re.Match[str]) -> str | None:
    stamp: str | None = found["bracket"] or found["bare"]
    return stamp


def _dates_someone(found: re.Match[str], form: _Form) -> bool:
    """Whether a line looks dated and names a speaker, though the file's turns have no dates."""
    stamp, name = _stamp(found), found["name"].strip()
    if not stamp:
        return False
    if form.roles:
        return is_known_role(name)
    return form.dated or name.casefold() in form.names or _looks_like_a_name(name)


def _moment(
    found: re.Match[str], part: _Part, form: _Form, where: str, job: Job
) -> datetime | None:
    stamp = _stamp(found)
    if not stamp:
        return None
    text = stamp.strip().strip(",")
    clock = _CLOCK.match(text)
    if clock is not None:
        return _at_clock(clock, part, job)
    day_first = form.day_first if job.day_first is None else job.day_first
    moment = naive_or_aware(text, day_first=day_first)
    if moment is None:
        raise FormatError(
            f"{where}: expected a date such as 2026-01-05 10:12 before "
            f"{shorten(found['name'], 40)!r}, got {shorten(text, 40)!r}"
        )
    return job.in_zone(moment)


def _at_clock(clock: re.Match[str], part: _Part, job: Job) -> datetime | None:
    """Return the time of a clock on the session's day; `None` where that is not known."""
    hour, minute, second = (int(one or 0) for one in clock.groups())
    if part.at is None or hour > 23 or minute > 59 or second > 59:
        return None
    day: date = part.at.astimezone(job.timezone).date()
    return job.in_zone(datetime.combine(day, time(hour, minute, second)))


def _looks_like_a_name(label: str) -> bool:
    """Whether a word before a colon can be a new speaker: a name, or a telephone number."""
    if _PHONE.match(label):
        return True
    words = _NOTED.sub("", label).split()
    if not 1 <= len(words) <= 4 or {word.casefold().strip(".,") for word in words} & _NO_NAMES:
        return False
    if is_known_role(label):
        return True
    capital = [_NAME_WORD.fullmatch(word) is not None for word in words]
    return all(capital) and not words[-1][-1].isdigit() and not words[0][0].islower()


def _date_of(line: str) -> datetime | None:
    found = _HEADING.match(line)
    if found is None or not any(map(str.isdigit, line)) or found["date"].strip().isdigit():
        return None
    return naive_or_aware(found["date"])


def _message(said: _Turn) -> Message | None:
    text = "\n".join(said.lines).strip()
    role = role_of(said.name)
    if role in ("user", "assistant"):
        return turn(role, text, at=said.at)
    if role == "system":
        return None
    return person(said.name, text, at=said.at)
