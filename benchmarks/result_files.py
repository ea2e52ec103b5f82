"""Where the result files of this repository are, and how they are read and written.

The form is described in `nuonuo_memory/evaluation/result_file.py`. A benchmark ends with

    finish(Result("engine", this_command(), columns, rows), options.save)
"""

from __future__ import annotations

from pathlib import Path

from nuonuo_memory.evaluation.result_file import (
    Cell,
    Result,
    cell,
    load,
    machine,
    rounded,
    this_command,
)
from nuonuo_memory.evaluation.result_file import save as save_as

__all__ = [
    "RESULTS",
    "Cell",
    "Result",
    "cell",
    "finish",
    "load",
    "machine",
    "rounded",
    "save",
    "this_command",
]

RESULTS = Path(__file__).parent / "results"


def save(result: Result, path: Path = RESULTS) -> Path:
    """Write a result file: into the folder of the documents' results, or where `path` says."""
    return save_as(result, path)


def finish(result: Result, path: Path | None = None) -> None:
    """Print a table in Markdown, and write it where a path is given."""
    print(result.markdown())
    if path is not None:
        save(result, path)
