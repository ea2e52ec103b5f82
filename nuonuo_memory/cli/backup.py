"""`nuonuo backup`: a copy of the memory as a file of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nuonuo_memory.cli.open_memory import FileOptions


def backup(
    file: Annotated[Path, typer.Argument(help="The new file; there must be none.")],
    *,
    place: FileOptions,
) -> None:
    """Copy the memory to a new file, while others read and write.

    Whole, or what is at and below --namespace. The copy is opened like any other file.
    """
    output = place.output
    with place.open_silent(read_only=True) as memory, output.progress("copying") as report:
        count = memory.backup(file, namespace=place.labels, progress=report)
    output.say(f"{count:,} memories → {file}", {"copied": count, "file": str(file)})
