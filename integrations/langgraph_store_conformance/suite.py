"""The cases as pytest tests: subclass, give a `store_factory`, done."""

from __future__ import annotations

from typing import ClassVar

import pytest

from langgraph_store_conformance.driver import Mode, StoreFactory
from langgraph_store_conformance.registry import CASES, Case
from langgraph_store_conformance.runner import MODULES, run_case

_ALL = [
    pytest.param(case, mode, id=f"{case.name}-{mode}")
    for case in CASES
    for mode in case.modes
    if MODULES
]


class StoreConformanceTests:
    """One test per case and mode; override the fixture `store_factory`.

    Attributes:
        ttl_seconds: Time to live that the expiry cases use.
        modes: The kinds of calls that the store has.
        differs: Names of `expected` cases in which the store differs on purpose; they must fail,
            so that the list stays true.
    """

    ttl_seconds: ClassVar[float] = 1.0
    modes: ClassVar[tuple[Mode, ...]] = ("sync", "async")
    differs: ClassVar[frozenset[str]] = frozenset()

    @pytest.fixture
    def store_factory(self) -> StoreFactory:
        """The factory of the stores under test."""
        raise NotImplementedError("override the fixture store_factory")

    @pytest.mark.parametrize(("case", "mode"), _ALL)
    def test_store(self, store_factory: StoreFactory, case: Case, mode: Mode) -> None:
        """Run one case."""
        if mode not in self.modes:
            pytest.skip(f"the store has no {mode} calls")
        if case.name in self.differs:
            if case.level == "documented":
                pytest.fail(f"{case.name} is documented; a store may not differ in it")
            with pytest.raises(Exception):  # noqa: B017, PT011 - any way of differing
                run_case(store_factory, case, mode, ttl_seconds=self.ttl_seconds)
            return
        reason = run_case(store_factory, case, mode, ttl_seconds=self.ttl_seconds)
        if reason is not None:
            pytest.skip(reason)
