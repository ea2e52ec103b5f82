"""The cases of the suite, registered as they are defined."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from langchain_core.embeddings import Embeddings

if TYPE_CHECKING:
    from langgraph_store_conformance.driver import Driver

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
        fields: Paths of the texts to index, for a semantic case; the interface's default if `None`.
        embed: Makes the embedder of a semantic case; a bag of words if `None`.
        ttl: The `TTLConfig` of a case of expiry; the word `"default"` as a value stands for the
            run's time to live, in minutes.
        modes: Where it applies: sync calls, async calls or both.
    """

    name: str
    level: Level
    needs: Capability
    says: str
    check: Check
    fields: tuple[str, ...] | None = None
    embed: Callable[[], Embeddings] | None = None
    ttl: Mapping[str, object] | None = None
    modes: tuple[str, ...] = ("sync", "async")


CASES: list[Case] = []
"""Every case, in the order of the modules that define them."""


def case(
    *,
    level: Level = "documented",
    needs: Capability = "base",
    modes: tuple[str, ...] = ("sync", "async"),
    fields: Sequence[str] | None = None,
    embed: Callable[[], Embeddings] | None = None,
    ttl: Mapping[str, object] | None = None,
) -> Callable[[Check], Check]:
    """Register the decorated coroutine function as a case named after it.

    Its docstring is what the case says. The arguments are the attributes of `Case`.
    """

    def register(check: Check) -> Check:
        CASES.append(
            Case(
                name=getattr(check, "__name__", repr(check)),
                level=level,
                needs=needs,
                says=check.__doc__ or "",
                check=check,
                fields=None if fields is None else tuple(fields),
                embed=embed,
                ttl=ttl,
                modes=modes,
            )
        )
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
