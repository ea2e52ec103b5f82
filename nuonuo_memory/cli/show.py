"""`nuonuo show`: one memory whole."""

from __future__ import annotations

from typing import Annotated

import typer

from nuonuo_memory.cli.open_memory import FileOptions, full_id
from nuonuo_memory.cli.output import origin
from nuonuo_memory.cli.visible import one_line, visible


def show(
    id: Annotated[str, typer.Argument(help="A memory's id, or its beginning.")],  # noqa: A002
    *,
    place: FileOptions,
) -> None:
    """Show one memory whole, with its cues and associations."""
    output = place.output
    with place.open_silent(read_only=True) as memory:
        found = memory.get(full_id(memory, id, within=place.labels))
        cues, links = memory.cues(found.id), memory.links(found.id)
        targets = memory.get_many(link.target for link in links)
    if output.as_json:
        output.json(
            found.to_dict()
            | {
                "cues": [{"text": cue.text, "kind": cue.kind} for cue in cues],
                "links": [link.to_dict() for link in links],
            }
        )
        return
    from rich.table import Table
    from rich.text import Text

    output.show(Text(origin(found), style="dim"), Text(visible(found.text)))
    if found.metadata:
        output.show(Text(f"metadata {dict(found.metadata)}", style="dim"))
    words = Table("cue", "words", title=f"{len(cues)} cues", title_justify="left")
    for cue in cues:
        words.add_row(Text(one_line(cue.kind)), Text(one_line(cue.text)))
    output.show(words)
    if links:
        edges = Table("edge", "by", "weight", "leads to", title=f"{len(links)} associations")
        for link, target in zip(links, targets, strict=True):
            text = one_line(target.text if target else link.target, 80)
            edges.add_row(link.kind, Text(one_line(link.link)), f"{link.weight:.2f}", Text(text))
        output.show(edges)
