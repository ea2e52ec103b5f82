"""What a reader of one format is, and what it is given: `Reader` and `Job`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Protocol, runtime_checkable

from nuonuo_memory.errors import FormatError
from nuonuo_memory.formats.records import Record
from nuonuo_memory.formats.session import Session, Skipped
from nuonuo_memory.formats.source import Source, TooLargeError
from nuonuo_memory.formats.texts import clean, is_unspoken, role_of, shorten
from nuonuo_memory.formats.times import naive_or_aware, time_of_number
from nuonuo_memory.types import Message


@dataclass(slots=True)
class Job:
    """What is asked of a reader, and where it reports what it left out.

    Attributes:
        timezone: The zone of times that say none.
        only: The one conversation that is wanted; see `take_only`.
        day_first: Whether 3/4/2026 is in April, where a file does not tell.
        skip_bad: Leave out records that cannot be read, and note them in `skipped`.
        skipped: What was left out.
        zoneless: Whether a time without a zone was met.
    """

    timezone: tzinfo = UTC
    only: str | None = None
    day_first: bool | None = None
    skip_bad: bool = False
    skipped: list[Skipped] = field(default_factory=list)
    zoneless: bool = False

    @contextmanager
    def guard(self, file: str, line: int | None = None) -> Iterator[None]:
        """Read one record inside of this: it fails, or is left out, as `skip_bad` says.

        Args:
            file: The file's name in messages.
            line: The record's line, from 1.

        Raises:
            FormatError: The record is wrong, and bad records are not to be left out.
        """
        try:
            yield
        except RecursionError as error:
            place = f"{file}, line {line}" if line else file
            self._bad(FormatError(f"{place}: expected a usual depth of nesting"), file, line, error)
        except TooLargeError:
            raise
        except FormatError as error:
            self._bad(error, file, line, error.__cause__)

    def record(self, record: Record) -> AbstractContextManager[None]:
        """Read one JSON record inside of this; see `guard`."""
        return self.guard(record.file, record.line)

    def _bad(
        self, error: FormatError, file: str, line: int | None, cause: BaseException | None
    ) -> None:
        if not self.skip_bad:
            raise error from cause
        reason = str(error).removeprefix(file).lstrip(",: ")
        if line is not None:
            reason = reason.removeprefix(f"line {line}").lstrip(",: ")
        self.skipped.append(Skipped(file, line, reason))

    def take_only(self) -> str | None:
        """Return the conversation that is wanted, for a reader that chooses by itself."""
        chosen, self.only = self.only, None
        return chosen

    def time(self, value: object, where: str) -> datetime | None:
        """Return the time that a record gives, in UTC; `None` where it gives none.

        Raises:
            FormatError: It is no time.
        """
        if value in (None, "", 0) and value is not False:
            return None
        found: datetime | None = None
        if isinstance(value, int | float) and not isinstance(value, bool):
            try:
                found = time_of_number(float(value))
            except OverflowError:
                found = None
        elif isinstance(value, str):
            found = naive_or_aware(value, day_first=self.day_first)
        if found is None:
            raise FormatError(
                f"{where}: expected a time such as 2026-01-05T09:30:00Z or seconds since 1970, "
                f"got {shorten(value)!r}"
            )
        return self.in_zone(found)

    def in_zone(self, moment: datetime) -> datetime:
        """Return a time in UTC; one without a zone is of `timezone`."""
        if moment.tzinfo is None:
            self.zoneless = True
            moment = moment.replace(tzinfo=self.timezone)
        return moment.astimezone(UTC)


def turn(
    role: str,
    text: str,
    *,
    at: datetime | None = None,
    name: str | None = None,
    id: object = None,  # noqa: A002 - the field's name
) -> Message | None:
    """Return a message as it can be stored; `None` where nothing was said.

    Args:
        role: As the file names it; `human` is `user`, `ai` is `assistant`. Instructions and tools
            say nothing.
        text: Its words.
        at: When it was said.
        name: The speaker's name. A speaker of no known role is known by it.
        id: The file's id of it.

    Raises:
        FormatError: The role holds nothing that can be stored.
    """
    words = clean(text).strip()
    if not words or is_unspoken(role):
        return None
    role = clean(role_of(role)).strip()
    if not role:
        raise FormatError("expected who speaks, got a role of no visible character")
    named = clean(name).strip() if name is not None else ""
    if not named and role not in ("user", "assistant"):
        named = role
    return Message(role, words, at=at, name=named or None, id=_id_of(id))


def person(
    name: str,
    text: str,
    *,
    at: datetime | None = None,
    id: object = None,  # noqa: A002 - the field's name
) -> Message | None:
    """Return what somebody said among people: the name is all that is known of the speaker."""
    words, called = clean(text).strip(), " ".join(clean(name).split())
    if not words:
        return None
    return Message(called or "unknown", words, at=at, name=called or "unknown", id=_id_of(id))


def _id_of(value: object) -> str | None:
    if isinstance(value, str | int) and not isinstance(value, bool):
        return clean(str(value)) or None
    return None


@runtime_checkable
class Reader(Protocol):
    """Reads one format; give your own to `read(..., format=...)`.

    A package may offer readers to everyone by an entry point of the group `nuonuo_memory.formats`
    that names an object of this kind.

    Attributes:
        name: What `--format` calls it.
        about: What such a file is.
    """

    name: str
    about: str

    def matches(self, source: Source) -> bool:
        """Whether a source is of this format, by its content; it must not raise for any other."""
        ...

    def read(self, source: Source, job: Job) -> Iterator[Session]:
        """Yield the source's sessions.

        Each record is read inside `job.guard` or `job.record`, so that a wrong one is an error with
        file and line, or is left out and noted.
        """
        ...
