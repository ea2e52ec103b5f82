"""`nuonuo export`, `import` and `reencode`: memories from file to file, from encoder to encoder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nuonuo_memory.cli.open_memory import Place, encoder_named
from nuonuo_memory.cli.options import expand


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("export")(expand(export))
    app.command("import")(expand(import_))
    app.command("reencode")(expand(reencode))


def export(
    file: Annotated[Path, typer.Argument(help="The file of JSON lines to write.")],
    *,
    place: Place,
) -> None:
    """Write every memory, with cues, vectors and ties, as JSON lines."""
    with place.open_silent(read_only=True) as memory:
        count = memory.export(file)
    if place.json:
        place.output.json({"exported": count, "file": str(file)})
    else:
        place.output.show(f"[bold]{count:,}[/bold] memories → {file}")


def import_(
    file: Annotated[Path, typer.Argument(help="A file that export made.")],
    *,
    place: Place,
) -> None:
    """Add the memories of an exported file: all of them or, on an error, none."""
    output = place.output
    with place.open() as memory, output.progress("importing") as report:
        count = memory.import_(file, progress=report)
    if output.as_json:
        output.json({"imported": count, "db": str(place.db)})
    else:
        output.show(f"[bold]{count:,}[/bold] memories → {place.db}")


def reencode(*, place: Place) -> None:
    """Compute every vector anew with --encoder, in one write."""
    from nuonuo_memory.memory import TextMemory

    output = place.output
    encoder = encoder_named(place.encoder, place.device)
    with output.progress("encoding") as report:
        count = TextMemory.reencode(place.existing(), encoder, progress=report)
    if output.as_json:
        output.json({"cues": count, "db": str(place.db)})
    else:
        output.show(f"[bold]{count:,}[/bold] cues encoded anew in {place.db}")
