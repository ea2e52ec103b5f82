"""A conformance suite for LangGraph stores: any `BaseStore`, in a few lines.

As a function, which returns a report::

    from langgraph_store_conformance import validate

    report = validate(lambda **options: MyStore(**options))
    report.raise_if_failed()

or as tests, one per case and mode (needs pytest)::

    from langgraph_store_conformance.suite import StoreConformanceTests

    class TestMyStore(StoreConformanceTests):
        @pytest.fixture
        def store_factory(self):
            return lambda **options: MyStore(**options)

The factory is called for every case with the keywords that the case needs: `index` (an
`IndexConfig`) for semantic search and `ttl` (a `TTLConfig`) for expiry, else with none. It returns
an **empty** store, or a context manager (sync or async) that gives one. What a store cannot do is
detected (the factory does not take the keyword or raises `NotImplementedError`; the store has no
`supports_ttl`), and the cases that need it are reported as skipped.

Each case says where it comes from. `documented` cases follow from the docstrings of
`langgraph.store.base`; a store that fails one is wrong. `expected` cases are what the reference
stores do, or what a careful reader expects, where the documents are silent; a store that fails
one differs, and the report lists it.
"""

from __future__ import annotations

from langgraph_store_conformance.driver import Driver, StoreFactory
from langgraph_store_conformance.registry import CASES, Case, ConformanceError
from langgraph_store_conformance.runner import Outcome, Report, validate

__all__ = [
    "CASES",
    "Case",
    "ConformanceError",
    "Driver",
    "Outcome",
    "Report",
    "StoreFactory",
    "validate",
]
