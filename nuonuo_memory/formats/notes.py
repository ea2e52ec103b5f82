"""Notes in Markdown: each section a memory, under the headings that lead to it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePosixPath

from nuonuo_memory.formats.reader import Job
from nuonuo_memory.formats.session import Session
from nuonuo_memory.formats.source import File, Source
from nuonuo_memory.formats.times import naive_or_aware
from nuonuo_memory.types import NewMemory

_HEADING = re.compile(r"(#{1,6})\s+(.+?)\s*#*$")
_FENCE = re.compile(r"\s{0,3}(```|~~~)")
_FIELD = re.compile(r"(?P<name>[\w-]+):\s*(?P<value>.*)$")
_DAY = re.compile(r"(?<!\d)\d{4}-\d{2}-\d{2}(?!\d)")
_DATES = ("date", "created", "created_at", "updated")
_ENDINGS = (".md", ".markdown")


@dataclass(slots=True)
class _Section:
    """A part of a note: the headings that lead to it, its line, and its lines."""

    path: tuple[str, ...]
    line: int
    lines: list[str] = field(default_factory=list)


class Notes:
    """Reads notes in Markdown."""

    name = "notes"
    about = "notes in Markdown (.md), alone or as a folder"

    def matches(self, source: Source) -> bool:
        """Whether a file ends in .md, or begins as Markdown does: a heading or front matter."""
        file = source.file
        if file is None or not file.is_text:
            return False
        if file.suffix in _ENDINGS:
            return True
        first = file.text.lstrip().partition("\n")[0].rstrip()
        heading = _HEADING.match(first)
        if heading is not None and naive_or_aware(heading[2]) is not None:
            return False  # a transcript, whose sessions begin so
        return file.suffix in ("", ".txt") and bool(heading or first == "---")

    def read(self, source: Source, job: Job) -> Iterator[Session]:
        """Yield the sections of a note as memories, with `source` and `place`."""
        file = source.files[0]
        text = file.text.replace("\r\n", "\n")
        front, start = _front_matter(text)
        at = _date(front, file, job)
        title = front.get("title") or PurePosixPath(file.stem).name
        seen: Counter[str] = Counter()
        memories = []
        for section in _sections(text, start):
            words = "\n".join(section.lines).strip()
            place = " > ".join(section.path) or title
            if not words:
                continue
            seen[place] += 1
            nth = f" ({seen[place]})" if seen[place] > 1 else ""
            memories.append(
                NewMemory(
                    f"{section.path[-1]}\n{words}" if section.path else words,
                    metadata={
                        "source": file.name,
                        "place": f"{place}{nth}",
                        "line": section.line,
                        "title": title,
                    },
                    at=at,
                    id=f"notes:{file.origin}#{place}{nth}",
                )
            )
        yield Session((), source.name, at, {"title": title}, tuple(memories))


def _front_matter(text: str) -> tuple[dict[str, str], int]:
    """Return the fields before a note's text, and the number of their lines."""
    lines = text.split("\n")
    if lines[0].strip() != "---":
        return {}, 0
    for number, line in enumerate(lines[1:200], start=1):
        if line.strip() in ("---", "..."):
            found = [_FIELD.match(one) for one in lines[1:number]]
            given = {one["name"].lower(): one["value"].strip(" \"'") for one in found if one}
            return given, number + 1
    return {}, 0


def _date(front: dict[str, str], file: File, job: Job) -> datetime | None:
    """Return the date of the front matter, else the one in the file's name."""
    name = next((one for one in _DATES if front.get(one)), None)
    with job.guard(file.shown, 1):
        if name is not None:
            return job.time(front[name], f"{file.shown}, line 1, {name}")
    found = _DAY.search(PurePosixPath(file.stem).name)
    day = naive_or_aware(found[0]) if found else None
    return None if day is None else job.in_zone(day)


def _sections(text: str, start: int) -> Iterator[_Section]:
    path: list[tuple[int, str]] = []
    section = _Section((), start + 1)
    fence = ""
    for number, line in enumerate(text.split("\n")[start:], start=start + 1):
        mark = _FENCE.match(line)
        if mark is not None:
            fence = "" if fence == mark[1] else fence or mark[1]
        heading = _HEADING.match(line) if not fence else None
        if heading is None:
            section.lines.append(line)
            continue
        yield section
        level = len(heading[1])
        path = [(depth, name) for depth, name in path if depth < level]
        path.append((level, heading[2]))
        section = _Section(tuple(name for _, name in path), number)
    yield section
