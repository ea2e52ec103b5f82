"""`nuonuo ingest`: files that people have into the memory."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nuonuo_memory.cli.open_memory import Place
from nuonuo_memory.cli.options import time_of
from nuonuo_memory.cli.output import Bar, Output, origin
from nuonuo_memory.cli.visible import one_line
from nuonuo_memory.formats import FORMATS, Reading, Session, read
from nuonuo_memory.formats.source import MAX_BYTES
from nuonuo_memory.formats.times import zone_of

if TYPE_CHECKING:
    from nuonuo_memory.memory import TextMemory
    from nuonuo_memory.types import Memory, NewMemory

_INTERRUPTED = 130  # the exit code of what Ctrl-C stopped
_PREVIEWED = 10  # memories that --dry-run shows
_LISTED = 20  # records left out that are listed for people; JSON has them all


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How a file is to be read."""

    format: Annotated[
        str | None, typer.Option("--format", help=f"{', '.join(FORMATS)}; found out when left out.")
    ] = None
    only: Annotated[
        str | None,
        typer.Option(
            "--only",
            help="One conversation by id, title or place; a LongMemEval question, a LoCoMo sample.",
        ),
    ] = None
    since: Annotated[
        str | None, typer.Option("--since", help="Leave out what was said before, as 2026-01-05.")
    ] = None
    timezone: Annotated[
        str,
        typer.Option(
            "--timezone", help="Of times that say none: Europe/Zurich, +02:00, local or UTC."
        ),
    ] = "UTC"
    day_first: Annotated[
        bool | None,
        typer.Option(
            "--day-first/--month-first",
            help="Whether 3/4/2026 is in April, where the file does not tell.",
        ),
    ] = None
    skip_bad: Annotated[
        bool,
        typer.Option(
            "--skip-bad", help="Leave out records that cannot be read, and list them at the end."
        ),
    ] = False
    max_bytes: Annotated[
        int, typer.Option("--max-bytes", help="How many bytes are read at most, unpacked.", min=1)
    ] = MAX_BYTES

    def read(self, file: Path) -> Reading:
        """Read a file as the options say."""
        zone = zone_of(self.timezone)
        since = time_of(self.since, "--since", zone=zone)
        return read(
            file,
            format=self.format,
            timezone=zone,
            day_first=self.day_first,
            since=since,
            only=self.only,
            skip_bad=self.skip_bad,
            max_bytes=self.max_bytes,
        )


def ingest(
    file: Annotated[
        Path, typer.Argument(help="A file (.xz and .gz too), a folder, or a zip archive.")
    ],
    *,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Store nothing; show the first ten as they would be."),
    ] = False,
    reading: ReadOptions,
    place: Place,
) -> None:
    """Put the conversations of a file into the memory; what is there already adds nothing.

    The file is read as a whole before anything is stored: a record that cannot be read stops it
    with file, line and reason, unless --skip-bad is given. A run that was interrupted goes on where
    it stopped when it is started again.
    """
    found = reading.read(file)
    output = place.output
    if dry_run:
        _preview(found, output)
        return
    began = time.perf_counter()
    with place.open() as memory:
        try:
            counts = observe_all(memory, found.sessions, output)
        except KeyboardInterrupt:
            typer.echo("stopped; the same command goes on from there", err=True)
            raise typer.Exit(_INTERRUPTED) from None
    counts["seconds"] = round(time.perf_counter() - began, 2)
    output.say(
        f"{counts['memories']:,} memories with {counts['cues']:,} cues "
        f"from {counts['sessions']:,} sessions in {counts['seconds']:.1f} s"
        + (f"; {counts['skipped']:,} were known already" if counts["skipped"] else "")
        + f" → {place.db}",
        {"db": str(place.db), **counts, **_report(found)},
    )
    _list_left_out(found, output)


def observe_all(
    memory: TextMemory, sessions: Sequence[Session], output: Output
) -> dict[str, int | float]:
    """Store sessions one by one, with a progress bar, and count what was added."""
    counts: dict[str, int | float] = {"sessions": len(sessions)}
    counts |= dict.fromkeys(("messages", "memories", "cues", "skipped"), 0)
    total = sum(map(len, sessions))
    done = 0
    with output.progress("remembering") as bar:
        bar(0, total)
        for session in sessions:
            if session.messages:
                observed = memory.observe(
                    session.messages,
                    session=session.id,
                    at=session.at,
                    metadata=session.metadata,
                    progress=partial(_within, bar, done, len(session), total),
                )
                counts["messages"] += len(session.messages)
                counts["memories"] += len(observed.memories)
                counts["cues"] += observed.cues
                counts["skipped"] += observed.skipped
            if session.memories:
                new = _unknown(memory, session.memories)
                made = memory.remember_many(new, replace=True)
                counts["memories"] += len(made)
                counts["cues"] += sum(len(memory.cues(one.id)) for one in made)
                counts["skipped"] += len(session.memories) - len(made)
            done += len(session)
            bar.describe(f"{counts['memories']:,} memories, {counts['cues']:,} cues")
            bar(done, total)
    return counts


def _within(bar: Bar, before: int, messages: int, total: int, encoded: int, texts: int) -> None:
    """Move the bar inside a long session, by the share of its texts that are encoded."""
    bar(before + messages * encoded // max(texts, 1), total)


def _unknown(memory: TextMemory, offered: Sequence[NewMemory]) -> list[NewMemory]:
    """Return those that are not stored word for word, with ids that no other namespace has."""
    prefix = "" if memory.namespace == ("default",) else "/".join(memory.namespace) + ":"
    named = [replace(one, id=f"{prefix}{one.id}") if one.id else one for one in offered]
    known = memory.get_many([one.id or "" for one in named])
    return [
        one
        for one, there in zip(named, known, strict=True)
        if there is None
        or (there.text, there.at, there.metadata) != (one.text, one.at, dict(one.metadata or {}))
    ]


def _preview(found: Reading, output: Output) -> None:
    """Show the first memories as they would be stored."""
    from rich.padding import Padding
    from rich.text import Text

    first, cues = _first_memories(found)
    heading = f"{found.count:,} messages or memories of {len(found.sessions):,} sessions"
    kinds = ", ".join(found.formats)
    output.say(
        f"{kinds}: {heading}; nothing was stored. The first {len(first)}:",
        {
            "dry_run": True,
            "sessions": len(found.sessions),
            "messages": found.count,
            "first": [{**one.to_dict(), "cues": cues[one.id]} for one in first],
            **_report(found),
        },
    )
    for one in first:
        told = ", ".join(f"{k}={v}" for k, v in one.metadata.items() if k != "name")
        head = Text.assemble((origin(one), "dim"), (f"  {one_line(told, 100)}", "dim"))
        lines = [Text(one_line(one.text, 320)), Text(f"{len(cues[one.id])} cues", style="dim")]
        output.show(head, *(Padding(line, (0, 0, 0, 3)) for line in lines))
    _list_left_out(found, output)


def _first_memories(found: Reading) -> tuple[list[Memory], dict[str, list[str]]]:
    """Return the first memories that a reading makes, and the texts of their cues."""
    from nuonuo_memory.encoders import HashingEncoder
    from nuonuo_memory.memory import TextMemory

    made: list[Memory] = []
    with TextMemory.in_memory(encoder=HashingEncoder()) as memory:
        for session in found.sessions:
            if len(made) >= _PREVIEWED:
                break
            if session.messages:
                observed = memory.observe(
                    session.messages[:_PREVIEWED],
                    session=session.id,
                    at=session.at,
                    metadata=session.metadata,
                )
                made += observed.memories
            made += memory.remember_many(session.memories[:_PREVIEWED], replace=True)
        made = made[:_PREVIEWED]
        return made, {one.id: [cue.text for cue in memory.cues(one.id)] for one in made}


def _report(found: Reading) -> dict[str, object]:
    """Say for programs how the file was read and what was left out."""
    return {
        "formats": list(found.formats),
        "left_out": [
            {"file": one.file, "line": one.line, "reason": one.reason} for one in found.skipped
        ],
        "unread": list(found.unread),
        "times_without_zone": found.zoneless,
    }


def _list_left_out(found: Reading, output: Output) -> None:
    from rich.text import Text

    for title, lines in (
        ("records were left out", [str(one) for one in found.skipped]),
        ("files are of no known format", list(found.unread)),
    ):
        if not lines:
            continue
        output.show(Text(f"{len(lines):,} {title}:", style="yellow"))
        output.show(*(Text(f"  {one_line(line)}") for line in lines[:_LISTED]))
        if len(lines) > _LISTED:
            output.show(Text("  … all of them with --json"))
    if found.zoneless:
        output.show(Text("Times without a zone were read as of --timezone.", style="dim"))
