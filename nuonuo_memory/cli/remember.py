"""`nuonuo remember`: one memory by hand."""

from __future__ import annotations

from typing import Annotated

import typer

from nuonuo_memory.cli.open_memory import Place, full_ids
from nuonuo_memory.cli.options import At, Meta, metadata_of, text_of, time_of
from nuonuo_memory.cli.output import origin


def remember(
    text: Annotated[str, typer.Argument(help="What to remember; - reads standard input.")],
    *,
    cue: Annotated[
        list[str] | None,
        typer.Option("--cue", help="A question that it answers, or other words for it; repeats."),
    ] = None,
    meta: Meta = None,
    at: At = None,
    id: Annotated[  # noqa: A002 - the option's name
        str | None, typer.Option("--id", help="An id of your own; one is made otherwise.")
    ] = None,
    link: Annotated[
        list[str] | None,
        typer.Option("--link", help="Id of a memory that it is associated with; repeats."),
    ] = None,
    place: Place,
) -> None:
    """Remember one text.

    When the command ends, it is on disk; the id is printed.
    """
    metadata, when, words = metadata_of(meta), time_of(at, "--at"), text_of(text)
    with place.open() as memory:
        stored = memory.remember(
            words,
            cues=cue or (),
            metadata=metadata,
            at=when,
            id=id,
            links=full_ids(memory, link or (), within=memory.namespace),
        )
    place.output.say(f"remembered · {origin(stored)}", stored.to_dict())
