"""An encoder behind a network: requests in batches, several at once, repeated when they fail."""

from __future__ import annotations

import asyncio
import inspect
import os
import random
import re
import weakref
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock, Thread
from typing import TypeAlias

import torch
from torch import Tensor

from nuonuo_memory.encoders.base import NETWORK_CALLS, unit_rows
from nuonuo_memory.errors import EncoderError, InvalidInputError

Embed: TypeAlias = Callable[[list[str]], object | Awaitable[object]]
"""From texts to their vectors in the same order: a plain function or a coroutine function."""

_FIRST_WAIT = 0.25
_LONGEST_WAIT = 8.0
_TRANSIENT = re.compile(r"Timeout|Connect|RateLimit|Unavailable")
_TRANSIENT_STATUS = frozenset((408, 409, 425, 429))


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """How much an encoder's service is asked for.

    Attributes:
        batch: Most texts in one request.
        query_batch: Most questions in one request; `batch` when `None`.
        at_once: Most requests under way at a time, over all threads.
        attempts: Most requests for one batch: 1 never repeats.
        seconds: After how long an attempt counts as failed. A coroutine is cancelled then; a plain
            function cannot be, and needs a time limit of its own.
    """

    batch: int = 64
    query_batch: int | None = None
    at_once: int = NETWORK_CALLS
    attempts: int = 4
    seconds: float = 60.0

    def __post_init__(self) -> None:
        for name in ("batch", "query_batch", "at_once", "attempts"):
            value = getattr(self, name)
            if value is not None and (not isinstance(value, int) or value < 1):
                raise InvalidInputError(f"{name} must be a whole number from 1, got {value!r}")
        if not self.seconds > 0:
            raise InvalidInputError(f"seconds must be above 0, got {self.seconds!r}")


class NetworkEncoder:
    """A function from texts to vectors that asks a service, seen as an `Encoder`.

    Texts are split into batches, and the requests of all threads run together, up to a bound.
    Coroutine functions are awaited in an event loop of the encoder's own, so that they serve sync
    calls and async ones, from any loop: give it a client that no other loop uses. Plain functions
    run in threads. A request that failed for a passing reason is repeated after a wait that
    doubles, with a random part.

    Args:
        name: What to call it; a store keeps it, to tell whose vectors it holds.
        embed: Vectors of texts to be stored.
        embed_queries: Vectors of questions; `embed` when `None`.
        dimension: Size of a vector; one request finds it out when `None`.
        limits: Sizes of batches, and bounds on requests.

    Raises:
        EncoderError: By `encode` and `encode_queries`, when a request failed for good; the
            service's own error is its cause.
    """

    def __init__(
        self,
        name: str,
        embed: Embed,
        *,
        embed_queries: Embed | None = None,
        dimension: int | None = None,
        limits: RequestLimits | None = None,
    ) -> None:
        self._name = name
        self._embed = embed
        self._embed_queries = embed_queries or embed
        self._dimension = dimension
        self._limits = limits or RequestLimits()
        self._requests = _Requests(name, self._limits)

    @property
    def name(self) -> str:
        """The name given."""
        return self._name

    @property
    def dimension(self) -> int:
        """Size of a vector."""
        if self._dimension is None:
            self._dimension = self._rows(self._embed_queries, [["dimension"]]).shape[1]
        return self._dimension

    @property
    def calls_at_once(self) -> int:
        """How many threads may wait for it."""
        return self._limits.at_once

    def encode(self, texts: Sequence[str]) -> Tensor:
        """Encode texts to be stored: float32 `[n, dimension]`, unit rows."""
        return self._vectors(self._embed, texts, self._limits.batch)

    def encode_queries(self, texts: Sequence[str]) -> Tensor:
        """Encode questions: float32 `[n, dimension]`, unit rows."""
        size = self._limits.query_batch or self._limits.batch
        return self._vectors(self._embed_queries, texts, size)

    def close(self) -> None:
        """End the event loop and the threads; a later call starts them again."""
        self._requests.close()

    def _vectors(self, embed: Embed, texts: Sequence[str], size: int) -> Tensor:
        if not texts:
            return torch.empty((0, self.dimension))
        parts = [list(texts[start : start + size]) for start in range(0, len(texts), size)]
        rows = self._rows(embed, parts)
        dimension = rows.shape[1] if self._dimension is None else self._dimension
        vectors = unit_rows(rows, expected=(len(texts), dimension), name=self._name)
        self._dimension = dimension
        return vectors

    def _rows(self, embed: Embed, batches: list[list[str]]) -> Tensor:
        parts = [
            self._tensor(answer, len(batch))
            for answer, batch in zip(self._requests.all(embed, batches), batches, strict=True)
        ]
        try:
            return torch.cat(parts)
        except RuntimeError as error:
            raise EncoderError(
                f"encoder {self._name!r} must return vectors of one length: {error}"
            ) from error

    def _tensor(self, answer: object, texts: int) -> Tensor:
        try:
            rows = torch.as_tensor(answer, dtype=torch.float32)
        except (TypeError, ValueError, RuntimeError) as error:
            raise EncoderError(
                f"encoder {self._name!r} must return lists of floats of one length, got "
                f"{type(answer).__name__}: {error}"
            ) from error
        if rows.ndim != 2 or len(rows) != texts:
            raise EncoderError(
                f"encoder {self._name!r} must return one vector for each of {texts} texts, got "
                f"an array of shape {tuple(rows.shape)}"
            )
        return rows


def is_transient(error: BaseException) -> bool:
    """Say whether a request that failed so may succeed when it is repeated.

    It may after a time-out, a lost connection, a rate limit, and HTTP status 408, 409, 425, 429 or
    500 and above, which clients give as `status_code`, or as that of `response`.
    """
    for bearer in (error, getattr(error, "response", None)):
        status = getattr(bearer, "status_code", None)
        if isinstance(status, int):
            return status in _TRANSIENT_STATUS or status >= 500
    return isinstance(error, (TimeoutError, ConnectionError)) or any(
        _TRANSIENT.search(kind.__name__) for kind in type(error).__mro__
    )


class _Requests:
    """Runs requests in an event loop of its own, started when first needed.

    After a fork the child starts one for itself, since threads do not live on in it.
    """

    def __init__(self, name: str, limits: RequestLimits) -> None:
        self._name = name
        self._limits = limits
        self._lock = Lock()
        self._service: _Service | None = None

    def all(self, embed: Embed, batches: list[list[str]]) -> list[object]:
        """Return the answer to each batch, in order, or raise the first error."""
        with self._lock:
            if self._service is not None and self._service.process != os.getpid():
                self._service.abandon()
                self._service = None
            if self._service is None:
                self._service = _Service(self._limits.at_once)
            service = self._service
        future = asyncio.run_coroutine_threadsafe(
            self._gathered(service, embed, batches), service.loop
        )
        try:
            return future.result()
        finally:
            future.cancel()  # does nothing unless the wait was interrupted

    def close(self) -> None:
        with self._lock:
            service, self._service = self._service, None
        if service is not None:
            service.close()

    async def _gathered(
        self, service: _Service, embed: Embed, batches: list[list[str]]
    ) -> list[object]:
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._asked(service, embed, batch)) for batch in batches]
        except* EncoderError as errors:
            error = errors.exceptions[0]
            raise error from error.__cause__
        return [task.result() for task in tasks]

    async def _asked(self, service: _Service, embed: Embed, batch: list[str]) -> object:
        attempt = 0
        while True:
            attempt += 1
            try:
                async with service.slots, asyncio.timeout(self._limits.seconds):
                    return await service.call(embed, batch)
            except Exception as error:  # any client may stand behind it
                if attempt == self._limits.attempts or not is_transient(error):
                    raise EncoderError(
                        f"encoder {self._name!r} failed at attempt {attempt} of "
                        f"{self._limits.attempts}: {type(error).__name__}: {error}"
                    ) from error
            longest = min(_FIRST_WAIT * 2 ** (attempt - 1), _LONGEST_WAIT)
            await asyncio.sleep(longest * random.uniform(0.5, 1.0))  # noqa: S311 - no secret


class _Service:
    """An event loop in a thread, the threads of plain functions, and the places for requests."""

    def __init__(self, at_once: int) -> None:
        self.loop = asyncio.new_event_loop()
        self.process = os.getpid()
        self.slots = asyncio.Semaphore(at_once)
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="nuonuo-encoder")
        Thread(target=_served, args=(self.loop,), name="nuonuo-encoder-loop", daemon=True).start()
        self._ended = weakref.finalize(self, _stopped, self.loop, self._threads)

    async def call(self, embed: Embed, batch: list[str]) -> object:
        """Call a plain function in a thread, and await what is a coroutine here."""
        if inspect.iscoroutinefunction(embed):
            return await embed(batch)
        answer = await self.loop.run_in_executor(self._threads, embed, batch)
        return await answer if inspect.isawaitable(answer) else answer

    def close(self) -> None:
        self._ended()

    def abandon(self) -> None:
        """Let go without stopping a loop that another process runs."""
        self._ended.detach()


def _served(loop: asyncio.AbstractEventLoop) -> None:
    try:
        loop.run_forever()
    finally:
        loop.close()


def _stopped(loop: asyncio.AbstractEventLoop, threads: ThreadPoolExecutor) -> None:
    threads.shutdown(wait=False)
    if not loop.is_closed():
        loop.call_soon_threadsafe(loop.stop)
