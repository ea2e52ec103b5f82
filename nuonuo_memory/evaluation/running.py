"""Benchmarks by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from nuonuo_memory.errors import InvalidInputError
from nuonuo_memory.evaluation.languages import run_languages
from nuonuo_memory.evaluation.locomo import run_locomo
from nuonuo_memory.evaluation.longmemeval import run_longmemeval, run_longmemeval_whole
from nuonuo_memory.evaluation.multihop import run_multihop, run_multihop_released
from nuonuo_memory.evaluation.pararel import run_pararel
from nuonuo_memory.evaluation.result import BenchResult
from nuonuo_memory.evaluation.settings import BenchSettings

Run = Callable[[str | Path, BenchSettings], BenchResult]

BENCHMARKS: dict[str, Run] = {
    "longmemeval": run_longmemeval,
    "longmemeval-whole": run_longmemeval_whole,
    "locomo": run_locomo,
    "languages": run_languages,
    "pararel": run_pararel,
    "multihop": run_multihop,
    "multihop-entities": partial(run_multihop_released, source="entities"),
    "multihop-triples": partial(run_multihop_released, source="triples"),
    "multihop-triples-and-rules": partial(run_multihop_released, source="triples-and-rules"),
}
"""What can be run, by name."""


def run(name: str, data: str | Path, settings: BenchSettings) -> BenchResult:
    """Run a benchmark.

    Args:
        name: One of `BENCHMARKS`.
        data: Its official file, or a folder laid out like the benchmark data.
        settings: The encoder, the device, how many questions.

    Raises:
        InvalidInputError: There is no benchmark of this name.
        FormatError: The data is something else.
    """
    if name not in BENCHMARKS:
        known = ", ".join(BENCHMARKS)
        raise InvalidInputError(f"a benchmark must be one of {known}, got {name!r}")
    return BENCHMARKS[name](data, settings)
