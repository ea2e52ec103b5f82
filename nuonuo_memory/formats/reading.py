"""Reading what lies at a path: `read`, and what it gives."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from nuonuo_memory.errors import FormatError
from nuonuo_memory.formats.reader import Job, Reader
from nuonuo_memory.formats.registry import readers
from nuonuo_memory.formats.session import Session, Skipped
from nuonuo_memory.formats.source import MAX_BYTES, File, Source, open_source
from nuonuo_memory.formats.texts import clean
from nuonuo_memory.formats.times import zone_of
from nuonuo_memory.types import Message

_TITLES = ("title", "chat", "channel")


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read.

    Attributes:
        sessions: The conversations and documents; none is empty, and no two have the same id.
        skipped: The records that could not be read and were left out, with `skip_bad`.
        unread: The files of a folder or archive that are of no known format.
        formats: The names of the formats that were met.
        zoneless: Whether a time without a zone was met; it was taken as of `timezone`.
    """

    sessions: tuple[Session, ...]
    skipped: tuple[Skipped, ...] = ()
    unread: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    zoneless: bool = False

    def __iter__(self) -> Iterator[Session]:
        """Yield the sessions in their order."""
        return iter(self.sessions)

    @property
    def count(self) -> int:
        """How many messages and memories there are."""
        return sum(map(len, self.sessions))


def read(
    path: str | os.PathLike[str],
    *,
    format: str | Reader | None = None,  # noqa: A002 - as the command line's option
    timezone: str | tzinfo = UTC,
    day_first: bool | None = None,
    since: datetime | None = None,
    only: str | None = None,
    skip_bad: bool = False,
    max_bytes: int = MAX_BYTES,
) -> Reading:
    """Read the conversations and documents of a file, a folder or a zip archive.

    Args:
        path: What to read; files ending in `.gz` and `.xz` are unpacked.
        format: One of `FORMATS`, or a reader of your own; found out by the content when `None`.
        timezone: The zone of times that say none, and of the days that long chats are cut into; by
            name, it is one such as `"Europe/Zurich"`, `"+02:00"` or `"local"`.
        day_first: Whether 3/4/2026 is in April. By default the file tells; where it does not,
            reading fails.
        since: Leave out what was said before; a naive time is of `timezone`. A message without a
            time has its session's, and stays where that has none.
        only: Chooses among the conversations by id, title, or place from 0; for LongMemEval the
            question, for LoCoMo the sample.
        skip_bad: Leave out records that cannot be read, and list them in `Reading.skipped`. By
            default the first one is an error.
        max_bytes: How many bytes may be read, unpacked.

    Raises:
        FormatError: There is no such file, it is of no known format or not of the one named, a
            record is wrong, or nothing is left; the message names file, line and reason.
        InvalidInputError: There is no time zone of that name.
    """
    known = _known(format)
    zone = zone_of(timezone) if isinstance(timezone, str) else timezone
    source = open_source(Path(path), max_bytes)
    job = Job(zone, only, day_first, skip_bad)
    found = _Found(job, only)
    for part, reader in _parts(source, known, found, named=format is not None):
        found.take(part, reader)
    sessions = _unlike(found.chosen())
    if since is not None:
        start = since.replace(tzinfo=zone) if since.tzinfo is None else since
        sessions = [one for one in (_since(one, start) for one in sessions) if len(one)]
    if not sessions and not (since is not None or job.skipped):
        wanted = "" if only is None else f" that --only {only} chooses"
        raise FormatError(f"{source.shown}: expected at least one message{wanted}, got none")
    return Reading(
        tuple(sessions),
        tuple(job.skipped),
        tuple(found.unread),
        tuple(found.formats),
        job.zoneless,
    )


def _known(format: str | Reader | None) -> dict[str, Reader]:  # noqa: A002
    """Return the readers that may be used, by name.

    Raises:
        FormatError: There is none of that name.
    """
    if format is not None and not isinstance(format, str):
        return {format.name: format}
    every = readers()
    if format is None:
        return every
    if format not in every:
        raise FormatError(f"expected a format among {', '.join(every)}, got {format!r}")
    return {format: every[format]}


class _Found:
    """What the parts of a source gave so far."""

    def __init__(self, job: Job, only: str | None) -> None:
        self.unread: list[str] = []
        self.formats: dict[str, None] = {}
        self._job = job
        self._only = only
        self._chosen: list[Session] = []  # by the reader itself
        self._offered: list[Session] = []

    def take(self, part: Source, reader: Reader) -> None:
        """Read a part; one that fails as a whole is left out where bad records are."""
        self.formats[reader.name] = None
        self._job.only = self._only
        sessions: list[Session] = []
        with self._job.guard(part.shown):
            for session in reader.read(part, self._job):
                named = clean(session.id).strip() or part.name
                sessions.append(session if named == session.id else replace(session, id=named))
        (self._offered if self._job.only == self._only else self._chosen).extend(sessions)

    def fail(self, error: FormatError, file: File) -> None:
        """Raise an error, or note the file as left out."""
        with self._job.guard(file.shown):
            raise error

    def chosen(self) -> list[Session]:
        """Return the sessions that are wanted."""
        if self._only is None:
            return self._chosen + self._offered
        named = [one for one in self._offered if self._only in _names(one)]
        if not named and self._only.isdigit() and int(self._only) < len(self._offered):
            named = [self._offered[int(self._only)]]
        return self._chosen + named


def _names(session: Session) -> list[object]:
    return [session.id, *(session.metadata.get(name) for name in _TITLES)]


def _parts(
    source: Source, known: dict[str, Reader], found: _Found, *, named: bool
) -> Iterator[tuple[Source, Reader]]:
    """Yield what is to be read, and by which reader.

    Raises:
        FormatError: Nothing of the source is of a known format.
    """
    whole = _reader_of(source, known)
    if whole is not None:
        yield source, whole
        return
    if not source.whole:
        raise _unknown(source, known, named=named)
    matched = False
    for part in source.parts():
        file = part.files[0]
        if file.is_media:
            found.unread.append(file.shown)
            continue
        try:
            reader = _reader_of(part, known)
        except FormatError as error:
            found.fail(error, file)
            matched = True
            continue
        if reader is None:
            found.unread.append(file.shown)
        else:
            matched = True
            yield part, reader
        file.release()
    if not matched:
        raise _unknown(source, known, named=named)


def _reader_of(source: Source, known: dict[str, Reader]) -> Reader | None:
    return next((one for one in known.values() if one.matches(source)), None)


def _unknown(source: Source, known: dict[str, Reader], *, named: bool) -> FormatError:
    """Return the error that says why a source cannot be read."""
    fault = _fault(source)
    why = f" ({fault})" if fault else ""
    if named:
        (one,) = known.values()
        return FormatError(f"{source.shown}: expected {one.about}; it does not look like it{why}")
    return FormatError(
        f"{source.shown}: expected a conversation in a known format{why}; the formats are "
        f"{', '.join(known)}"
    )


def _fault(source: Source) -> str:
    """Return what is wrong with the JSON or the text of a file; nothing where it is sound."""
    if source.file is None:
        return ""
    try:
        if source.file.data.lstrip()[:1] in (b"{", b"["):
            for record in source.records:
                record.value()
        elif source.file.text:
            return ""
    except FormatError as error:
        return str(error).removeprefix(source.shown).lstrip(",: ")
    return ""


def _unlike(sessions: list[Session]) -> list[Session]:
    """Give sessions of the same id different ones.

    A session that begins with all of another of its id is that one, gone on: it takes its place.
    """
    kept: dict[str, Session] = {}
    begun: dict[tuple[str, object], list[str]] = {}  # names by id and first message
    counts: Counter[str] = Counter()
    named = {one.id for one in sessions}
    for session in map(_with_unique_ids, sessions):
        if not len(session):
            continue
        first = session.messages[0] if session.messages else session.memories[0].text
        alike = begun.setdefault((session.id, first), [])
        if any(_continues(kept[name], session) for name in alike):
            continue
        older = next((name for name in alike if _continues(session, kept[name])), None)
        if older is not None:
            kept[older] = replace(session, id=older)
            continue
        name = session.id
        while name in kept or (counts[session.id] and name in named):
            counts[session.id] += 1
            name = f"{session.id}-{counts[session.id] + 1}"
        kept[name] = replace(session, id=name)
        alike.append(name)
    return list(kept.values())


def _continues(longer: Session, shorter: Session) -> bool:
    parts = ((longer.messages, shorter.messages), (longer.memories, shorter.memories))
    return all(one[: len(other)] == other for one, other in parts)


def _with_unique_ids(session: Session) -> Session:
    """Tell messages apart that share an id, and leave out those that are there twice."""
    ids = [message.id for message in session.messages if message.id is not None]
    if len(set(ids)) == len(ids):
        return session
    known: dict[str, Message] = {}
    messages: list[Message] = []
    for message in session.messages:
        if message.id is None:
            messages.append(message)
            continue
        name, number = message.id, 1
        while name in known and replace(known[name], id=message.id) != message:
            number += 1
            name = f"{message.id}#{number}"
        if name not in known:
            known[name] = replace(message, id=name)
            messages.append(known[name])
    return replace(session, messages=tuple(messages))


def _since(session: Session, start: datetime) -> Session:
    """Return a session without what was said before a time."""

    def late(at: datetime | None) -> bool:
        moment = at or session.at
        return moment is None or moment >= start

    return replace(
        session,
        messages=tuple(one for one in session.messages if late(one.at)),
        memories=tuple(one for one in session.memories if late(one.at)),
    )
