"""The conformance suite itself: LangGraph's own stores, and stores that are wrong on purpose."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import pytest
from langgraph.store.base import BaseStore, GetOp, Op, PutOp, Result, SearchOp
from langgraph.store.memory import InMemoryStore

from langgraph_store_conformance import CASES, ConformanceError, StoreFactory, validate
from langgraph_store_conformance.suite import StoreConformanceTests

IN_MEMORY_DIFFERS = frozenset(
    {
        "a_boolean_is_not_a_number",
        "a_missing_field_is_no_error",
        "a_returned_item_is_a_copy",
        "a_value_is_copied_when_put",
        "an_emptied_namespace_is_gone",
        "an_update_drops_old_fields",
        "index_false_removes_the_old_vector",
        "operators_compare_strings",
    }
)


class TestInMemoryStore(StoreConformanceTests):
    """LangGraph's in-memory store passes all but what docs/langgraph-store-conformance.md lists."""

    differs: ClassVar[frozenset[str]] = IN_MEMORY_DIFFERS
    fails_documented: ClassVar[frozenset[str]] = frozenset({"update_keeps_created_at"})

    @pytest.fixture
    def store_factory(self, request: pytest.FixtureRequest) -> StoreFactory:
        case = request.node.callspec.params["case"]
        if case.name in self.fails_documented:
            pytest.skip("known to fail in this store, see the list of differences")
        return InMemoryStore


def test_the_report_of_the_in_memory_store() -> None:
    report = validate(InMemoryStore)
    assert {outcome.case.name for outcome in report.failures("expected")} == IN_MEMORY_DIFFERS
    assert {outcome.case.name for outcome in report.failures("documented")} == {
        "update_keeps_created_at"
    }
    assert not report.conforms
    with pytest.raises(ConformanceError, match="update_keeps_created_at"):
        report.raise_if_failed()
    skipped = {outcome.case.needs for outcome in report.outcomes if outcome.status == "skipped"}
    assert "ttl" in skipped


def test_the_sqlite_store_without_vectors() -> None:
    sqlite = pytest.importorskip("langgraph.store.sqlite")

    def factory(index: Any = None, ttl: Any = None) -> Any:
        if index is not None:
            raise NotImplementedError("vectors need an SQLite that loads extensions")
        if ttl is not None:
            raise NotImplementedError("its whole seconds would make this test slow")
        return sqlite.SqliteStore.from_conn_string(":memory:")

    report = validate(factory, modes=["sync"])
    assert {outcome.case.name for outcome in report.failures()} == {
        "a_boolean_is_not_a_number",
        "a_missing_field_is_no_error",
        "equality_of_lists_and_mappings",
        "filter_keys_may_be_any_string",
        "update_keeps_created_at",
    }


def test_cases_are_named_once_and_explained() -> None:
    names = [case.name for case in CASES]
    assert len(names) == len(set(names)) > 90
    for case in CASES:
        assert case.says
        assert case.level in ("documented", "expected")


class _Wrong(BaseStore):
    """Passes everything to an in-memory store, but for one fault."""

    def __init__(self, fault: str, **options: Any) -> None:
        self.fault = fault
        self.store = InMemoryStore(**options)

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        ops = [self._changed(op) for op in ops]
        results = self.store.batch(ops)
        return results[::-1] if self.fault == "order" else results

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        return self.batch(ops)

    def _changed(self, op: Op) -> Op:
        match self.fault, op:
            case "offset", SearchOp():
                return op._replace(offset=0)
            case "prefix", SearchOp():
                return op._replace(namespace_prefix=op.namespace_prefix[:1])
            case "filter", SearchOp():
                return op._replace(filter=None)
            case "delete", PutOp(value=None):
                return GetOp(op.namespace, op.key)
            case "case", PutOp():
                return op._replace(key=op.key.lower())
        return op


CAUGHT = {
    "order": "results_keep_the_order_of_operations",
    "offset": "pages_neither_overlap_nor_miss",
    "prefix": "a_prefix_finds_itself_and_what_is_below",
    "filter": "every_operator_compares_numbers",
    "delete": "delete_removes_one_item",
    "case": "keys_are_case_sensitive",
}


@pytest.mark.parametrize("fault", CAUGHT)
def test_faults_are_caught(fault: str) -> None:
    @contextmanager
    def factory(**options: Any) -> Iterator[BaseStore]:
        yield _Wrong(fault, **options)

    for mode in ("sync", "async"):
        report = validate(factory, modes=[mode], ttl_seconds=0.01)
        failed = {outcome.case.name for outcome in report.failures()}
        assert CAUGHT[fault] in failed
        assert CAUGHT[fault] in str(report)


def test_factories_of_the_wrong_kind_are_named() -> None:
    report = validate(lambda **options: object(), modes=["sync"])
    assert report.count("passed") == 0
    assert "must return a BaseStore" in report.outcomes[0].detail
