"""Async twins: the same calls, run in a few threads so that the event loop goes on.

Each twin takes what its sync method takes and returns the same. Threads are few on purpose: the
work is bound by the processor, and every further thread that waits for the interpreter delays the
loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

WORKERS = 2
"""Enough to overlap one call's wait for the disk with another's arithmetic."""


class AsyncRunner:
    """Runs sync calls in threads of its own, started when first needed."""

    def __init__(self) -> None:
        self._threads: ThreadPoolExecutor | None = None

    async def run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what `call` returns, without holding the event loop."""
        if self._threads is None:
            self._threads = ThreadPoolExecutor(WORKERS, thread_name_prefix="nuonuo")
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, partial(call, *args, **kwargs))

    def close(self) -> None:
        """Wait for running calls and end the threads."""
        if self._threads is not None:
            self._threads.shutdown(wait=True)
            self._threads = None
