"""`nuonuo diagnose`: how well memories are told apart."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nuonuo_memory.cli.open_memory import FileOptions
from nuonuo_memory.cli.output import write_file
from nuonuo_memory.cli.visible import one_line

if TYPE_CHECKING:
    from rich.table import Table

    from nuonuo_memory.maintenance.diagnosis import Diagnosis
    from nuonuo_memory.memory import TextMemory

_COLLISIONS = 10  # shown; --json lists them all

Svg = Annotated[Path | None, typer.Option("--svg", help="Draw the margins into this file.")]


def diagnose(*, svg: Svg = None, place: FileOptions) -> None:
    """Show how well memories are told apart.

    Load against capacity, crosstalk, which memories are mistaken for each other, and the margins
    between them, of the whole file.
    """
    place.require_whole("diagnose")
    output = place.output
    with place.open_silent(read_only=True) as memory:
        found = memory.diagnose()
        views = [] if output.as_json else collisions(memory, found)
    if svg is not None:
        draw(found, svg)
    if output.as_json:
        output.json(asdict(found))
    else:
        output.show(*found.lines(), *views)


def draw(found: Diagnosis, file: Path) -> None:
    """Write the picture of the margins."""
    write_file(file, found.svg(), "--svg")


def collisions(memory: TextMemory, found: Diagnosis) -> list[Table]:
    """Which memories are mistaken for each other, the nearest first."""
    from rich.table import Table
    from rich.text import Text

    nearest = found.collisions[:_COLLISIONS]
    if not nearest:
        return []
    table = Table("cosine", "one", "other", title="nearest collisions", title_justify="left")
    for one in nearest:
        texts = [
            Text("" if held is None else one_line(held.text, 160))
            for held in memory.get_many([str(one.first), str(one.second)])
        ]
        table.add_row(f"{one.cosine:.3f}", *texts)
    return [table]
