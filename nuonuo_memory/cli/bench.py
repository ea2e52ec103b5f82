"""The command `nuonuo bench`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nuonuo_memory.cli.encoder import encoder_named
from nuonuo_memory.cli.options import Device, Download, Json

if TYPE_CHECKING:
    from rich.console import Console

    from nuonuo_memory.evaluation.result import BenchResult
    from nuonuo_memory.evaluation.scoring import Bin
    from nuonuo_memory.evaluation.vectors import Progress

_BAR = 40
_LEFT_OUT = ("by_category", "session_all_questions", "ndcg")
"""What people are not shown; the JSON holds it."""


def bench(
    name: Annotated[
        str,
        typer.Argument(
            help="longmemeval, longmemeval-whole, locomo, languages, pararel or multihop; "
            "multihop-triples, multihop-entities or multihop-triples-and-rules by a language "
            "model's links."
        ),
    ],
    data: Annotated[Path, typer.Argument(help="The official file, or a folder of the data.")],
    *,
    limit: Annotated[int | None, typer.Option("--limit", help="The first questions only.")] = None,
    encoder: Annotated[
        str | None,
        typer.Option(
            "--encoder",
            help="minilm, multilingual, hashing, or a sentence-transformers model; else minilm.",
        ),
    ] = None,
    download: Download = False,
    device: Device = None,
    jobs: Annotated[int, typer.Option("--jobs", help="Processes that ask.")] = 1,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write one JSON line per question here.")
    ] = None,
    save: Annotated[
        Path | None,
        typer.Option("--save", help="Write the table as a result file (.json) here."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure recall on a published benchmark, beside simple baselines."""
    from rich.console import Console

    from nuonuo_memory.core import pick_device
    from nuonuo_memory.encoders.minilm import load_minilm
    from nuonuo_memory.evaluation.figures import figures
    from nuonuo_memory.evaluation.result_file import save as save_file
    from nuonuo_memory.evaluation.running import run
    from nuonuo_memory.evaluation.settings import BenchSettings

    where = str(pick_device(device))
    with bars() as progress:
        chosen = encoder_named(encoder, where, download=download) or load_minilm(device=where)
        settings = BenchSettings(chosen, where, limit=limit, jobs=jobs, progress=progress)
        result = run(name, data, settings)
    if out is not None:
        result.write_rows(out)
    if save is not None:
        save_file(figures(result), save)
    if as_json:
        typer.echo(result.to_json())
    else:
        show(result, Console())


def show(result: BenchResult, console: Console) -> None:
    """Print a result as tables, and the reliability diagram where there is one."""
    from rich.table import Table

    console.print(
        f"{result.benchmark}: {result.questions} questions, {result.encoder}, "
        f"{result.device}, {result.commit}"
    )
    figures, spread = _columns(result.sections), _columns(result.spread)
    table = Table("measure", *figures)
    for measure in dict.fromkeys(one for scores in figures.values() for one in scores):
        cells = (
            _number(scores.get(measure), spread.get(name, {}).get(measure))
            for name, scores in figures.items()
        )
        table.add_row(measure, *cells)
    console.print(table)
    if result.spread:
        console.print(f"±: {result.spread_is}", markup=False)
    if result.reliability:
        console.print(diagram(result.reliability), markup=False)


def _columns(sections: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """Figures by system and measure; those of the baselines become systems of their own."""
    columns: dict[str, Mapping[str, Any]] = {}
    for name, scores in sections.items():
        if name == "baselines":
            columns |= scores
        else:
            columns[name] = scores
    return {name: dict(_flat(scores)) for name, scores in columns.items()}


def diagram(bars: Sequence[Bin]) -> str:
    """Draw a reliability diagram: how often answers of each confidence were right."""
    lines = ["confidence  answers  right"]
    for bar in bars:
        filled = "█" * round(_BAR * bar.accuracy)
        wanted = min(round(_BAR * bar.confidence), _BAR - 1)
        drawn = filled.ljust(_BAR, "·")
        drawn = f"{drawn[:wanted]}|{drawn[wanted + 1 :]}"
        lines.append(
            f"{bar.low:.1f} - {bar.high:.1f}  {bar.answers:7d}  {drawn} {bar.accuracy:.2f}"
        )
    return "\n".join(lines)


def _flat(scores: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, float]]:
    for name, value in scores.items():
        if name.startswith(_LEFT_OUT):
            continue
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name} ")
        else:
            yield f"{before}{name}", value


def _number(value: float | None, spread: float | None) -> str:
    if value is None:
        return ""
    return f"{value:g}" if spread is None or math.isnan(spread) else f"{value:g} ± {spread:.2g}"


@contextmanager
def bars() -> Iterator[Progress]:
    """Show bars on standard error, and none where that is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Bars(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        tasks: dict[str, Any] = {}

        def report(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what)
            bars.update(tasks[what], completed=done, total=total)

        yield report
