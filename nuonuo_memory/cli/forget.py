"""`nuonuo forget`: removing memories, so that nothing of them stays."""

from __future__ import annotations

from typing import Annotated

import typer

from nuonuo_memory.cli.open_memory import FileOptions, full_ids
from nuonuo_memory.cli.scope import ScopeOptions
from nuonuo_memory.cli.visible import one_line
from nuonuo_memory.errors import InvalidInputError


def forget(
    ids: Annotated[list[str] | None, typer.Argument(help="Ids of memories.")] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Everything in the namespace.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    scope: ScopeOptions,
    place: FileOptions,
) -> None:
    """Forget memories, so that nothing of them stays in any file.

    By id, or all that --session, --where, --since and --until take in, or with --all the whole
    namespace. It asks first, unless --yes is given.
    """
    given = scope.given()
    chosen = bool(given.keys() - {"prefix"}) or everything
    if bool(ids) == chosen:
        raise InvalidInputError(
            "expected either ids or one of --session, --where, --since, --until, --all; "
            f"got {'both' if ids else 'neither'}"
        )
    with place.open_silent() as memory:
        if ids:
            ids = full_ids(memory, ids, within=place.labels)
            what = f"{len(ids)} memories" if len(ids) > 1 else f"memory {one_line(ids[0])}"
        else:
            given["namespace"] = memory.namespace
            what = f"{len(memory.list(**given))} memories"
        if not yes:
            typer.confirm(f"Forget {what} for good?", abort=True, err=True)
        count = memory.forget(ids) if ids else memory.forget(**given)
    place.output.say(f"{count:,} forgotten", {"forgotten": count})
