"""Run the cases against a store and report."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, AsyncExitStack
from dataclasses import dataclass
from typing import Any, Literal

from langgraph.store.base import BaseStore

# Imported for what they register.
from langgraph_store_conformance import (
    cases_batch,
    cases_filters,
    cases_items,
    cases_namespaces,
    cases_search,
    cases_semantic,
    cases_ttl,
)
from langgraph_store_conformance.driver import (
    DIMENSIONS,
    Driver,
    Mode,
    StoreFactory,
    WordEmbeddings,
    finish,
)
from langgraph_store_conformance.registry import CASES, Case, ConformanceError, Level

MODULES = (
    cases_items,
    cases_batch,
    cases_search,
    cases_filters,
    cases_namespaces,
    cases_semantic,
    cases_ttl,
)
"""The modules of cases, in the order of the report."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one case in one mode.

    Attributes:
        case: The case.
        mode: `sync` or `async`.
        status: `passed`, `failed` or `skipped`.
        detail: Why it failed or was skipped.
    """

    case: Case
    mode: Mode
    status: Literal["passed", "failed", "skipped"]
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """The outcomes of a run.

    Attributes:
        outcomes: One per case and mode, in the order of the suite.
    """

    outcomes: tuple[Outcome, ...]

    def failures(self, level: Level | None = None) -> list[Outcome]:
        """Failed outcomes, of one level or of both."""
        return [
            outcome
            for outcome in self.outcomes
            if outcome.status == "failed" and level in (None, outcome.case.level)
        ]

    @property
    def conforms(self) -> bool:
        """Whether every documented case passed, of those that the store's capabilities allow."""
        return not self.failures("documented")

    def count(self, status: str) -> int:
        """How many outcomes have this status."""
        return sum(outcome.status == status for outcome in self.outcomes)

    def raise_if_failed(self) -> None:
        """Raise `ConformanceError`, with the list, if a documented case failed."""
        if not self.conforms:
            raise ConformanceError(str(self))

    def __str__(self) -> str:
        passed, failed, skipped = map(self.count, ("passed", "failed", "skipped"))
        lines = [f"{passed} passed, {failed} failed, {skipped} skipped"]
        lines += [
            f"{outcome.case.name} [{outcome.mode}, {outcome.case.level}]: {outcome.detail}"
            for outcome in self.failures()
        ]
        return "\n".join(lines)


def options_of(case: Case, ttl_seconds: float) -> dict[str, Any]:
    """Keywords for the factory: `index` where the case asks for semantic search, `ttl` for expiry.

    Args:
        case: What to check.
        ttl_seconds: Time to live that stands where the case says `"default"`.
    """
    options: dict[str, Any] = {}
    if case.needs == "semantic":
        options["index"] = {"dims": DIMENSIONS, "embed": (case.embed or WordEmbeddings)()}
        if case.fields is not None:
            options["index"]["fields"] = list(case.fields)
    if case.needs == "ttl":
        config = case.ttl or {"refresh_on_read": True}
        minutes = ttl_seconds / 60
        options["ttl"] = {
            key: minutes if value == "default" else value for key, value in config.items()
        }
    return options


async def _with_store(
    factory: StoreFactory,
    options: dict[str, Any],
    use: Callable[[BaseStore], Coroutine[Any, Any, None]],
) -> None:
    async with AsyncExitStack() as stack:
        made = factory(**options)
        if isinstance(made, BaseStore):
            store = made
        elif isinstance(made, AbstractAsyncContextManager):
            store = await stack.enter_async_context(made)
        elif isinstance(made, AbstractContextManager):
            store = stack.enter_context(made)
        else:
            raise TypeError(
                "the factory must return a BaseStore or a context manager that gives one, "
                f"got {type(made).__name__}"
            )
        await use(store)


def run_case(
    factory: StoreFactory, case: Case, mode: Mode, *, ttl_seconds: float = 1.0
) -> str | None:
    """Run one case in one mode.

    Args:
        factory: Makes an empty store.
        case: What to check.
        mode: `sync` or `async`.
        ttl_seconds: Time to live that the expiry cases use; raise it for slow or coarse clocks.

    Returns:
        Why the case was skipped, or `None` if it passed.

    Raises:
        ConformanceError: The store did something else. Its own errors pass through.
    """
    skipped: list[str] = []

    async def use(store: BaseStore) -> None:
        reason = _missing(store, case)
        if reason:
            skipped.append(reason)
        else:
            await case.check(Driver(store, mode, ttl_seconds))

    options = options_of(case, ttl_seconds)
    if mode not in case.modes:
        return f"for {' and '.join(case.modes)} calls only"
    try:
        coroutine = _with_store(factory, options, use)
        finish(coroutine) if mode == "sync" else asyncio.run(coroutine)
    except NotImplementedError as error:
        if case.needs == "base":
            raise
        return f"the factory cannot ({error})"
    except TypeError as error:
        # A factory that does not know the keyword cannot have the capability.
        if case.needs != "base" and "unexpected keyword" in str(error):
            return f"the factory takes no such option ({error})"
        raise
    return skipped[0] if skipped else None


def _missing(store: BaseStore, case: Case) -> str | None:
    if case.needs == "ttl" and not store.supports_ttl:
        return "the store does not support TTL"
    if case.needs == "semantic" and not getattr(store, "index_config", True):
        return "the store ignores its index configuration"
    return None


def validate(
    factory: StoreFactory,
    *,
    modes: Sequence[Mode] = ("sync", "async"),
    ttl_seconds: float = 1.0,
    progress: Callable[[Outcome], None] | None = None,
) -> Report:
    """Run every case against the stores that a factory makes.

    Args:
        factory: Called with the keywords that a case needs (`index`, `ttl`, or none); returns an
            empty store, or a context manager that gives one.
        modes: Which calls to test; a store with one kind of calls names that one.
        ttl_seconds: Time to live that the expiry cases use. One second suits stores that keep
            whole seconds badly enough to need two; a store in memory may take 0.2.
        progress: Called after each case.

    Returns:
        The report; `report.conforms` says whether all documented cases passed.
    """
    outcomes = []
    for case in CASES:
        for mode in modes:
            outcome = _outcome(factory, case, mode, ttl_seconds)
            outcomes.append(outcome)
            if progress is not None:
                progress(outcome)
    return Report(tuple(outcomes))


def _outcome(factory: StoreFactory, case: Case, mode: Mode, ttl_seconds: float) -> Outcome:
    start = time.perf_counter()
    try:
        reason = run_case(factory, case, mode, ttl_seconds=ttl_seconds)
    except Exception as error:  # noqa: BLE001 - whatever a store raises is its result
        detail = str(error) if isinstance(error, ConformanceError) else repr(error)
        return Outcome(case, mode, "failed", detail)
    if reason is not None:
        return Outcome(case, mode, "skipped", reason)
    return Outcome(case, mode, "passed", f"{time.perf_counter() - start:.3f} s")
