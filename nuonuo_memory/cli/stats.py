"""`nuonuo stats`: how much the memory holds."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from nuonuo_memory.cli.diagnose import Svg, collisions, draw
from nuonuo_memory.cli.open_memory import FileOptions


def stats(
    *,
    diagnose: Annotated[
        bool, typer.Option("--diagnose", help="Show what nuonuo diagnose shows too.")
    ] = False,
    svg: Svg = None,
    place: FileOptions,
) -> None:
    """Show how much the memory holds, and with which encoder.

    The whole file, or what is at and below --namespace.
    """
    if diagnose or svg:
        place.require_whole("stats --diagnose")
    output = place.output
    with place.open_silent(read_only=True) as memory:
        found = asdict(memory.stats(namespace=place.labels))
        diagnosis = memory.diagnose() if diagnose or svg else None
        views = [] if diagnosis is None else collisions(memory, diagnosis)
    if diagnosis is not None and svg is not None:
        draw(diagnosis, svg)
    if output.as_json:
        output.json(found | ({"diagnosis": asdict(diagnosis)} if diagnosis else {}))
        return
    from rich.table import Table
    from rich.text import Text

    table = Table(show_header=False, box=None)
    for name, value in found.items():
        if isinstance(value, dict):
            shown = ", ".join(f"{kind} {count:,}" for kind, count in sorted(value.items()))
        else:
            shown = f"{value:,}" if isinstance(value, int) else str(value)
        table.add_row(name.replace("_", " "), Text(shown))
    output.show(table, *(diagnosis.lines() if diagnosis else ()), *views)
