"""Benchmarks with their official scoring, and the baselines that a memory is compared with."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nuonuo_memory.evaluation.result import BenchResult
    from nuonuo_memory.evaluation.running import BENCHMARKS, run
    from nuonuo_memory.evaluation.settings import BenchSettings

__all__ = ["BENCHMARKS", "BenchResult", "BenchSettings", "run"]

_HOME = {"BENCHMARKS": "running", "BenchResult": "result", "BenchSettings": "settings"}


def __getattr__(name: str) -> object:
    """Import a name when it is first asked for: a program's help needs none of them."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME.get(name, 'running')}"), name)
