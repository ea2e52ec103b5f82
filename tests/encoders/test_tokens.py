"""Token ids of many texts: order, cuts and padding."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nuonuo_memory.encoders import tokens as module
from nuonuo_memory.encoders.bert_graphs import LENGTHS, padded_length
from nuonuo_memory.encoders.tokens import Tokens, by_length, tokenised

ids_of_texts = st.lists(
    st.lists(st.integers(1, 30_000), min_size=1, max_size=40), min_size=1, max_size=30
)


@given(ids_of_texts, st.integers(1, 200))
def test_cuts_hold_every_text_once_within_the_budget(texts: list[list[int]], budget: int) -> None:
    lengths = Tokens.of(texts).lengths
    parts = list(by_length(lengths, tokens=budget))
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(texts)))
    for part in parts:
        longest = int(lengths[part].max())
        assert len(part) == 1 or longest * len(part) <= budget
    flat = lengths[np.concatenate(parts)]
    assert (np.diff(flat) >= 0).all()


@given(ids_of_texts, st.sampled_from([1, 8]))
def test_padding_leaves_each_text_as_it_was(texts: list[list[int]], multiple: int) -> None:
    rows = np.arange(len(texts))[::-1].copy()
    ids, mask = Tokens.of(texts).padded(rows, multiple=multiple)
    assert ids.shape[1] % multiple == 0
    assert ids.shape[1] - max(map(len, texts)) < multiple
    there = torch.ones_like(ids, dtype=torch.bool) if mask is None else mask
    for place, row in enumerate(rows):
        assert ids[place][there[place]].tolist() == texts[row]
        assert not bool(ids[place][~there[place]].any())


@pytest.mark.parametrize("count", [1, 3, 4, 11])
def test_texts_come_in_order_with_a_thread_ahead(
    count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_AHEAD", 3)
    texts = [str(number) for number in range(count)]
    seen = []
    for first, found in tokenised(texts, lambda part: Tokens.of([[int(one)] for one in part])):
        assert first == len(seen)
        seen += found.ids.tolist()
    assert seen == list(range(count))


def test_what_tokenising_raises_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_AHEAD", 2)

    def tokenise(texts: object) -> Tokens:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        list(tokenised(["a"] * 5, tokenise))


def test_padded_lengths() -> None:
    assert [padded_length(count) for count in (1, 16, 17, 64, 65, 256, 300)] == [
        16,
        16,
        32,
        64,
        128,
        256,
        256,
    ]
    assert list(LENGTHS) == sorted(LENGTHS)
