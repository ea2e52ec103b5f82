"""What people read and what programs read: hits, tables, progress, JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import typer
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from nuonuo_memory.types import Hit, Hop, Memory, Recall
from nuonuo_memory.types import Progress as Report

_SHOWN = 320  # characters of a memory shown around the cue that fired
_BEFORE = 80
_SURE, _UNSURE = 0.6, 0.3  # where confidence turns green and red


@dataclass(frozen=True, slots=True)
class Output:
    """Writes either for people or, as JSON, for programs.

    Attributes:
        as_json: Print JSON on standard output and nothing else there.
    """

    as_json: bool = False

    def json(self, value: object) -> None:
        """Print a value as JSON."""
        typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))

    def show(self, *parts: RenderableType) -> None:
        """Print for people; nothing when the output is JSON."""
        if not self.as_json:
            console = Console(highlight=False, soft_wrap=False)
            for part in parts:
                console.print(part)

    @contextmanager
    def progress(self, what: str) -> Iterator[Report]:
        """Show a bar on standard error while something goes on; yields what moves it."""
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        console = Console(stderr=True)
        hidden = not console.is_terminal  # a bar in a log is noise
        with Progress(*columns, console=console, transient=True, disable=hidden) as bar:
            task = bar.add_task(what, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)


def memory_record(memory: Memory) -> dict[str, Any]:
    """Return a memory as JSON values."""
    return {
        "id": memory.id,
        "text": memory.text,
        "namespace": list(memory.namespace),
        "role": memory.role,
        "session": memory.session,
        "turn": memory.turn,
        "at": memory.at.isoformat() if memory.at else None,
        "metadata": dict(memory.metadata),
        "created_at": memory.created_at.isoformat(),
        "updated_at": memory.updated_at.isoformat(),
    }


def recall_record(recall: Recall) -> dict[str, Any]:
    """Return what a question brought to mind as JSON values."""
    return {
        "query": recall.query,
        "confidence": recall.confidence,
        "energy": recall.energy,
        "entropy": recall.entropy,
        "margin": recall.margin,
        "hits": [
            {
                **memory_record(hit.memory),
                "score": hit.score,
                "similarity": hit.similarity,
                "cue": {"text": hit.cue.text, "kind": hit.cue.kind},
                "path": [hop_record(hop) for hop in hit.path],
            }
            for hit in recall
        ],
    }


def hop_record(hop: Hop) -> dict[str, Any]:
    """Return an association as JSON values."""
    return {
        "source": hop.source,
        "target": hop.target,
        "link": hop.link,
        "kind": hop.kind,
        "weight": hop.weight,
    }


def confidence_line(recall: Recall) -> Text:
    """Say how sure the memory is."""
    sure = recall.confidence
    colour = "green" if sure >= _SURE else "red" if sure < _UNSURE else "yellow"
    return Text.assemble("confidence ", (f"{sure:.2f}", colour))


def hits_view(hits: Sequence[Hit], known: Mapping[str, Memory] | None = None) -> Group:
    """Show hits one below the other; `known` gives the memories that a path passes."""
    parts: list[RenderableType] = []
    for place, hit in enumerate(hits, start=1):
        head = Text.assemble(
            (f"{place}. ", "bold"),
            (f"{hit.score:.2f} ", "bold cyan"),
            (origin(hit.memory), "dim"),
        )
        parts += [head, Padding(excerpt(hit), (0, 0, 0, 3))]
        if not hit.path:
            parts.append(Padding(cue_line(hit), (0, 0, 0, 3)))
        parts += [Padding(line, (0, 0, 0, 3)) for line in path_lines(hit.path, known or {})]
    return Group(*parts)


def origin(memory: Memory) -> str:
    """Say who said it, when, where, and its id."""
    who = memory.metadata.get("name") or memory.role
    when = memory.at.date().isoformat() if memory.at else None
    place = f"{memory.session}#{memory.turn}" if memory.session is not None else None
    return " · ".join(str(part) for part in (who, when, place, memory.id[:12]) if part)


def excerpt(hit: Hit) -> Text:
    """Return the part of a memory around the cue that fired, with the cue in bold."""
    text = " ".join(hit.text.split())
    cue = " ".join(hit.cue.text.split())
    at = text.find(cue) if cue != text else -1
    start = max(0, at - _BEFORE) if at > 0 else 0
    end = min(len(text), max(start + _SHOWN, at + min(len(cue), _SHOWN)))
    shown = Text(text[start:end])
    if at >= 0:
        shown.stylize("bold", at - start, at - start + len(cue))
    return Text.assemble("…" if start else "", shown, "…" if end < len(text) else "")


def cue_line(hit: Hit) -> Text:
    """Say which cue fired, and in which words where the memory's own do not show it."""
    line = Text(f"{hit.cue.kind} cue, similarity {hit.similarity:.2f}", style="dim")
    if hit.cue.kind not in {"turn", "sentence", "segment"}:
        cue = " ".join(hit.cue.text.split())
        line.append(f": {cue[:100]}{'…' if len(cue) > 100 else ''}")
    return line


def path_lines(path: Sequence[Hop], known: Mapping[str, Memory]) -> list[Text]:
    """Show an associative path, a line for each hop."""
    lines = []
    for hop in path:
        before = known.get(hop.source) if hop.source else None
        source = "the question" if hop.source is None else _short(before, hop.source)
        lines.append(
            Text.assemble(
                ("↳ ", "magenta"),
                (source, "dim"),
                (f" —{hop.link or hop.kind}→ ", "magenta"),
                (_short(known.get(hop.target), hop.target), "dim"),
                (f"  ({hop.kind}, {hop.weight:.2f})", "dim"),
            )
        )
    return lines


def _short(memory: Memory | None, id_: str, length: int = 48) -> str:
    if memory is None:
        return id_[:12]
    text = " ".join(memory.text.split())
    return f"“{text[:length]}{'…' if len(text) > length else ''}”"
