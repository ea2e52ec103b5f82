"""`where` filters: SQL and plain Python give the same answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store_helpers import open_store, row
from where_oracle import matches

from nuonuo_memory.errors import FilterError
from nuonuo_memory.store.rows import Query
from nuonuo_memory.store.sqlite.store import Store

KEYS = [
    "n",
    "a.b",
    "a",
    "b",
    'quo"te',
    "hy-phen",
    "back\\slash",
    "ü🎉",
    "$",
    "it's",
    "",
    "a..b",
    "[0]",
]

texts = st.one_of(
    st.sampled_from(["", "a", "ab", "ba", "1", "true", "ß", "%", "_", "'", '"', "é", "e\u0301"]),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=4),
)
numbers = st.one_of(
    st.integers(-3, 3),
    st.sampled_from(
        [2**53, 2**53 + 1, 2**63 - 1, 2**63, -(2**63), 10**25, 0.1, 1.0, 1e300, 5e-324]
    ),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(-3, 3).map(lambda x: round(x, 1)),
)
scalars = st.one_of(st.none(), st.booleans(), numbers, texts)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS), inner, max_size=3)
    ),
    max_leaves=5,
)
records = st.builds(
    lambda metadata, role, session, turn: row(
        "x", metadata=metadata, role=role, session=session, turn=turn
    ),
    st.dictionaries(st.one_of(st.sampled_from(KEYS), texts), values, max_size=5),
    st.none() | texts,
    st.none() | texts,
    st.none() | st.integers(0, 5),
)
tests = st.one_of(
    scalars,
    st.dictionaries(st.sampled_from(["$eq", "$ne", "$contains"]), scalars, min_size=1),
    st.dictionaries(st.just("$icontains"), texts, min_size=1),
    st.dictionaries(
        st.sampled_from(["$gt", "$gte", "$lt", "$lte"]), numbers | texts, min_size=1, max_size=2
    ),
    st.dictionaries(st.sampled_from(["$in", "$nin"]), st.lists(scalars, max_size=4), min_size=1),
    st.dictionaries(st.just("$exists"), st.booleans(), min_size=1),
)
names = st.one_of(
    st.sampled_from([*KEYS, "a.b.n", "role", "session", "turn"]),
    texts.filter(lambda text: not text.startswith("$")),
).filter(lambda name: not name.startswith("$"))
plain = st.dictionaries(names, tests, max_size=2)
wheres = st.recursive(
    plain,
    lambda inner: st.one_of(
        st.builds(lambda part: {"$not": part}, inner),
        st.builds(lambda parts: {"$and": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts, more: {"$or": parts} | more, st.lists(inner, min_size=1), plain),
    ),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def shared() -> Iterator[Store]:
    with open_store(None) as store:
        yield store


@settings(max_examples=100, deadline=None)
@given(st.lists(records, min_size=1, max_size=6), st.lists(wheres, min_size=1, max_size=6))
def test_sql_and_python_agree(shared: Store, found: list[Any], filters: list[Any]) -> None:
    rows = [replace(record, id=f"m{i}") for i, record in enumerate(found)]
    with shared.write() as write:
        keys = write.add_memories(rows)
    try:
        for where in filters:
            expected = [
                key for key, record in zip(keys, rows, strict=True) if matches(record, where)
            ]
            assert shared.find_keys(Query(where=where)).tolist() == expected, where
    finally:
        with shared.write() as write:
            write.delete_memories(keys)


@settings(max_examples=60, deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_equals_itself(shared: Store, number: float) -> None:
    with shared.write() as write:
        keys = write.add_memories([row("one", metadata={"n": number})])
    try:
        assert shared.count(Query(where={"n": number})) == 1
        assert shared.count(Query(where={"n": {"$in": [number]}})) == 1
        assert shared.count(Query(where={"n": {"$gte": number, "$lte": number}})) == 1
        assert shared.count(Query(where={"n": {"$gt": number}})) == 0
    finally:
        with shared.write() as write:
            write.delete_memories(keys)


EXAMPLES = [
    # metadata, filter, holds
    ({"n": 2}, {}, True),
    ({"n": 2}, {"n": 2}, True),
    ({"n": 2}, {"n": 2.0}, True),
    ({"n": 2}, {"n": "2"}, False),
    ({"n": True}, {"n": 1}, False),
    ({"n": 1}, {"n": True}, False),
    ({"n": "2"}, {"n": {"$ne": 2}}, False),
    ({}, {"n": {"$ne": 2}}, False),
    ({}, {"$not": {"n": 2}}, True),
    ({"n": None}, {"n": None}, True),
    ({}, {"n": None}, False),
    ({"n": 1}, {"n": {"$ne": None}}, True),
    ({"n": None}, {"n": {"$exists": True}}, True),
    ({}, {"n": {"$exists": False}}, True),
    ({"n": 5}, {"n": {"$gt": 2, "$lt": 5}}, False),
    ({"n": 5}, {"n": {"$gte": 5, "$lte": 5}}, True),
    ({"day": "2026-03-01"}, {"day": {"$gte": "2026-02", "$lt": "2026-04"}}, True),
    ({"tags": ["a", "b"]}, {"tags": {"$contains": "b"}}, True),
    ({"tags": [1, True]}, {"tags": {"$contains": 1.0}}, True),
    ({"tags": ["ab"]}, {"tags": {"$contains": "a"}}, False),
    ({"text": "a cat"}, {"text": {"$contains": "cat"}}, True),
    ({"text": "100%"}, {"text": {"$contains": "%"}}, True),
    ({"text": "Eine STRASSE"}, {"text": {"$icontains": "Straße"}}, True),
    ({"text": "a Cat"}, {"text": {"$contains": "cat"}}, False),
    ({"tags": ["Cat"]}, {"tags": {"$icontains": "cat"}}, False),
    ({"n": 12}, {"n": {"$icontains": "1"}}, False),
    ({"text": "100"}, {"text": {"$contains": "%"}}, False),
    ({"n": 2}, {"n": {"$in": ["2", 2]}}, True),
    ({"n": 2}, {"n": {"$in": []}}, False),
    ({"n": 2}, {"n": {"$nin": []}}, True),
    ({"n": 2}, {"n": {"$nin": [1, 3]}}, True),
    ({"n": 2}, {"n": {"$nin": [1, "3"]}}, False),
    ({"a": {"b": 1}}, {"a.b": 1}, True),
    ({"a.b": 2, "a": {"b": 1}}, {"a.b": 2}, True),
    ({"a.b": 2, "a": {"b": 1}}, {"a.b": 1}, False),
    ({"a": [{"b": 1}]}, {"a.b": 1}, False),
    ({"a": "x"}, {"a.b": 1}, False),
    ({'quo"te': "it's"}, {'quo"te': "it's"}, True),
    ({"x": 1, "y": 2}, {"$or": [{"x": 2}, {"y": 2}]}, True),
    ({"x": 1, "y": 2}, {"$and": [{"x": 1}, {"$not": {"y": 2}}]}, False),
]


@pytest.mark.parametrize(("metadata", "where", "holds"), EXAMPLES)
def test_examples(shared: Store, metadata: Any, where: Any, holds: bool) -> None:
    record = row("example", metadata=metadata)
    assert matches(record, where) == holds
    with shared.write() as write:
        keys = write.add_memories([record])
    try:
        assert shared.count(Query(where=where)) == holds
    finally:
        with shared.write() as write:
            write.delete_memories(keys)


def test_reserved_keys_address_the_memory_itself(store: Store) -> None:
    hidden = {"role": "in metadata", "turn": 9}
    with store.write() as write:
        write.add_memories([row("a", role="user", turn=2, session="s", metadata=hidden), row("b")])
    for where in (
        {"role": "user"},
        {"turn": {"$gte": 2, "$lt": 3}},
        {"session": {"$in": ["s", "t"]}},
        {"role": {"$contains": "se"}},
        {"turn": {"$exists": True}},
    ):
        assert [memory.id for memory in store.find(Query(where=where))] == ["a"]
        assert store.count(Query(where={"$not": where})) == 1
    assert store.count(Query(where={"role": "in metadata"})) == 0


@pytest.mark.parametrize(
    "where",
    [
        {"n": {"$regex": "x"}},
        {"n": {"eq": 1}},
        {"n": {}},
        {"n": [1, 2]},
        {"n": {"$in": 3}},
        {"n": {"$in": [[1]]}},
        {"n": {"$in": "text"}},
        {"n": {"$gt": None}},
        {"n": {"$gt": True}},
        {"n": float("nan")},
        {"n": {"$exists": 1}},
        {"n": object()},
        {"n": {"$eq": {"a": 1}}},
        {"$and": {}},
        {"$or": []},
        {"$nor": [{"n": 1}]},
        {"$gt": 3},
        {3: 4},
        "n = 1",
        {"$or": [{"n": i} for i in range(201)]},
    ],
)
def test_what_cannot_be_understood_is_an_error(shared: Store, where: Any) -> None:
    with pytest.raises(FilterError, match="expected"):
        matches(row("x"), where)
    with pytest.raises(FilterError, match="expected"):
        shared.find(Query(where=where))


def test_too_deep_a_filter_is_an_error() -> None:
    where: dict[str, Any] = {"n": 1}
    for _ in range(25):
        where = {"$not": where}
    with pytest.raises(FilterError, match="deep"):
        matches(row("x"), where)


def test_the_largest_filters_work(shared: Store) -> None:
    assert shared.count(Query(where={"$or": [{f"a{i}": i} for i in range(200)]})) == 0
    many: list[object] = [f"v{i}" for i in range(20_000)]
    assert shared.count(Query(where={"n": {"$in": many}})) == 0
    deep: dict[str, Any] = {"a.b.c.d.e.f.g.h": 1}
    for _ in range(18):
        deep = {"$not": deep}
    assert shared.count(Query(where=deep)) == 0


MANY: list[Any] = [
    [*range(20_000)],
    [-(2**63), 2**63 - 1, *range(3_000)],
    [f"v{i}" for i in range(20_000)],
    [i + 0.5 for i in range(20_000)],
    [*range(500), *(i + 0.5 for i in range(500)), *(f"v{i}" for i in range(500)), True, None],
]


@pytest.mark.parametrize(
    "items", MANY, ids=["integers", "widest", "texts", "fractions", "all kinds"]
)
def test_lists_of_thousands(shared: Store, items: list[Any]) -> None:
    rows = [
        row(f"m{i}", metadata={"n": value})
        for i, value in enumerate([3, 3.0, 3.5, -1, 2**53 + 1, -(2**63), "v3", "w", True, None, []])
    ]
    with shared.write() as write:
        keys = write.add_memories(rows)
    try:
        for where in ({"n": {"$in": items}}, {"n": {"$nin": items}}, {"turn": {"$nin": items}}):
            held = [key for key, one in zip(keys, rows, strict=True) if matches(one, where)]
            assert shared.find_keys(Query(where=where)).tolist() == held
    finally:
        with shared.write() as write:
            write.delete_memories(keys)


def test_keys_of_many_dots(shared: Store) -> None:
    deep: Any = 1
    for _ in range(50):
        deep = {"a": deep}
    named = {".".join("a" * 100): 2}
    with shared.write() as write:
        keys = write.add_memories([row("deep", metadata=deep), row("named", metadata=named)])
    try:
        assert shared.find_keys(Query(where={".".join("a" * 50): 1})).tolist() == keys[:1]
        assert shared.find_keys(Query(where={".".join("a" * 100): 2})).tolist() == keys[1:]
        assert shared.count(Query(where={".".join("a" * 100): 1})) == 0
        every = {"$or": [{".".join("a" * 50) + f".{i}": 1} for i in range(200)]}
        assert shared.count(Query(where=every)) == 0
    finally:
        with shared.write() as write:
            write.delete_memories(keys)


@pytest.mark.parametrize(
    "where",
    [
        {"a\0": 1},
        {"a": "\0"},
        {"a": {"$in": ["x", "\0"]}},
        {"a": 10**400},
        {"a": {"$in": [10**5000]}},
    ],
)
def test_what_no_memory_can_hold_is_an_error(shared: Store, where: Any) -> None:
    with pytest.raises(FilterError, match="expected"):
        shared.find(Query(where=where))


def test_surrogates_are_asked_for_as_they_are_stored(shared: Store) -> None:
    with shared.write() as write:
        keys = write.add_memories([row("x", metadata={"k\ufffd": "v\ufffd"})])
    try:
        assert shared.count(Query(where={"k\ud800": {"$in": ["v\udfff"]}})) == 1
    finally:
        with shared.write() as write:
            write.delete_memories(keys)
