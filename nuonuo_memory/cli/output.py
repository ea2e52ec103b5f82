"""What people read and what programs read: hits, tables, progress, JSON.

Everything printed passes `Output`, which lets no control character of stored text through.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from nuonuo_memory.cli.visible import json_safe, one_line, visible
from nuonuo_memory.errors import InvalidInputError
from nuonuo_memory.types import Hit, Hop, Memory, Recall

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID
    from rich.text import Text

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
        """Print a value as JSON; numbers that are not finite, which JSON lacks, as `null`."""
        document = json.dumps(_finite(value), ensure_ascii=False, indent=2, allow_nan=False)
        typer.echo(json_safe(document))

    def show(self, *parts: RenderableType) -> None:
        """Print for people; nothing when the output is JSON."""
        if self.as_json:
            return
        from rich.console import Console

        console = Console(highlight=False, soft_wrap=False, emoji=False)
        for part in parts:
            console.print(_Visible(part))

    def say(self, line: str, record: Mapping[str, object]) -> None:
        """Say in one line what was done; `record` is the same as JSON."""
        from rich.text import Text

        if self.as_json:
            self.json(record)
        else:
            self.show(Text(line))

    def note(self, line: str) -> None:
        """Say something beside the result, on standard error."""
        typer.secho(one_line(line), fg="yellow", err=True)

    @contextmanager
    def progress(self, what: str) -> Iterator[Bar]:
        """Show a bar on standard error while something goes on; yields what moves it."""
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
        )
        console = Console(stderr=True)
        hidden = not console.is_terminal  # a bar in a log is noise
        with Progress(*columns, console=console, transient=True, disable=hidden) as bar:
            yield Bar(bar, bar.add_task(what, total=None))


class Bar:
    """Moves a progress bar: call it with what is done and of how many, as a `Progress`.

    Args:
        bar: The bar.
        task: What it shows.
    """

    def __init__(self, bar: RichProgress, task: TaskID) -> None:
        self._bar, self._task = bar, task

    def __call__(self, done: int, total: int) -> None:
        """Show how much is done."""
        self._bar.update(self._task, completed=done, total=total)

    def describe(self, what: str) -> None:
        """Show other words before the bar."""
        self._bar.update(self._task, description=what)


class _Visible:
    """Something to print, with the control characters of the texts in it written out."""

    def __init__(self, part: RenderableType) -> None:
        self._part = part

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.segment import Segment

        part = self._part
        if isinstance(part, str):
            part = console.render_str(part)
        for text, style, control in console.render(part, options):
            yield Segment(text if control else visible(text), style, control)


def _finite(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(name): _finite(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return value


def write_file(file: Path, text: str, option: str) -> None:
    """Write a file that an option named.

    Raises:
        InvalidInputError: It cannot be written.
    """
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InvalidInputError(
            f"{option} must name a file that can be written, in a folder that is there, got "
            f"{str(file)!r}: {error.strerror}"
        ) from error


def confidence_line(recall: Recall) -> Text:
    """Say how sure the memory is."""
    from rich.text import Text

    sure = recall.confidence
    colour = "green" if sure >= _SURE else "red" if sure < _UNSURE else "yellow"
    return Text.assemble("confidence ", (f"{sure:.2f}", colour))


def hits_view(hits: Sequence[Hit], known: Mapping[str, Memory] | None = None) -> Group:
    """Show hits one below the other; `known` gives the memories that a path passes."""
    from rich.console import Group
    from rich.padding import Padding
    from rich.text import Text

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
    return " · ".join(one_line(str(part)) for part in (who, when, place, memory.id[:12]) if part)


def excerpt(hit: Hit) -> Text:
    """Return the part of a memory around the cue that fired, with the cue in bold."""
    from rich.text import Text

    text, cue = one_line(hit.text), one_line(hit.cue.text)
    at = text.find(cue) if cue != text else -1
    start = max(0, at - _BEFORE) if at > 0 else 0
    end = min(len(text), max(start + _SHOWN, at + min(len(cue), _SHOWN)))
    shown = Text(text[start:end])
    if at >= 0:
        shown.stylize("bold", at - start, at - start + len(cue))
    return Text.assemble("…" if start else "", shown, "…" if end < len(text) else "")


def cue_line(hit: Hit) -> Text:
    """Say which cue fired, and in which words where the memory's own do not show it."""
    from rich.text import Text

    line = Text(f"{one_line(hit.cue.kind)} cue, similarity {hit.similarity:.2f}", style="dim")
    if hit.cue.kind not in {"turn", "sentence", "segment"}:
        line.append(f": {one_line(hit.cue.text, 100)}")
    return line


def path_lines(path: Sequence[Hop], known: Mapping[str, Memory]) -> list[Text]:
    """Show an associative path, a line for each hop."""
    from rich.text import Text

    lines = []
    for hop in path:
        source = "the question" if hop.source is None else _short(known.get(hop.source), hop.source)
        lines.append(
            Text.assemble(
                ("↳ ", "magenta"),
                (source, "dim"),
                (f" —{one_line(hop.link or hop.kind)}→ ", "magenta"),
                (_short(known.get(hop.target), hop.target), "dim"),
                (f"  ({hop.kind}, {hop.weight:.2f})", "dim"),
            )
        )
    return lines


def _short(memory: Memory | None, id_: str) -> str:
    return one_line(id_[:12]) if memory is None else f"“{one_line(memory.text, 48)}”"
