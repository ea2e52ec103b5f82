"""Result files: a table of figures, with the command that measured it.

Every figure in the documents comes from such a file. It holds one table:

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
"""

from __future__ import annotations

import json
import math
import os
import shlex
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path

from nuonuo_memory._version import __version__
from nuonuo_memory.errors import FormatError

Cell = str | int | float | None
_WRITES = frozenset({"--save", "--json", "--out", "--svg"})
"""Options whose value is a file to write, which a command in a result leaves out."""
_PLACES = frozenset({"--weights", "--environments"})
"""Options whose value is a folder of this machine."""


def machine() -> str:
    """Return this machine in words: the GPU where there is one, and the number of CPU cores."""
    import torch

    cores = os.cpu_count() or 1
    if torch.cuda.is_available():
        return f"one {torch.cuda.get_device_name()}, {cores} CPU cores"
    return f"{cores}-core CPU"


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


@dataclass(frozen=True, slots=True)
class Result:
    """One table of figures and where it comes from; the fields are those of the file.

    Raises:
        FormatError: The table is empty, a label stands twice, or a row has too few cells.
    """

    name: str
    command: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    version: str = __version__
    machine: str = field(default_factory=machine)
    date: str = field(default_factory=_today)
    best: str | None = None
    note: str | None = None

    def __post_init__(self) -> None:
        labels = [row[0] for row in self.rows]
        if not self.rows or len(self.columns) < 2:
            raise FormatError(f"{self.name}: a result needs a row and two columns at least")
        if len(set(labels)) != len(labels):
            raise FormatError(f"{self.name}: two rows have the same label")
        wrong = [row[0] for row in self.rows if len(row) != len(self.columns)]
        if wrong:
            raise FormatError(f"{self.name}: {wrong[0]!r} has not {len(self.columns)} cells")
        if self.best not in (None, "highest", "lowest"):
            raise FormatError(f"{self.name}: best is 'highest' or 'lowest', not {self.best!r}")
        date.fromisoformat(self.date)

    def to_json(self) -> str:
        """Return the file's text, one row of the table on a line."""
        values = {name: value for name, value in asdict(self).items() if value is not None}
        order = ("name", "command", "version", "machine", "date", "best", "note", "columns")
        lines = [f"  {json.dumps(key)}: {_line(values[key])}" for key in order if key in values]
        rows = ",\n".join(f"    {_line(row)}" for row in values["rows"])
        head = ",\n".join(lines)
        return f'{{\n{head},\n  "rows": [\n{rows}\n  ]\n}}\n'

    def markdown(self) -> str:
        """Return the table in Markdown."""
        lines = [list(self.columns), ["---"] * len(self.columns)]
        lines += [[shown(cell) for cell in row] for row in self.rows]
        return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def save(result: Result, path: str | Path) -> Path:
    """Write a result file.

    Args:
        result: The table.
        path: The file, whose name becomes that of the result; or a folder, which gets the file
            `NAME.json`. What is missing of the folders is made.
    """
    target = Path(path)
    if target.suffix == ".json":
        result = replace(result, name=target.stem)
    else:
        target /= f"{result.name}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(result.to_json(), encoding="utf-8")
    return target


def load(path: Path) -> Result:
    """Read a result file.

    Raises:
        FormatError: The file is no result, or its name is not that of the result.
    """
    values = json.loads(path.read_text(encoding="utf-8"))
    missing = {"name", "command", "version", "machine", "date", "columns", "rows"} - values.keys()
    if missing:
        raise FormatError(f"{path.name}: no {', '.join(sorted(missing))}")
    result = Result(**values)
    if result.name != path.stem:
        raise FormatError(f"{path.name} calls itself {result.name!r}")
    return result


def shown(cell: Cell) -> str:
    """Return a cell as tables print it."""
    if cell is None:
        return "–"
    return f"{cell:,}" if isinstance(cell, int) else str(cell)


def cell(value: float | None, places: int = 1) -> Cell:
    """Return a figure with so many places, and nothing of NaN."""
    return None if value is None or math.isnan(value) else round(value, places)


def rounded(value: float) -> float | int:
    """Return a figure with three significant digits, and no fewer before the point."""
    return round(value) if abs(value) >= 100 else float(f"{value:.3g}")


def this_command() -> str:
    """Return the command of the running program, as others can run it.

    What it writes is left out; paths that exist become DATA, since they differ between machines.
    """
    program = Path(sys.argv[0])
    words = [program.name] if program.suffix != ".py" else ["python", _within(program)]
    given = iter(sys.argv[1:])
    for word in given:
        option = word.partition("=")[0]
        if option in _WRITES:
            if option == word:
                next(given, None)
        elif option in _PLACES:
            words += [option, "FOLDER"]
            if option == word:
                next(given, None)
        else:
            words.append("DATA" if not word.startswith("-") and Path(word).exists() else word)
    return shlex.join(words)


def _within(program: Path) -> str:
    """The path of a script from the repository's root, or its name where it is elsewhere."""
    root = Path(__file__).resolve().parents[2]
    inside = program.resolve()
    return inside.relative_to(root).as_posix() if inside.is_relative_to(root) else program.name


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
