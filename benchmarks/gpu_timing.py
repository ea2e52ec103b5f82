"""Times on a GPU: by device events, and as the host sees them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import torch

_AHEAD = 400_000
"""Cycles that the GPU spins before each call, so that the host has launched all of it by then."""


def median_ms(call: Callable[[], Any], repeats: int = 100) -> float:
    """Return the median over `repeats` calls by device events, after three that warm up.

    What the host takes to launch is left out: see `host_ms` for it.
    """
    for _ in range(3):
        call()
    times = []
    for _ in range(repeats):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        torch.cuda._sleep(_AHEAD)
        start.record()
        call()
        end.record()
        times.append((start, end))
    torch.cuda.synchronize()
    return sorted(start.elapsed_time(end) for start, end in times)[repeats // 2]


def host_ms(call: Callable[[], Any], repeats: int = 50) -> float:
    """Return the median over `repeats` calls from an idle GPU to an idle GPU."""
    times = []
    for _ in range(repeats):
        torch.cuda.synchronize()
        start = time.perf_counter()
        call()
        torch.cuda.synchronize()
        times.append((time.perf_counter() - start) * 1e3)
    return sorted(times)[repeats // 2]
