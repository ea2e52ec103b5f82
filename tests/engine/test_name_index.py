"""Names found by their words, and words by their codes: incremental, and exact under removal."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nuonuo_memory.engine.graph.name_index import MOST_NAMES, NameIndex

CODES = {word: [word * 100, word * 100 + 1, (word // 2) * 100 + 50] for word in range(12)}
"""Words 2n and 2n + 1 are alike: they share the last part."""

names_of_words = st.dictionaries(
    st.integers(-(2**62), 2**62),
    st.lists(st.integers(0, 11), min_size=1, max_size=4, unique=True),
    max_size=12,
)


def filled(names: dict[int, list[int]], group: int) -> NameIndex:
    index = NameIndex()
    index.add(names, CODES, group=group)
    return index


def test_names_are_found_by_their_words_and_words_by_their_codes() -> None:
    index = filled({7: [0, 2], 8: [0, 4]}, 5)
    assert sorted(index.holding(0, 5)) == [7, 8]
    assert index.holding(2, 5) == [7]
    assert index.alike(CODES[3], 5) == [2]
    assert index.alike(CODES[9], 5) == []
    assert index.sizes([8, 7], 5) == [2, 2]


def test_groups_do_not_see_each_other() -> None:
    index = filled({7: [0, 2]}, 5)
    index.add({7: [0, 2]}, CODES, group=6)
    index.remove(torch.tensor([7]), group=5)
    assert index.holding(0, 5) == [] == index.alike(CODES[0], 5)
    assert index.holding(0, 6) == [7]
    assert index.fingerprint() == filled({7: [0, 2]}, 6).fingerprint()


def test_a_word_of_too_many_names_tells_none_apart() -> None:
    index = filled({name: [1] for name in range(MOST_NAMES + 1)}, 5)
    assert index.holding(1, 5) == []
    index.remove(torch.tensor([3]), group=5)
    assert len(index.holding(1, 5)) == MOST_NAMES


@settings(max_examples=60, deadline=None)
@given(names_of_words, st.data())
def test_removing_leaves_what_was_never_there(
    names: dict[int, list[int]], data: st.DataObject
) -> None:
    gone = data.draw(st.sets(st.sampled_from(sorted(names))) if names else st.just(set()))
    index = NameIndex()
    for name, held in names.items():  # one by one, as memories arrive
        index.add({name: held}, CODES, group=3)
    assert index.fingerprint() == filled(names, 3).fingerprint()
    index.remove(torch.tensor(sorted(gone), dtype=torch.int64), group=3)
    left = {name: held for name, held in names.items() if name not in gone}
    assert index.fingerprint() == filled(left, 3).fingerprint()
    assert len(index) == len(filled(left, 3))
