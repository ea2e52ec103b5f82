"""`nuonuo export`: memories as JSON lines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nuonuo_memory.cli.open_memory import FileOptions


def export(
    file: Annotated[Path, typer.Argument(help="The file of JSON lines to write.")],
    *,
    place: FileOptions,
) -> None:
    """Write memories with all that is theirs as JSON lines.

    Cues, vectors and edges too; all memories, or those at and below --namespace.
    """
    with place.open_silent(read_only=True) as memory:
        count = memory.export(file, namespace=place.labels)
    place.output.say(f"{count:,} memories → {file}", {"exported": count, "file": str(file)})
