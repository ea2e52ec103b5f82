"""The map from keys to growing lists of rows against a dictionary of lists."""

from __future__ import annotations

from collections import defaultdict

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from nuonuo_memory.engine.graph import key_rows as keyrows
from nuonuo_memory.engine.graph.key_rows import KeyRows, Lists, lexsort, spans

CPU = torch.device("cpu")
KEYS = st.sampled_from([0, 1, -1, 2, 7, 1 << 40, -(1 << 63), (1 << 63) - 1])
BATCHES = st.lists(
    st.one_of(
        st.lists(st.tuples(KEYS, st.integers(0, 2)), max_size=20),
        st.integers(1, 3),
    ),
    max_size=12,
)


def put(held: KeyRows, pairs: list[tuple[int, int]], first: int) -> Tensor:
    keys = torch.tensor([key for key, _ in pairs], dtype=torch.int64)
    scopes = torch.tensor([scope for _, scope in pairs], dtype=torch.int64)
    rows = torch.arange(first, first + len(pairs), dtype=torch.int32)
    to = held.device
    return held.append(keys.to(to), scopes.to(to), rows.to(to))


def rows_of(held: KeyRows, key: int, scope: int) -> list[int]:
    to = held.device
    found = held.find(torch.tensor([key], device=to), torch.tensor([scope], device=to))
    assert torch.equal(found, held.find(torch.tensor([key], device=to), scope))
    return [int(row) for row in held.rows(held.lists(found))[1]]


@settings(max_examples=150, deadline=None)
@given(BATCHES)
def test_lists_equal_those_of_a_dictionary(batches: list[list[tuple[int, int]] | int]) -> None:
    held, plain = KeyRows(device=CPU), defaultdict(list)
    pairs: list[tuple[int, int]] = []
    for batch in batches:
        if isinstance(batch, int):
            living = torch.tensor([row % (batch + 1) for row in range(len(pairs))]).int()
            known = torch.tensor(sorted(plain), dtype=torch.int64).view(-1, 2)
            entries = held.find(known[:, 0], known[:, 1]).long()
            held.keep(entries[entries > 0], living)
            for rows in plain.values():
                rows[:] = [row for row in rows if row % (batch + 1)]
            continue
        entries = put(held, batch, len(pairs))
        assert held.keys[entries].tolist() == [key for key, _ in batch]
        assert held.scopes[entries].tolist() == [scope for _, scope in batch]
        for row, pair in enumerate(batch, len(pairs)):
            plain[pair].append(row)
        pairs += batch
    assert len(held) == sum(bool(rows) for rows in plain.values())
    for pair, rows in plain.items():
        assert rows_of(held, *pair) == rows
    assert rows_of(held, 99, 0) == rows_of(held, 7, 9) == []


@pytest.mark.parametrize("stride", [1, 3, 1000, 1 << 20, 1 << 32, 1 << 40, 0x9E3779B97F4A7C15])
def test_keys_of_any_stride_stand_near_their_homes(stride: int) -> None:
    held = KeyRows(device=CPU)
    keys = torch.arange(20_000) * keyrows.signed(stride)
    for scope in range(1, 4):
        rows = torch.arange(len(keys), dtype=torch.int32)
        entries = held.append(keys, torch.full_like(keys, scope), rows)
        assert torch.equal(held.find(keys, scope).long(), entries)
    assert len(held._window) <= keyrows.MOST_PROBES
    assert len(held._table) <= 1 << 18


def test_random_keys_in_many_batches_are_all_found(device: str) -> None:
    held = KeyRows(device=torch.device(device))
    generator = torch.Generator().manual_seed(0)
    keys = torch.randint(-(1 << 62), 1 << 62, (60_000,), generator=generator).to(device)
    scopes = keys % 5
    made = [
        held.append(
            keys[i : i + 1_500], scopes[i : i + 1_500], torch.arange(1_500).int().to(device)
        )
        for i in range(0, len(keys), 1_500)
    ]
    assert torch.equal(held.find(keys, scopes).long(), torch.cat(made))
    assert not held.find(keys, scopes + 1).any()
    assert len(held._table) < 4 * len(keys)


def test_a_list_that_grows_row_by_row_leaves_little_behind() -> None:
    held = KeyRows(device=CPU)
    for row in range(2_000):
        put(held, [(5, 1), (row % 3, 0)], 2 * row)
    assert rows_of(held, 5, 1) == list(range(0, 4_000, 2))
    assert held.nbytes < 4 * 4_000 * 4


def test_ranges_are_spelt_out_and_columns_sorted_by_the_last_first() -> None:
    owner, index = spans(torch.tensor([7, 0, 3]), torch.tensor([2, 0, 3]))
    assert owner.tolist() == [0, 0, 2, 2, 2]
    assert index.tolist() == [7, 8, 3, 4, 5]
    empty = spans(*Lists(torch.zeros(0).long(), torch.zeros(0).long()))
    assert [len(each) for each in empty] == [0, 0]
    assert lexsort(torch.tensor([2, 1, 0, 0]), torch.tensor([1, 1, 5, 0])).tolist() == [3, 1, 0, 2]
