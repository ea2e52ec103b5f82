"""Benchmarks with their official scoring, and the baselines that a memory is compared with."""

from nuonuo_memory.evaluation.result import BenchResult
from nuonuo_memory.evaluation.running import BENCHMARKS, run
from nuonuo_memory.evaluation.settings import BenchSettings

__all__ = ["BENCHMARKS", "BenchResult", "BenchSettings", "run"]
