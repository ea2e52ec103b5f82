"""A table of figures as a file, from which documents are made."""

from __future__ import annotations

import json
import math
import os
import platform
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nuonuo_memory._version import __version__
from nuonuo_memory.evaluation.result import commit

Cell = str | int | float | None


@dataclass(frozen=True, slots=True)
class Table:
    """Figures in rows, with what made them.

    Attributes:
        name: What is measured, also the file's name without its ending.
        columns: Headings, as many as each row has cells.
        rows: Texts and numbers; `None` where there is no figure.
        command: The command that makes the table again.
        notes: What a reader must know beside the figures, by name.
    """

    name: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    command: str
    notes: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Return the stable JSON shape; NaN, which JSON lacks, becomes null."""
        return {
            "name": self.name,
            "command": self.command,
            "version": f"{__version__} ({commit()})",
            "machine": machine(),
            "date": datetime.now(UTC).date().isoformat(),
            "notes": dict(self.notes),
            "columns": list(self.columns),
            "rows": [[_finite(cell) for cell in row] for row in self.rows],
        }

    def save(self, path: str | Path) -> None:
        """Write the table as JSON, a row on each line; folders are made where they are missing."""
        head = self.to_dict()
        rows = ",\n  ".join(json.dumps(row, ensure_ascii=False) for row in head.pop("rows"))
        text = json.dumps(head, ensure_ascii=False, indent=1)
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(f'{text[:-2]},\n "rows": [\n  {rows}\n ]\n}}\n', encoding="utf-8")

    def markdown(self) -> str:
        """Return the table in Markdown."""
        lines = [self.columns, ["---"] * len(self.columns), *self.rows]
        return "".join(f"| {' | '.join(map(shown, line))} |\n" for line in lines)


def table(
    name: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    *,
    command: str | None = None,
    **notes: object,
) -> Table:
    """Make a table of this process's figures.

    Args:
        name: What is measured.
        columns: Headings.
        rows: As many cells each as there are headings.
        command: What makes the table again; the running program's own command when `None`.
        notes: What a reader must know beside the figures.
    """
    return Table(name, columns, rows, command or this_command(), notes)


def this_command() -> str:
    """Return the running program's command, without the options that say where files go."""
    program = Path(sys.argv[0])
    if program.suffix != ".py":
        words = [program.name]
    else:
        inside = program.resolve()
        root = Path(__file__).resolve().parents[2]
        shown_as = inside.relative_to(root) if inside.is_relative_to(root) else Path(program.name)
        words = ["python", shown_as.as_posix()]
    given = iter(sys.argv[1:])
    for word in given:
        if word in _FILES:
            next(given, None)
        elif word.partition("=")[0] not in _FILES:
            words.append(Path(word).name if os.sep in word else word)
    return shlex.join(words)


_FILES = ("--save", "--json", "--out", "--svg", "--weights", "--environments", "--cache")
"""Options whose value is a path that says nothing about what is measured."""


def machine() -> str:
    """Return the processor, how many of them, and the GPU if there is one."""
    import torch

    parts = [f"{_processor()}, {os.cpu_count()} cores, torch {torch.__version__}"]
    if torch.cuda.is_available():
        parts.append(torch.cuda.get_device_name())
    return ", ".join(parts)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.machine()


def shown(cell: Cell) -> str:
    """Return a cell as people read it: three figures of a number below 100, none below a point."""
    if cell is None or (isinstance(cell, float) and not math.isfinite(cell)):
        return "–"
    if isinstance(cell, float):
        return f"{cell:,.0f}" if abs(cell) >= 100 else f"{cell:.3g}"
    return f"{cell:,}" if isinstance(cell, int) else cell


def _finite(cell: Cell) -> Cell:
    if isinstance(cell, float):
        return round(cell, 4) if math.isfinite(cell) else None
    return cell
