"""The association graph against a plain list of edges."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from nuonuo_memory.engine.graph import edges as edges_module
from nuonuo_memory.engine.graph.association_graph import ABOUT, MENTION, AssociationGraph
from nuonuo_memory.engine.graph.edges import Edges, EdgeSet
from nuonuo_memory.errors import InvalidInputError


def long(*values: int) -> Tensor:
    return torch.tensor(values, dtype=torch.int64)


def put(
    graph: AssociationGraph,
    memory: int,
    names: list[int],
    *,
    group: int = 1,
    about: Sequence[int] = (),
) -> None:
    kinds = [ABOUT if name in about else MENTION for name in names]
    graph.add_mentions(
        torch.full((len(names),), memory),
        torch.tensor(names, dtype=torch.int64),
        weights=torch.ones(len(names)),
        kinds=torch.tensor(kinds),
        group=group,
    )


def found(edges: Edges) -> list[tuple[float, ...]]:
    return sorted(zip(*(column.tolist() for column in edges), strict=True))


class PlainEdges:
    """A list of (left, right, weight, kind, group)."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, int, float, int, int]] = []

    def from_left(self, keys: list[int]) -> list[tuple[float, ...]]:
        return sorted(
            (i, *row[:4]) for i, key in enumerate(keys) for row in self.rows if row[0] == key
        )

    def from_right(self, keys: list[int], groups: list[int]) -> list[tuple[float, ...]]:
        return sorted(
            (i, *row[:4])
            for i, (key, group) in enumerate(zip(keys, groups, strict=True))
            for row in self.rows
            if (row[1], row[4]) == (key, group)
        )


KEYS = st.integers(0, 6)
OPERATIONS = st.lists(
    st.one_of(
        st.tuples(
            st.just("add"),
            st.lists(st.tuples(KEYS, KEYS, st.sampled_from([0.25, 0.5, 1.0]), KEYS), max_size=12),
            st.integers(1, 2),
        ),
        st.tuples(st.just("left"), st.lists(KEYS, min_size=1, max_size=3)),
        st.tuples(st.just("right"), st.lists(KEYS, min_size=1, max_size=3), st.integers(1, 2)),
        st.tuples(st.just("pair"), KEYS, KEYS),
        st.tuples(st.just("read"), KEYS),
    ),
    max_size=14,
)


def apply(edges: EdgeSet, plain: PlainEdges, operation: tuple[Any, ...]) -> None:
    match operation:
        case ("add", rows, group):
            if rows:
                left, right, weight, kind = zip(*rows, strict=True)
                edges.add(
                    long(*left),
                    long(*right),
                    weight=torch.tensor(weight),
                    kind=torch.tensor(kind),
                    group=group,
                )
            plain.rows += [(*row, group) for row in rows]
        case ("left", keys):
            edges.remove_left(long(*keys))
            plain.rows = [row for row in plain.rows if row[0] not in keys]
        case ("right", keys, group):
            edges.remove_right(long(*keys), torch.full((len(keys),), group))
            plain.rows = [row for row in plain.rows if row[1] not in keys or row[4] != group]
        case ("pair", left, right):
            edges.remove_pairs(long(left), long(right))
            plain.rows = [row for row in plain.rows if row[:2] != (left, right)]
        case ("read", key):
            assert found(edges.from_left(long(key))) == plain.from_left([key])


@settings(max_examples=120, deadline=None)
@given(OPERATIONS)
def test_edges_equal_a_plain_list(operations: list[tuple[Any, ...]]) -> None:
    edges, plain = EdgeSet(), PlainEdges()
    for operation in operations:
        apply(edges, plain, operation)
    keys = list(range(7))
    assert len(edges) == len(plain.rows)
    assert found(edges.from_left(long(*keys))) == plain.from_left(keys)
    for group in (1, 2):
        groups = [group] * len(keys)
        expected = plain.from_right(keys, groups)
        assert found(edges.from_right(long(*keys), long(*groups))) == expected
        degrees = edges.right_degree(long(*keys), long(*groups)).tolist()
        assert degrees == [sum(row[0] == i for row in expected) for i in range(len(keys))]
    never = EdgeSet()
    for left, right, weight, kind, group in random.Random(0).sample(plain.rows, len(plain.rows)):
        never.add(
            long(left), long(right), weight=torch.tensor([weight]), kind=long(kind), group=group
        )
    assert edges.fingerprint() == never.fingerprint()


def test_look_ups_come_in_the_order_of_the_keys() -> None:
    edges = EdgeSet()
    for batch in range(3):
        edges.add(
            long(1, 2, 3), long(7, 8, 9), weight=torch.ones(3), kind=long(0, 0, 0), group=batch
        )
        edges.from_left(long(1))
    assert edges.from_left(long(3, 1, 3)).owner.tolist() == [0] * 3 + [1] * 3 + [2] * 3


def test_lengths_that_differ_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="one length"):
        EdgeSet().add(long(1, 2), long(1), weight=torch.ones(2), kind=long(0, 0), group=1)


def test_edges_that_come_one_by_one_are_held_as_those_that_come_at_once(
    monkeypatch: pytest.MonkeyPatch, device: str
) -> None:
    monkeypatch.setattr(edges_module, "PENDING_EDGES", 1)
    left = torch.arange(300)
    slowly, at_once = EdgeSet(device=device), EdgeSet(device=device)
    for i in range(300):
        slowly.add(left[i : i + 1], long(i % 50), weight=torch.ones(1), kind=long(0), group=1)
    at_once.add(left, left % 50, weight=torch.ones(300), kind=torch.zeros(300), group=1)
    assert slowly.fingerprint() == at_once.fingerprint()
    keys, groups = torch.arange(50, device=device), torch.ones(50, dtype=torch.int64, device=device)
    assert slowly.right_degree(keys, groups).tolist() == [6] * 50
    assert found(slowly.from_right(keys, groups)) == found(at_once.from_right(keys, groups))


def test_nothing_of_a_removed_edge_stays(device: str) -> None:
    edges = EdgeSet(device=device)
    key = 0x1234567
    for left in (1, 2, key):
        edges.add(
            long(left), long(left + 5), weight=torch.tensor([0.375]), kind=long(7), group=left
        )
    edges.remove_left(long(key).to(device))
    assert len(edges) == 2
    held = (edges._index.keys, edges._index.scopes, edges._table, edges._kind)
    for column, values in zip(held, ((key, key + 5), (key,), (), ()), strict=True):
        assert not set(values) & set(column.flatten().tolist())
    assert (edges._table[2] == 0).all()
    assert edges._kind[2] == 0


def test_space_of_removed_edges_is_given_back() -> None:
    edges = EdgeSet()
    for i in range(0, 40_000, 2_000):
        left = torch.arange(i, i + 2_000)
        edges.add(left, left + 7, weight=torch.ones(2_000), kind=torch.zeros(2_000), group=1)
        edges.remove_left(left[:-10])
    assert len(edges) == 200
    assert edges.nbytes < 1_000_000
    edges.remove_left(torch.arange(40_000))
    assert edges.nbytes < 1_000
    assert edges.fingerprint() == EdgeSet().fingerprint()


def test_a_group_that_stands_for_left_keys_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="group"):
        EdgeSet().add(long(1), long(1), weight=torch.ones(1), kind=long(0), group=-(1 << 63))


def test_forgetting_equals_never_having_held() -> None:
    held, never = AssociationGraph(), AssociationGraph()
    for graph in (held, never):
        put(graph, 1, [10, 11], about=[10])
        put(graph, 2, [11, 12])
        graph.add_links(long(1), long(2), weights=torch.ones(1), kinds=long(0), group=1)
    put(held, 3, [10, 12], about=[12])
    put(held, 4, [12], group=2)
    held.add_links(
        long(3, 1), long(1, 3), weights=torch.tensor([1.0, 0.5]), kinds=long(0, 2), group=1
    )
    assert held.memories([1, 2]) == 4
    assert held.remove(long(3, 99), group=1) == 4
    assert held.remove(long(4), group=2) == 1
    assert held.fingerprint() == never.fingerprint()
    assert held.memories([1]) == never.memories([1]) == 2
    assert held.memories([2]) == 0
    names, ones = long(10, 11, 12), long(1, 1, 1)
    assert torch.equal(held.frequency(names, ones), never.frequency(names, ones))


def test_a_group_sees_only_its_own_names() -> None:
    graph = AssociationGraph()
    put(graph, 1, [10], group=1)
    put(graph, 2, [10], group=2)
    assert graph.mentioned_in(long(10), long(1)).left.tolist() == [1]
    assert graph.mentioned_in(long(10, 10), long(2, 3)).left.tolist() == [2]
    assert graph.frequency(long(10), long(2)).tolist() == [1]


def test_links_are_found_from_both_ends_and_removed() -> None:
    graph = AssociationGraph()
    graph.add_links(
        long(1, 1, 2), long(2, 3, 3), weights=torch.ones(3), kinds=long(0, 0, 1), group=1
    )
    assert graph.links.from_left(long(1)).right.tolist() == [2, 3]
    assert graph.links.from_right(long(3), long(1)).left.tolist() == [1, 2]
    assert graph.remove_links(long(1), long(3)) == 1
    assert graph.links.from_right(long(3), long(1)).left.tolist() == [2]
    assert len(graph) == 2


def test_memory_grows_with_the_edges_alone() -> None:
    graph = AssociationGraph()
    sizes = []
    for start in range(0, 40_000, 10_000):
        memories = torch.arange(start, start + 10_000).repeat_interleave(4)
        graph.add_mentions(
            memories,
            torch.randint(0, 5_000, (len(memories),)),
            weights=torch.ones(len(memories)),
            kinds=torch.zeros(len(memories)),
            group=1,
        )
        sizes.append(graph.nbytes / len(graph))
    assert max(sizes) <= 60
    assert max(sizes) <= 1.2 * min(sizes)
