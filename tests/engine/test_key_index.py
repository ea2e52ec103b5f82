"""The index against a dict of lists."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nuonuo_memory.engine.vectors.key_index import KeyIndex

_KEYS = st.lists(st.integers(0, 30), max_size=12)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["add", "discard"]), _KEYS), max_size=15))
def test_like_a_dict_of_lists(actions: list[tuple[str, list[int]]]) -> None:
    index, plain, value = KeyIndex(), dict[int, list[int]](), 0
    for action, keys in actions:
        if action == "add":
            values = list(range(value, value + len(keys)))
            value += len(keys)
            index.add(
                torch.tensor(keys, dtype=torch.int64), torch.tensor(values, dtype=torch.int64)
            )
            for key, number in zip(keys, values, strict=True):
                plain.setdefault(key, []).append(number)
        else:
            index.discard(torch.tensor(sorted(set(keys)), dtype=torch.int64))
            for key in keys:
                plain.pop(key, None)
        values, owner = index.find(torch.arange(31))
        got = {key: sorted(values[owner == key].tolist()) for key in owner.unique().tolist()}
        assert got == plain
        single = index.find_single(torch.arange(31)).tolist()
        for key, number in enumerate(single):
            if len(plain.get(key, [])) < 2:
                assert [number] == plain.get(key, [-1])
        assert len(index) == sum(map(len, plain.values()))
        assert index.nbytes <= 32 * (len(index) + 1)


def test_replace_and_discard_of_pairs() -> None:
    index = KeyIndex()
    index.add(torch.tensor([5, 3, 9]), torch.tensor([50, 30, 90]))
    index.replace(torch.tensor([9, 3]), torch.tensor([91, 31]))
    assert index.find(torch.tensor([3, 5, 9]))[0].tolist() == [31, 50, 91]
    index.add(torch.tensor([5, 5]), torch.tensor([51, 52]))
    index.discard(torch.tensor([5]), torch.tensor([50, 52]))
    assert index.find(torch.tensor([5]))[0].tolist() == [51]
