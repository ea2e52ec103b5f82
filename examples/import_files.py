"""Take your own history into a memory: an export, and a file of a format that only you have.

python examples/import_files.py EXPORT       a file, a folder or a zip archive
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from nuonuo_memory import Message, TextMemory
from nuonuo_memory.errors import FormatError
from nuonuo_memory.formats import Job, Reader, Session, Source, person, read

LOGGED = re.compile(r"<(?P<at>[^>]+)> (?P<name>\w+)\| (?P<text>.*)")


class PhoneLog:
    """Reads lines such as `<2026-02-13 21:05> ada| The van is booked.`."""

    name = "phone-log"
    about = "the log of our telephone system (.plog)"

    def matches(self, source: Source) -> bool:
        """Whether a file is such a log."""
        return source.file is not None and source.file.suffix == ".plog"

    def read(self, source: Source, job: Job) -> Iterator[Session]:
        """Yield the log as one session."""
        file = source.files[0]
        said: list[Message] = []
        for number, line in enumerate(file.text.splitlines(), start=1):
            where = f"{file.shown}, line {number}"
            with job.guard(file.shown, number):  # an error with its line, or left out and listed
                found = LOGGED.fullmatch(line)
                if found is None:
                    raise FormatError(f"{where}: expected <time> name| words, got {line[:40]!r}")
                made = person(found["name"], found["text"], at=job.time(found["at"], where))
                if made is not None:  # nothing was said
                    said.append(made)
        yield Session(tuple(said), source.name)


def take_in(memory: TextMemory, path: Path, reader: Reader | None = None) -> int:
    """Read a path and store what it holds; what is there already adds nothing."""
    reading = read(path, format=reader, timezone="local", skip_bad=True)
    new = 0
    for session in reading:
        if session.messages:
            observed = memory.observe(
                session.messages, session=session.id, at=session.at, metadata=session.metadata
            )
            new += len(observed.memories)
        if session.memories:  # of mail, notes and subtitles
            new += len(memory.remember_many(session.memories, replace=True))
    for record in reading.skipped:
        print("left out:", record)
    print(f"{reading.count} read as {', '.join(reading.formats)}, {new} new")
    return new


if __name__ == "__main__":
    with TextMemory.open("memory.db") as opened:
        for name in sys.argv[1:]:
            here = Path(name)
            take_in(opened, here, PhoneLog() if here.suffix == ".plog" else None)
