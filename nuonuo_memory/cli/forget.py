"""`nuonuo forget`: removing memories, so that nothing of them stays."""

from __future__ import annotations

from typing import Annotated

import typer

from nuonuo_memory.cli.open_memory import Place, full_id
from nuonuo_memory.cli.options import expand
from nuonuo_memory.cli.scope import ScopeOptions
from nuonuo_memory.errors import InvalidInputError


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("forget")(expand(forget))


def forget(
    ids: Annotated[list[str] | None, typer.Argument(help="Ids of memories.")] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Everything in the namespace.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    scope: ScopeOptions,
    place: Place,
) -> None:
    """Forget memories by id, or all that --session, --where, --since, --until or --all take in."""
    given = scope.given()
    chosen = bool(given.keys() - {"prefix"}) or everything
    if bool(ids) == chosen:
        raise InvalidInputError(
            "expected either ids or one of --session, --where, --since, --until, --all; "
            f"got {'both' if ids else 'neither'}"
        )
    with place.open_silent() as memory:
        if ids:
            ids = [full_id(memory, id_) for id_ in ids]
            what = f"{len(ids)} memories" if len(ids) > 1 else f"memory {ids[0]}"
        else:
            given["namespace"] = memory.namespace
            what = f"{len(memory.list(**given))} memories"
        if not yes:
            typer.confirm(f"Forget {what} for good?", abort=True, err=True)
        count = memory.forget(ids) if ids else memory.forget(**given)
    if place.json:
        place.output.json({"forgotten": count})
    else:
        place.output.show(f"[bold]{count:,}[/bold] forgotten")
