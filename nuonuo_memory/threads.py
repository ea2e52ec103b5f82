"""Sync calls as async ones: run in a few threads, so that the event loop goes on.

Threads are few on purpose where an encoder computes here: the work is bound by the processor, and
every further thread that waits for the interpreter delays the loop. An encoder behind a network is
waited for by as many threads as it takes calls at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import partial, update_wrapper
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

WORKERS = 2
"""Enough to overlap one call's wait for the disk with another's arithmetic."""


class AsyncRunner:
    """Runs sync calls in threads of its own, started when first needed.

    Args:
        workers: Most threads.
    """

    def __init__(self, workers: int = WORKERS) -> None:
        self._workers = workers
        self._threads: ThreadPoolExecutor | None = None

    async def run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what `call` returns, without holding the event loop."""
        if self._threads is None:
            self._threads = ThreadPoolExecutor(self._workers, thread_name_prefix="nuonuo")
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, partial(call, *args, **kwargs))

    def close(self) -> None:
        """Wait for running calls and end the threads."""
        if self._threads is not None:
            self._threads.shutdown(wait=True)
            self._threads = None


class HasRunner(Protocol):
    """An object whose async methods run in the threads of a runner."""

    @property
    def _runner(self) -> AsyncRunner: ...


R = TypeVar("R", bound=HasRunner)


def async_twin(
    method: Callable[Concatenate[R, P], T],
) -> Callable[Concatenate[R, P], Coroutine[Any, Any, T]]:
    """Return the async form of a method: the same parameters and result, run in a thread.

    `arecall = async_twin(recall)` in a class body makes `await memory.arecall(...)`. An override of
    the sync method in a subclass serves the async one too.
    """
    name = method.__name__

    async def twin(self: R, /, *args: P.args, **kwargs: P.kwargs) -> T:
        call: Callable[P, T] = getattr(self, name)
        return await self._runner.run(call, *args, **kwargs)

    update_wrapper(twin, method)
    twin.__name__ = f"a{name}"
    twin.__qualname__ = f"{method.__qualname__.rpartition('.')[0]}.a{name}".lstrip(".")
    twin.__doc__ = f"Async twin of `{name}`: the same arguments and result, run in a thread."
    return twin
