"""`nuonuo import`: an exported file into the memory."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nuonuo_memory.cli.open_memory import Place


def import_(
    file: Annotated[Path, typer.Argument(help="A file that export made.")],
    *,
    place: Place,
) -> None:
    """Add the memories of an exported file, all or none.

    They come where they were exported from; an export of one namespace can go into another, which
    --namespace names.
    """
    output = place.output
    with place.open() as memory, output.progress("importing") as report:
        count = memory.import_(file, namespace=place.labels, progress=report)
    output.say(f"{count:,} memories → {place.db}", {"imported": count, "db": str(place.db)})
