"""`nuonuo show`, `list` and `stats`: what the memory holds."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from nuonuo_memory.cli.open_memory import Place, full_id
from nuonuo_memory.cli.options import expand
from nuonuo_memory.cli.output import hop_record, memory_record, origin
from nuonuo_memory.cli.scope import ScopeOptions

if TYPE_CHECKING:
    from nuonuo_memory.maintenance.diagnosis import Diagnosis
    from nuonuo_memory.memory import TextMemory

_COLLISIONS = 10  # shown; --json lists them all


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("show")(expand(show))
    app.command("list")(expand(list_))
    app.command("stats")(expand(stats))


def show(
    id: Annotated[str, typer.Argument(help="A memory's id, or its beginning.")],  # noqa: A002
    *,
    place: Place,
) -> None:
    """Show one memory whole, with its cues and associations."""
    output = place.output
    with place.open_silent(read_only=True) as memory:
        found = memory.get(full_id(memory, id))
        cues, links = memory.cues(found.id), memory.links(found.id)
        if output.as_json:
            output.json(
                {
                    **memory_record(found),
                    "cues": [{"text": cue.text, "kind": cue.kind} for cue in cues],
                    "links": [hop_record(link) for link in links],
                }
            )
            return
        targets = memory.get_many(link.target for link in links)
    output.show(Text(origin(found), style="dim"), Text(found.text))
    if found.metadata:
        output.show(Text(f"metadata {dict(found.metadata)}", style="dim"))
    table = Table("cue", "words", title=f"{len(cues)} cues", title_justify="left")
    for cue in cues:
        table.add_row(cue.kind, Text(cue.text))
    output.show(table)
    if links:
        ties = Table("tie", "by", "weight", "leads to", title=f"{len(links)} associations")
        for link, target in zip(links, targets, strict=True):
            text = Text(target.text[:80] if target else link.target)
            ties.add_row(link.kind, Text(link.link), f"{link.weight:.2f}", text)
        output.show(ties)


def list_(
    *,
    limit: Annotated[int, typer.Option("--limit", help="How many at most.")] = 50,
    offset: Annotated[int, typer.Option("--offset", help="How many to pass over.")] = 0,
    scope: ScopeOptions,
    place: Place,
) -> None:
    """List memories by time."""
    output = place.output
    with place.open_silent(read_only=True) as memory:
        found = memory.list(limit=limit, offset=offset, **scope.given())
    if output.as_json:
        output.json([memory_record(one) for one in found])
        return
    table = Table("id", "when", "who", "session", "text", expand=True)
    for one in found:
        when = one.at.strftime("%Y-%m-%d") if one.at else ""
        who = str(one.metadata.get("name") or one.role or "")
        text = Text(" ".join(one.text.split())[:200], overflow="ellipsis", no_wrap=True)
        table.add_row(one.id[:12], when, who, one.session or "", text)
    output.show(table, f"{len(found)} memories")


def stats(
    *,
    diagnose: Annotated[
        bool, typer.Option("--diagnose", help="Show load, crosstalk, collisions and margins too.")
    ] = False,
    svg: Annotated[
        Path | None, typer.Option("--svg", help="Draw the diagnosis into this file.")
    ] = None,
    place: Place,
) -> None:
    """Show how much the memory holds and, on request, how well it is told apart."""
    output = place.output
    with place.open_silent(read_only=True) as memory:
        found = memory.stats()
        diagnosis = memory.diagnose() if diagnose or svg else None
        views = [] if diagnosis is None else _collisions(memory, diagnosis)
    if diagnosis is not None and svg is not None:
        svg.write_text(diagnosis.svg(), encoding="utf-8")
    if output.as_json:
        output.json(asdict(found) | ({"diagnosis": asdict(diagnosis)} if diagnosis else {}))
        return
    table = Table(show_header=False, box=None)
    for name, value in asdict(found).items():
        if isinstance(value, dict):
            value = ", ".join(f"{kind} {count:,}" for kind, count in sorted(value.items()))  # noqa: PLW2901
        elif isinstance(value, int):
            value = f"{value:,}"  # noqa: PLW2901
        table.add_row(name.replace("_", " "), str(value))
    output.show(table)
    for line in diagnosis.lines() if diagnosis else ():
        output.show(line)
    output.show(*views)


def _collisions(memory: TextMemory, found: Diagnosis) -> list[Table]:
    """Which memories are mistaken for each other, the nearest first."""
    nearest = found.collisions[:_COLLISIONS]
    if not nearest:
        return []
    table = Table("cosine", "one", "other", title="nearest collisions", title_justify="left")
    for one in nearest:
        texts = [
            "" if held is None else " ".join(held.text.split())[:160]
            for held in memory.get_many([str(one.first), str(one.second)])
        ]
        table.add_row(f"{one.cosine:.3f}", *map(Text, texts))
    return [table]
