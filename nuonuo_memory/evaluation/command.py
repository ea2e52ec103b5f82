"""The command `nuonuo bench`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.table import Table

if TYPE_CHECKING:
    from nuonuo_memory.evaluation.result import BenchResult
    from nuonuo_memory.evaluation.scoring import Bin
    from nuonuo_memory.evaluation.vectors import Progress

_BAR = 40
_LEFT_OUT = ("by_category", "session_all_questions", "ndcg")
"""What people are not shown; the JSON holds it."""


def register(app: typer.Typer) -> None:
    """Add the command `bench` to a program."""
    app.command("bench")(bench)


def bench(
    name: Annotated[
        str,
        typer.Argument(
            help="longmemeval, longmemeval-whole, locomo, pararel or multihop; multihop-triples, "
            "multihop-entities or multihop-triples-and-rules by a language model's links."
        ),
    ],
    data: Annotated[Path, typer.Argument(help="The official file, or a folder of the data.")],
    *,
    limit: Annotated[int | None, typer.Option("--limit", help="The first questions only.")] = None,
    device: Annotated[
        str | None, typer.Option("--device", help="cpu or cuda; a GPU where there is one.")
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", help="Processes that ask.")] = 1,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write one JSON line per question here.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else.")] = False,
) -> None:
    """Measure recall on a published benchmark, beside simple baselines."""
    from nuonuo_memory.core import pick_device
    from nuonuo_memory.encoders.minilm import load_minilm
    from nuonuo_memory.evaluation.running import run
    from nuonuo_memory.evaluation.settings import BenchSettings

    where = str(pick_device(device))
    with bars() as progress:
        encoder = load_minilm(device=where)
        settings = BenchSettings(encoder, where, limit=limit, jobs=jobs, progress=progress)
        result = run(name, data, settings)
    if out is not None:
        result.write_rows(out)
    if as_json:
        typer.echo(result.to_json())
    else:
        show(result, Console())


def show(result: BenchResult, console: Console) -> None:
    """Print a result as tables, and the reliability diagram where there is one."""
    console.print(
        f"{result.benchmark}: {result.questions} questions, {result.encoder}, "
        f"{result.device}, {result.commit}"
    )
    columns: dict[str, Mapping[str, Any]] = {}
    for name, scores in result.sections.items():
        if name == "baselines":
            columns |= scores
        else:
            columns[name] = scores
    flat = {name: dict(_flat(scores)) for name, scores in columns.items()}
    table = Table("measure", *flat)
    for measure in dict.fromkeys(one for scores in flat.values() for one in scores):
        table.add_row(measure, *(_number(scores.get(measure)) for scores in flat.values()))
    console.print(table)
    if result.reliability:
        console.print(diagram(result.reliability), markup=False)


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


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


@contextmanager
def bars() -> Iterator[Progress]:
    """Show bars on standard error, and none where that is no terminal."""
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
