"""`nuonuo update`: a memory changed in place."""

from __future__ import annotations

from typing import Annotated

import typer

from nuonuo_memory.cli.open_memory import Place, full_id
from nuonuo_memory.cli.options import At, Meta, metadata_of, text_of, time_of
from nuonuo_memory.cli.output import origin
from nuonuo_memory.errors import InvalidInputError


def update(
    id: Annotated[str, typer.Argument(help="A memory's id, or its beginning.")],  # noqa: A002
    *,
    text: Annotated[
        str | None, typer.Option("--text", help="The new text; - reads standard input.")
    ] = None,
    meta: Meta = None,
    at: At = None,
    place: Place,
) -> None:
    """Change a memory's text, metadata or time.

    What is not given stays. --meta gives all its metadata, in place of what was there.
    """
    if text is None and not meta and at is None:
        raise InvalidInputError("expected --text, --meta or --at, got nothing to change")
    metadata, when = metadata_of(meta), time_of(at, "--at")
    words = None if text is None else text_of(text)
    place.existing()
    with place.open() if words is not None else place.open_silent() as memory:
        known = full_id(memory, id, within=place.labels)
        changed = memory.update(known, text=words, metadata=metadata, at=when)
    place.output.say(f"updated · {origin(changed)}", changed.to_dict())
