"""`nuonuo calibrate`: how sure answers are, measured on the memory's own contents."""

from __future__ import annotations

from typing import Annotated

import typer

from nuonuo_memory.cli.open_memory import FileOptions


def calibrate(
    *,
    samples: Annotated[int, typer.Option("--samples", help="Memories to ask a cue of.")] = 256,
    place: FileOptions,
) -> None:
    """Measure how sure answers are, and keep it with the file.

    Asks some of the memory's own cues with their conversation left out, which shows what a miss
    looks like here, and keeps by how much answers are less or more sure for it.
    """
    place.require_whole("calibrate")
    output = place.output
    with place.open_silent() as memory, output.progress("asking") as report:
        found = memory.calibrate(samples=samples, progress=report)
    output.say(
        f"{found.samples:,} cues asked with their conversation left out; log-odds of every answer "
        f"change by {found.offset:+.2f}",
        found._asdict(),
    )
