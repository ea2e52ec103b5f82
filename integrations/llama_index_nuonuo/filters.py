"""LlamaIndex's metadata filters as `where` filters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llama_index.core.vector_stores.types import (
    FilterCondition,
    FilterOperator,
    MetadataFilter,
    MetadataFilters,
)

from llama_index_nuonuo.nodes import EMPTY_KEY, OWN_FIELDS, OWN_PREFIX
from nuonuo_memory.errors import FilterError

Where = dict[str, Any]

_COMPARISONS = {
    FilterOperator.EQ: "$eq",
    FilterOperator.GT: "$gt",
    FilterOperator.GTE: "$gte",
    FilterOperator.LT: "$lt",
    FilterOperator.LTE: "$lte",
    FilterOperator.IN: "$in",
    FilterOperator.CONTAINS: "$contains",
    FilterOperator.TEXT_MATCH: "$contains",
    FilterOperator.TEXT_MATCH_INSENSITIVE: "$icontains",
}
_NEGATIONS = {FilterOperator.NE: "$eq", FilterOperator.NIN: "$in"}
_LISTS = {FilterOperator.ANY: "$or", FilterOperator.ALL: "$and"}


def where_of(filters: MetadataFilters | None) -> Where | None:
    """Return the `where` filter that means the same; `None` when nothing is asked for.

    All operators and conditions, nested to any depth. As in LlamaIndex's own store, a missing
    key satisfies `!=`, `nin` and `is_empty` and nothing else; unlike there, comparing values of
    two types is false and raises nothing.

    Raises:
        FilterError: An operator got a value that it cannot use.
    """
    if filters is None or not filters.filters:
        return None
    parts = [
        where_of(one) or {} if isinstance(one, MetadataFilters) else _where_of_one(one)
        for one in filters.filters
    ]
    if filters.condition is FilterCondition.OR:
        return {"$or": parts}
    if filters.condition is FilterCondition.NOT:
        return {"$not": {"$or": parts}}
    return parts[0] if len(parts) == 1 else {"$and": parts}


def both(*filters: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Return the filter that holds when all of the given ones hold."""
    asked = [one for one in filters if one is not None]
    if len(asked) <= 1:
        return asked[0] if asked else None
    return {"$and": asked}


def every(*filters: MetadataFilters | None) -> MetadataFilters | None:
    """Return the metadata filters that hold when all of the given ones hold."""
    asked = [one for one in filters if one is not None and one.filters]
    if len(asked) <= 1:
        return asked[0] if asked else None
    return MetadataFilters(filters=list(asked), condition=FilterCondition.AND)


def _where_of_one(one: MetadataFilter) -> Where:
    operator, value = one.operator, one.value
    if operator is FilterOperator.IS_EMPTY:
        nothing = [_test(one.key, "$eq", None), _test(one.key, "$eq", "")]
        absent = {"$not": _test(one.key, "$exists", True)}
        return {"$or": [absent, *nothing, {EMPTY_KEY: {"$contains": one.key}}]}
    if operator in {FilterOperator.IN, FilterOperator.NIN, *_LISTS}:
        _require_list(one)
    if value is None:  # nothing equals or contains an absent value
        never = _test(one.key, "$in", [])
        return {"$not": never} if operator in _NEGATIONS else never
    if operator in _NEGATIONS:
        return {"$not": _test(one.key, _NEGATIONS[operator], value)}
    if operator in _LISTS:
        values: list[Any] = value if isinstance(value, list) else [value]
        parts = [_test(one.key, "$contains", each) for each in values]
        return {_LISTS[operator]: parts} if parts else _of_no_values(operator)
    return _test(one.key, _COMPARISONS[operator], value)


def _test(key: str, operator: str, value: object) -> Where:
    """One test; where a name is also a field of the memory's own, of the node's metadata too."""
    test = {key: {operator: value}}
    if key not in OWN_FIELDS:
        return test
    return {"$or": [test, {OWN_PREFIX + key: {operator: value}}]}


def _of_no_values(operator: FilterOperator) -> Where:
    """Any of nothing is false, all of nothing true."""
    return {} if operator is FilterOperator.ALL else {"$not": {}}


def _require_list(one: MetadataFilter) -> None:
    if not isinstance(one.value, list):
        raise FilterError(
            f"the operator {one.operator.value!r} on {one.key!r} compares with a list; "
            f"got {one.value!r}; wrap it in a list"
        )
