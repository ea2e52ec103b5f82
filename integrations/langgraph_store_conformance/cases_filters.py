"""Cases: filters of a search."""

from __future__ import annotations

from typing import Any

from langgraph_store_conformance.driver import Driver
from langgraph_store_conformance.registry import ConformanceError, case, expect

NS = ("docs",)


async def _check(
    store: Driver, values: dict[str, dict[str, Any]], wanted: list[tuple[dict[str, Any], str]]
) -> None:
    """Put the values; then each filter must find the keys spelled in its string."""
    await store.fill(NS, values)
    for condition, keys in wanted:
        found = await store.keys(NS, filter=condition, limit=50)
        expect("".join(sorted(found)), keys, f"keys found by {condition!r}")


@case()
async def equality_of_strings_and_numbers(store: Driver) -> None:
    """Filters 'support both exact matches and operator-based comparisons'."""
    values: dict[str, dict[str, Any]] = {
        "a": {"s": "x", "n": 1},
        "b": {"s": "y", "n": 2},
        "c": {"s": "x", "n": 1.5},
    }
    await _check(
        store,
        values,
        [({"s": "x"}, "ac"), ({"n": 2}, "b"), ({"n": 1.5}, "c"), ({"s": "z"}, ""), ({}, "abc")],
    )


@case()
async def several_keys_must_all_match(store: Driver) -> None:
    """'multiple conditions': all must hold."""
    values: dict[str, dict[str, Any]] = {
        "a": {"s": "x", "n": 1},
        "b": {"s": "x", "n": 2},
        "c": {"s": "y", "n": 2},
    }
    await _check(store, values, [({"s": "x", "n": 2}, "b"), ({"n": {"$gte": 2}, "s": "y"}, "c")])


@case()
async def every_operator_compares_numbers(store: Driver) -> None:
    """'$eq', '$ne', '$gt', '$gte', '$lt', '$lte'."""
    values: dict[str, dict[str, Any]] = {
        "a": {"n": 1},
        "b": {"n": 2},
        "c": {"n": 2.5},
        "d": {"n": 10},
        "e": {"n": -3},
    }
    await _check(
        store,
        values,
        [
            ({"n": {"$eq": 2}}, "b"),
            ({"n": {"$ne": 2}}, "acde"),
            ({"n": {"$gt": 2}}, "cd"),
            ({"n": {"$gte": 2}}, "bcd"),
            ({"n": {"$lt": 2}}, "ae"),
            ({"n": {"$lte": 2}}, "abe"),
            ({"n": {"$gt": 1, "$lt": 10}}, "bc"),
        ],
    )


@case()
async def eq_and_ne_of_strings_and_booleans(store: Driver) -> None:
    """'$eq' is the 'same as direct value comparison'; '$ne' its opposite."""
    values: dict[str, dict[str, Any]] = {"a": {"s": "x", "b": True}, "b": {"s": "y", "b": False}}
    await _check(
        store,
        values,
        [
            ({"s": {"$eq": "x"}}, "a"),
            ({"s": {"$ne": "x"}}, "b"),
            ({"b": True}, "a"),
            ({"b": False}, "b"),
            ({"b": {"$eq": True}}, "a"),
            ({"b": {"$ne": True}}, "b"),
        ],
    )


@case()
async def a_number_is_not_a_string(store: Driver) -> None:
    """A number is not a string that looks like it."""
    await _check(store, {"a": {"v": "1"}, "b": {"v": 1}}, [({"v": "1"}, "a"), ({"v": 1}, "b")])


@case(level="expected")
async def a_boolean_is_not_a_number(store: Driver) -> None:
    """A boolean is not a number in JSON."""
    values: dict[str, dict[str, Any]] = {
        "a": {"v": True},
        "b": {"v": 1},
        "c": {"v": False},
        "d": {"v": 0},
    }
    await _check(store, values, [({"v": True}, "a"), ({"v": 1}, "b"), ({"v": 0}, "d")])


@case(level="expected")
async def a_missing_field_is_no_error(store: Driver) -> None:
    """An item without the field is not greater or less than anything."""
    values: dict[str, dict[str, Any]] = {
        "a": {"n": 3},
        "b": {},
        "c": {"n": None},
        "d": {"n": "text"},
        "e": {"n": [1]},
    }
    await _check(
        store,
        values,
        [({"n": {"$gte": 2}}, "a"), ({"n": {"$lt": 5}}, "a"), ({"n": 3}, "a"), ({"m": 1}, "")],
    )


@case(level="expected")
async def operators_compare_strings(store: Driver) -> None:
    """Strings have an order too."""
    values: dict[str, dict[str, Any]] = {
        "a": {"day": "2025-01-31"},
        "b": {"day": "2025-02-01"},
        "c": {"day": "2025-03-01"},
    }
    await _check(
        store,
        values,
        [({"day": {"$gte": "2025-02-01"}}, "bc"), ({"day": {"$lt": "2025-02-01"}}, "a")],
    )


@case(level="expected")
async def large_and_negative_numbers(store: Driver) -> None:
    """Large numbers are compared as numbers."""
    values: dict[str, dict[str, Any]] = {
        "a": {"n": -10},
        "b": {"n": -9},
        "c": {"n": 2**40},
        "d": {"n": 9},
        "e": {"n": 1e300},
    }
    await _check(
        store,
        values,
        [({"n": {"$lt": -9}}, "a"), ({"n": {"$gt": 10}}, "ce"), ({"n": 2**40}, "c")],
    )


@case(level="expected")
async def filter_keys_may_be_any_string(store: Driver) -> None:
    """Keys 'are filterable', whatever they are called."""
    for position, key in enumerate(["with-hyphen", "with space", "ключ", "UPPER", "$cost", "a_b"]):
        await store.put((*NS, str(position)), "a", {key: 1})
        await store.put((*NS, str(position)), "b", {key: 2})
        found = await store.keys((*NS, str(position)), filter={key: 1})
        expect(found, ["a"], f"keys found by {key!r}")


@case()
async def filters_cannot_be_injected(store: Driver) -> None:
    """A filter cannot reach beyond its comparison."""
    await store.fill(NS, {"a": {"s": "x"}, "b": {"s": "y' OR '1'='1"}})
    expect(await store.keys(NS, filter={"s": "x' OR '1'='1"}), [], "a value with quotes")
    expect(await store.keys(NS, filter={"s": "y' OR '1'='1"}), ["b"], "the same as stored")
    try:
        found = await store.keys(NS, filter={"s') = 'x' OR ('1": "1"})
    except ValueError:
        found = []
    expect(found, [], "a key with quotes")
    expect(len(await store.search(NS)), 2, "items afterwards")


@case()
async def pages_hold_matching_items_only(store: Driver) -> None:
    """The filter comes before the page."""
    for n in range(20):
        await store.put(NS, f"k{n:02d}", {"even": n % 2 == 0})
    pages = [
        await store.keys(NS, filter={"even": True}, limit=4, offset=offset) for offset in (0, 4, 8)
    ]
    expect([len(page) for page in pages], [4, 4, 2], "sizes of the pages")
    expect(len({key for page in pages for key in page}), 10, "different keys")


@case(level="expected")
async def equality_of_lists_and_mappings(store: Driver) -> None:
    """As in LangGraph's in-memory store."""
    values: dict[str, dict[str, Any]] = {
        "a": {"l": [1, 2], "m": {"x": 1, "y": 2}},
        "b": {"l": [2, 1], "m": {"x": 2}},
        "c": {"l": [1], "m": {}},
    }
    await _check(store, values, [({"l": [1, 2]}, "a"), ({"m": {"x": 2}}, "b")])


@case(level="expected")
async def an_unknown_operator_is_refused(store: Driver) -> None:
    """An unknown operator is an error, not an empty answer."""
    await store.put(NS, "a", {"n": 1})
    try:
        await store.search(NS, filter={"n": {"$near": 1}})
    except ValueError:
        return
    raise ConformanceError("a filter with '$near' should raise ValueError")
