"""Rewrite the documents' tables from the result files in `benchmarks/results/`.

    python scripts/make_tables.py            rewrite README.md and docs/**/*.md
    python scripts/make_tables.py --check    change nothing; exit code 1 if a table is out of date

A table stands between two comments of a Markdown file; what is between them is replaced:

    <!-- table: longmemeval -->
    <!-- end -->

The name is that of the result file (its form is described in `benchmarks/result_files.py`). A
document may take some of the rows and columns, by their labels with `;` between them, and in that
order; the first column is always there:

    <!-- table: longmemeval | rows: turn any@5; turn all@10 | columns: the memory; BM25 -->
    <!-- end -->

Below each table stands the command that made it, with version, machine and date. `| plain` leaves
that line out, where several tables of one run follow each other.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))

from result_files import Cell, Result, load  # noqa: E402

MARKED = re.compile(r"(<!-- table: (?P<what>[^>]*?) -->\n)(?P<body>.*?)(<!-- end -->)", re.DOTALL)


def documents(root: Path = ROOT) -> list[Path]:
    """The files that may hold tables."""
    return [root / "README.md", *sorted((root / "docs").rglob("*.md"))]


def shown(cell: Cell) -> str:
    """A cell as the documents print it."""
    if cell is None:
        return "–"
    return f"{cell:,}" if isinstance(cell, int) else str(cell)


def selected(result: Result, rows: Sequence[str], columns: Sequence[str]) -> Result:
    """The part of a result that a document asks for.

    Raises:
        ValueError: The result has no such row or column.
    """
    by_label = {str(row[0]): row for row in result.rows}
    unknown = [name for name in rows if name not in by_label]
    unknown += [name for name in columns if name not in result.columns]
    if unknown:
        raise ValueError(f"{result.name} has no row or column {unknown[0]!r}")
    kept = [by_label[label] for label in rows] if rows else list(result.rows)
    places = [0, *map(list(result.columns).index, columns)] if columns else range(len(kept[0]))
    return replace(
        result,
        columns=[result.columns[place] for place in places],
        rows=[[row[place] for place in places] for row in kept],
    )


def in_bold(row: Sequence[Cell], best: str | None) -> list[str]:
    """The cells of a row, with the best number in bold."""
    numbers = [cell for cell in row[1:] if isinstance(cell, int | float)]
    if best is None or len(numbers) < 2:
        return [shown(cell) for cell in row]
    winner = max(numbers) if best == "highest" else min(numbers)
    marked = (f"**{shown(cell)}**" if cell == winner else shown(cell) for cell in row[1:])
    return [shown(row[0]), *marked]


def table(result: Result, *, plain: bool = False) -> str:
    """A result as a table in Markdown, with its origin below."""
    lines = [f"| {' | '.join(result.columns)} |", "|---" * len(result.columns) + "|"]
    lines += [f"| {' | '.join(in_bold(row, result.best))} |" for row in result.rows]
    if not plain:
        origin = f"`{result.command}`, version {result.version}, {result.machine}, {result.date}"
        lines += ["", f"*{result.note}. {origin}.*" if result.note else f"*{origin}.*"]
    return "\n".join(lines) + "\n"


def rewritten(text: str, folder: Path) -> str:
    """A document with every marked table made anew from the files of `folder`."""

    def made(match: re.Match[str]) -> str:
        name, *options = [part.strip() for part in match["what"].split(" | ")]
        wanted = dict(option.partition(":")[::2] for option in options)
        if unknown := wanted.keys() - {"rows", "columns", "plain"}:
            raise ValueError(f"table {name}: {min(unknown)!r} is no option")
        rows, columns = (
            [label.strip() for label in wanted.get(key, "").split(";") if label.strip()]
            for key in ("rows", "columns")
        )
        result = selected(load(folder / f"{name}.json"), rows, columns)
        return match[1] + table(result, plain="plain" in wanted) + match[4]

    return MARKED.sub(made, text)


def main(arguments: Sequence[str]) -> int:
    """Rewrite the documents, or check them; returns the exit code."""
    stale = []
    for path in documents():
        text = path.read_text(encoding="utf-8")
        new = rewritten(text, ROOT / "benchmarks" / "results")
        if new != text:
            stale.append(path.relative_to(ROOT))
            if "--check" not in arguments:
                path.write_text(new, encoding="utf-8")
    for name in stale:
        sys.stdout.write(f"{'out of date' if '--check' in arguments else 'rewritten'}: {name}\n")
    return int("--check" in arguments and bool(stale))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
