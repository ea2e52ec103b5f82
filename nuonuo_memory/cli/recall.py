"""`nuonuo recall` and `nuonuo follow`: questions to the memory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nuonuo_memory.cli import draw
from nuonuo_memory.cli.open_memory import Place, full_ids
from nuonuo_memory.cli.options import Count, time_of
from nuonuo_memory.cli.output import Output, confidence_line, hits_view, write_file
from nuonuo_memory.cli.scope import ScopeOptions
from nuonuo_memory.errors import InvalidInputError
from nuonuo_memory.types import Memory, Recall

if TYPE_CHECKING:
    from nuonuo_memory.memory import TextMemory

Question = Annotated[str, typer.Argument(help="A question, or anything said.")]
Hops = Annotated[
    int, typer.Option("--hops", help="How many associations to follow at most; 0 for none.")
]


@dataclass(frozen=True, slots=True)
class RecallOptions:
    """How to answer, and how to show it."""

    k: Count = 5
    start: Annotated[
        list[str] | None,
        typer.Option("--start", help="Id of a memory to follow associations from; repeats."),
    ] = None
    group_by: Annotated[
        str | None,
        typer.Option("--group-by", help="The best of each: session, or a name in the metadata."),
    ] = None
    min_confidence: Annotated[
        float, typer.Option("--min-confidence", help="Show nothing below this, from 0 to 1.")
    ] = 0.0
    now: Annotated[
        str | None,
        typer.Option("--now", help='The time that "last week" is reckoned from; else the present.'),
    ] = None
    mermaid: Annotated[
        Path | None, typer.Option("--mermaid", help="Write the paths as a Mermaid chart here.")
    ] = None
    html: Annotated[
        Path | None, typer.Option("--html", help="Write the paths as a page for a browser here.")
    ] = None

    def given(self, memory: TextMemory, place: Place) -> dict[str, Any]:
        """Return the options as `TextMemory.recall` takes them."""
        start = full_ids(memory, self.start or (), within=place.labels)
        return {
            "k": self.k,
            "group_by": self.group_by,
            "min_confidence": self.min_confidence,
            "now": time_of(self.now, "--now"),
            "start": dict.fromkeys(start, 1.0) or None,
        }


def recall(
    text: Question, *, hops: Hops = 0, how: RecallOptions, scope: ScopeOptions, place: Place
) -> None:
    """Find the memories that a text brings to mind.

    Shows the words around the cue that fired, its kind, the score, who said it when, and the
    confidence that the memory holds an answer at all.
    """
    _answer(text, hops, how, scope, place)


def follow(
    text: Question, *, hops: Hops = 3, how: RecallOptions, scope: ScopeOptions, place: Place
) -> None:
    """Recall with --hops 3: what is associated, with the paths.

    Follows associations from what the text brings to mind, and shows the path to each memory.
    """
    _answer(text, hops, how, scope, place)


def _answer(text: str, hops: int, how: RecallOptions, scope: ScopeOptions, place: Place) -> None:
    chosen = scope.given()
    with place.open_existing(read_only=True) as memory:
        found = memory.recall(text, hops=hops, **how.given(memory, place), **chosen)
        known = passed(found, memory)
        if not found:
            place.note_if_unknown(memory)
    if how.group_by is not None:
        _require_name(found, how.group_by)
    paths = draw.steps(found, known)
    if how.mermaid is not None:
        write_file(how.mermaid, draw.mermaid(text, paths), "--mermaid")
    if how.html is not None:
        write_file(how.html, draw.html(text, paths), "--html")
    show(found, known, place.output)


def _require_name(found: Recall, group_by: str) -> None:
    """Refuse to group by what none of the memories found has.

    Raises:
        InvalidInputError: None of them has it; the message lists what they have.
    """
    if not found or group_by == "session" or any(group_by in hit.metadata for hit in found):
        return
    names = sorted({name for hit in found for name in hit.metadata})
    raise InvalidInputError(
        f"--group-by must be session or a name in the metadata, got {group_by!r}, which no memory "
        f"found has; they have {', '.join(map(repr, names)) or 'no metadata'}"
    )


def show(found: Recall, known: dict[str, Memory], output: Output) -> None:
    """Print what a question brought to mind; `known` gives the memories that paths pass."""
    if output.as_json:
        output.json(found.to_dict())
        return
    output.show(confidence_line(found))
    if not found:
        output.show("[yellow]nothing comes to mind[/yellow]")
    output.show(hits_view(found.hits, known))


def passed(found: Recall, memory: TextMemory) -> dict[str, Memory]:
    """Return the memories on the paths of a recall, by id."""
    ids = {end for hit in found for hop in hit.path for end in (hop.source, hop.target) if end}
    return {known.id: known for known in memory.get_many(sorted(ids)) if known is not None}
