"""Result files: what a benchmark measured, with the command that measured it.

Every figure in the documents comes from a file `benchmarks/results/NAME.json`, which a command of
this repository wrote. `scripts/make_tables.py` turns the files into the documents' tables. A result
file holds one table:

    {
      "name": "longmemeval",                     the file's name without .json
      "command": "nuonuo bench longmemeval DATA",  run it to make the figures again
      "version": "0.1.0",                        of nuonuo-memory
      "machine": "2-core CPU",                   in words; no host names, no paths
      "date": "2026-01-31",                      ISO, the day of the run
      "columns": ["LongMemEval-S, %", "the memory", "BM25"],
      "rows": [["turn any@5", 95.5, 85.1], ["turn all@10", 91.9, 75.7]],
      "best": "highest",                         optional: set the best number of a row in bold
      "note": "239 questions of the development half"   optional: one line of plain text
    }

The first cell of a row is its label, unique within the file. Other cells are numbers, texts or null
(not measured). A float is printed as it is written, so round it before you save it: 95.5, not
95.4812. An integer is printed with commas between thousands. A text is printed unchanged.

A benchmark ends with

    save(Result("engine", "python benchmarks/engine.py", columns, rows))

which fills in version, machine and date.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

RESULTS = Path(__file__).parent / "results"

Cell = str | int | float | None


def _version() -> str:
    from nuonuo_memory import __version__

    return __version__


def machine() -> str:
    """This machine in words: the GPU where there is one, and the number of CPU cores."""
    import torch

    cores = os.cpu_count() or 1
    if torch.cuda.is_available():
        return f"one {torch.cuda.get_device_name()}, {cores} CPU cores"
    return f"{cores}-core CPU"


@dataclass(frozen=True, slots=True)
class Result:
    """One table of figures and where it comes from; the fields are those of the file."""

    name: str
    command: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    version: str = field(default_factory=_version)
    machine: str = field(default_factory=machine)
    date: str = field(default_factory=lambda: datetime.now(UTC).date().isoformat())
    best: str | None = None
    note: str | None = None

    def __post_init__(self) -> None:
        labels = [row[0] for row in self.rows]
        if not self.rows or len(self.columns) < 2:
            raise ValueError(f"{self.name}: a result needs a row and two columns at least")
        if len(set(labels)) != len(labels):
            raise ValueError(f"{self.name}: two rows have the same label")
        wrong = [row[0] for row in self.rows if len(row) != len(self.columns)]
        if wrong:
            raise ValueError(f"{self.name}: {wrong[0]!r} has not {len(self.columns)} cells")
        if self.best not in (None, "highest", "lowest"):
            raise ValueError(f"{self.name}: best is 'highest' or 'lowest', not {self.best!r}")
        date.fromisoformat(self.date)


def save(result: Result, folder: Path = RESULTS) -> Path:
    """Write a result file, one row of the table on a line, and return its path."""
    values = {name: value for name, value in asdict(result).items() if value is not None}
    order = ("name", "command", "version", "machine", "date", "best", "note", "columns")
    lines = [f"  {json.dumps(key)}: {_line(values[key])}" for key in order if key in values]
    rows = ",\n".join(f"    {_line(row)}" for row in values["rows"])
    path = folder / f"{result.name}.json"
    folder.mkdir(parents=True, exist_ok=True)
    head = ",\n".join(lines)
    path.write_text(f'{{\n{head},\n  "rows": [\n{rows}\n  ]\n}}\n', encoding="utf-8")
    return path


def load(path: Path) -> Result:
    """Read a result file.

    Raises:
        ValueError: The file is no result, or its name is not that of the result.
    """
    values = json.loads(path.read_text(encoding="utf-8"))
    missing = {"name", "command", "version", "machine", "date", "columns", "rows"} - values.keys()
    if missing:
        raise ValueError(f"{path.name}: no {', '.join(sorted(missing))}")
    result = Result(**values)
    if result.name != path.stem:
        raise ValueError(f"{path.name} calls itself {result.name!r}")
    return result


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
