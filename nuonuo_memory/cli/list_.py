"""`nuonuo list`: memories by time."""

from __future__ import annotations

from typing import Annotated

import typer

from nuonuo_memory.cli.open_memory import FileOptions
from nuonuo_memory.cli.scope import ScopeOptions
from nuonuo_memory.cli.visible import one_line


def list_(
    *,
    limit: Annotated[int, typer.Option("--limit", help="How many at most.")] = 50,
    offset: Annotated[int, typer.Option("--offset", help="How many to pass over.")] = 0,
    scope: ScopeOptions,
    place: FileOptions,
) -> None:
    """List memories by time."""
    output = place.output
    with place.open_silent(read_only=True) as memory:
        found = memory.list(limit=limit, offset=offset, **scope.given())
        if not found:
            place.note_if_unknown(memory)
    if output.as_json:
        output.json([one.to_dict() for one in found])
        return
    from rich.table import Table
    from rich.text import Text

    table = Table("id", "when", "who", "session", "text", expand=True)
    for one in found:
        when = one.at.strftime("%Y-%m-%d") if one.at else ""
        who = one.metadata.get("name") or one.role or ""
        text = Text(one_line(one.text, 200), overflow="ellipsis", no_wrap=True)
        cells = (one.id[:12], when, str(who), one.session or "")
        table.add_row(*(Text(one_line(cell)) for cell in cells), text)
    output.show(table, f"{len(found)} memories")
