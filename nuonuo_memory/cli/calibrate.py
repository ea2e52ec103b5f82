"""`nuonuo calibrate`: how sure answers are, measured on the memory's own contents."""

from __future__ import annotations

from typing import Annotated

import typer

from nuonuo_memory.cli.open_memory import Place
from nuonuo_memory.cli.options import expand


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("calibrate")(expand(calibrate))


def calibrate(
    *,
    samples: Annotated[int, typer.Option("--samples", help="Memories to ask a cue of.")] = 256,
    place: Place,
) -> None:
    """Measure on the memory's own cues how sure its answers are, and keep it with the file."""
    output = place.output
    with place.open_silent() as memory, output.progress("asking") as report:
        found = memory.calibrate(samples=samples, progress=report)
    if output.as_json:
        output.json(found._asdict())
    else:
        output.show(
            f"[bold]{found.samples:,}[/bold] cues asked with their conversation left out; "
            f"log-odds of every answer change by [bold]{found.offset:+.2f}[/bold]"
        )
