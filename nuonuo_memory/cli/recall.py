"""`nuonuo recall` and `nuonuo follow`: questions to the memory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nuonuo_memory.cli import draw
from nuonuo_memory.cli.open_memory import Place
from nuonuo_memory.cli.options import Count, expand
from nuonuo_memory.cli.output import Output, confidence_line, hits_view, recall_record
from nuonuo_memory.cli.scope import ScopeOptions
from nuonuo_memory.types import Hit, Memory, Recall

if TYPE_CHECKING:
    from nuonuo_memory.memory import TextMemory

Question = Annotated[str, typer.Argument(help="A question, or anything said.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("recall")(expand(recall))
    app.command("follow")(expand(follow))


def recall(
    text: Question,
    *,
    k: Count = 5,
    group_by: Annotated[
        str | None,
        typer.Option("--group-by", help="The best of each: session, or a name in the metadata."),
    ] = None,
    min_confidence: Annotated[
        float, typer.Option("--min-confidence", help="Show nothing below this, from 0 to 1.")
    ] = 0.0,
    scope: ScopeOptions,
    place: Place,
) -> None:
    """Find the memories that a text brings to mind."""
    with place.open_existing(read_only=True) as memory:
        found = memory.recall(
            text, k=k, group_by=group_by, min_confidence=min_confidence, **scope.given()
        )
        show(found, memory, place.output)


def follow(
    text: Question,
    *,
    k: Count = 5,
    hops: Annotated[
        int, typer.Option("--hops", help="How many associations to follow at most.")
    ] = 3,
    svg: Annotated[
        Path | None, typer.Option("--svg", help="Draw the paths into this file.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", help="The same picture as a page of its own.")
    ] = None,
    scope: ScopeOptions,
    place: Place,
) -> None:
    """Follow associations from what a text brings to mind, and show the paths."""
    with place.open_existing(read_only=True) as memory:
        found = memory.follow(text, k=k, hops=hops, **scope.given())
        show(found, memory, place.output)
        paths = drawn_paths(found, passed(found, memory))
    for file, picture in ((svg, draw.svg), (html, draw.html)):
        if file is not None:
            file.write_text(picture(text, paths), encoding="utf-8")


def drawn_paths(found: Recall, known: dict[str, Memory]) -> list[list[draw.Box]]:
    """Return the hits' paths as the boxes of a picture, without those that another goes on from."""
    walks = [(hit, _ends(hit)) for hit in found]
    return [
        _boxes(hit, known)
        for hit, ends in walks
        if not any(other != ends and other[: len(ends)] == ends for _, other in walks)
    ]


def _ends(hit: Hit) -> tuple[str | None, ...]:
    """The memories on the way to a hit, itself last; `None` first where the question names one."""
    if not hit.path:
        return (hit.id,)
    return (hit.path[0].source, *(hop.target for hop in hit.path))


def _boxes(hit: Hit, known: dict[str, Memory]) -> list[draw.Box]:
    if not hit.path:
        return [draw.Box(hit.text)]
    source = hit.path[0].source
    first = [] if source is None else [draw.Box(known[source].text)]
    return first + [
        draw.Box(known[hop.target].text, hop.link, hop.kind, hop.weight) for hop in hit.path
    ]


def show(found: Recall, memory: TextMemory, output: Output) -> None:
    """Print what a question brought to mind."""
    if output.as_json:
        output.json(recall_record(found))
        return
    output.show(confidence_line(found))
    if not found:
        output.show("[yellow]nothing comes to mind[/yellow]")
    output.show(hits_view(found.hits, passed(found, memory)))


def passed(found: Recall, memory: TextMemory) -> dict[str, Memory]:
    """Return the memories on the paths of a recall, by id."""
    ids = {end for hit in found for hop in hit.path for end in (hop.source, hop.target) if end}
    return {known.id: known for known in memory.get_many(sorted(ids)) if known is not None}
