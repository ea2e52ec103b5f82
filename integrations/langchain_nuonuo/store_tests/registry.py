"""The cases of the suite, registered as they are defined."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from langchain_nuonuo.store_tests.driver import Driver

Level = Literal["documented", "expected"]
Capability = Literal["base", "semantic", "ttl"]
Check = Callable[["Driver"], Awaitable[None]]


class ConformanceError(AssertionError):
    """A store did something other than the case says."""


@dataclass(frozen=True, slots=True)
class Case:
    """One thing that a store should do.

    Attributes:
        name: What is checked, unique in the suite.
        level: `documented` where LangGraph's docstrings say so, else `expected`.
        needs: The capability without which the case is skipped.
        says: The documented sentence, or the reason to expect it.
        check: The coroutine function that checks it; it raises `ConformanceError`.
        options: Keywords for the store factory.
        modes: Where it applies: sync calls, async calls or both.
    """

    name: str
    level: Level
    needs: Capability
    says: str
    check: Check
    options: tuple[tuple[str, Any], ...] = ()
    modes: tuple[str, ...] = ("sync", "async")


CASES: list[Case] = []
"""Every case, in the order of the modules that define them."""


def case(
    *,
    level: Level = "documented",
    needs: Capability = "base",
    modes: tuple[str, ...] = ("sync", "async"),
    **options: Any,  # noqa: ANN401 - passed on
) -> Callable[[Check], Check]:
    """Register the decorated coroutine function as a case named after it.

    Its docstring is what the case says. `options` are keywords for the store factory, beside
    `fields` and `embed`, which go into the index configuration.
    """

    def register(check: Check) -> Check:
        name = getattr(check, "__name__", repr(check))
        says = check.__doc__ or ""
        CASES.append(Case(name, level, needs, says, check, tuple(options.items()), modes))
        return check

    return register


def expect(actual: object, expected: object, what: str) -> None:
    """Raise `ConformanceError` unless `actual == expected`."""
    if actual != expected:
        raise ConformanceError(f"{what}: expected {expected!r}, got {actual!r}")


def require(condition: object, what: str) -> None:
    """Raise `ConformanceError` unless `condition` holds."""
    if not condition:
        raise ConformanceError(what)
