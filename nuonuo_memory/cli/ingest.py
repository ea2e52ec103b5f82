"""`nuonuo ingest`: conversation files into the memory."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nuonuo_memory.cli.open_memory import Place
from nuonuo_memory.cli.output import Output
from nuonuo_memory.formats import FORMATS, Session, read_sessions

if TYPE_CHECKING:
    from nuonuo_memory.memory import TextMemory


def ingest(
    file: Annotated[
        Path, typer.Argument(help="A conversation file (.xz and .gz too), or LongMemEval's folder.")
    ],
    *,
    format: Annotated[  # noqa: A002 - the option's name
        str | None, typer.Option("--format", help=f"{', '.join(FORMATS)}; found out when left out.")
    ] = None,
    only: Annotated[
        str | None,
        typer.Option("--only", help="One LongMemEval question, LoCoMo sample or conversation."),
    ] = None,
    place: Place,
) -> None:
    """Put the conversations of a file into the memory; what is there already adds nothing."""
    sessions = read_sessions(file, format=format, only=only)
    output = place.output
    began = time.perf_counter()
    with place.open() as memory:
        counts = observe_all(memory, sessions, output)
    counts["seconds"] = round(time.perf_counter() - began, 2)
    output.say(
        f"{counts['memories']:,} memories with {counts['cues']:,} cues "
        f"from {counts['sessions']:,} sessions in {counts['seconds']:.1f} s"
        + (f"; {counts['skipped']:,} were known already" if counts["skipped"] else "")
        + f" → {place.db}",
        {"db": str(place.db), **counts},
    )


def observe_all(
    memory: TextMemory, sessions: list[Session], output: Output
) -> dict[str, int | float]:
    """Observe sessions one by one, with a progress bar, and count what was added."""
    counts: dict[str, int | float] = {"sessions": len(sessions)}
    counts |= dict.fromkeys(("messages", "memories", "cues", "skipped"), 0)
    total = sum(len(session.messages) for session in sessions)
    with output.progress("remembering") as report:
        report(0, total)
        for session in sessions:
            observed = memory.observe(
                session.messages, session=session.id, at=session.at, metadata=session.metadata
            )
            counts["messages"] += len(session.messages)
            counts["memories"] += len(observed.memories)
            counts["cues"] += observed.cues
            counts["skipped"] += observed.skipped
            report(int(counts["messages"]), total)
    return counts
