"""`nuonuo reinforce`: which memories helped."""

from __future__ import annotations

from typing import Annotated

import typer

from nuonuo_memory.cli.open_memory import FileOptions, full_ids


def reinforce(
    ids: Annotated[list[str], typer.Argument(help="Ids of memories that helped.")],
    *,
    place: FileOptions,
) -> None:
    """Count a use of memories that helped.

    consolidate strengthens them. Recall itself counts nothing.
    """
    with place.open_silent() as memory:
        count = memory.reinforce(full_ids(memory, ids, within=place.labels))
    place.output.say(f"{count:,} reinforced", {"reinforced": count})
