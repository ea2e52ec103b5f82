"""The cue_index: growth, removal, bytes, and a state that forgets."""

from __future__ import annotations

import pytest
import torch
from engine_reference import KINDS, hard_vectors
from hypothesis import given, settings
from hypothesis import strategies as st

from nuonuo_memory.engine.vectors.cue_index import CueIndex
from nuonuo_memory.engine.vectors.quantise import dequantise, quantise
from nuonuo_memory.errors import InvalidInputError, NotFoundError, VectorError


def fill(cue_index: CueIndex, ids: list[int], *, memory: int, group: int) -> None:
    vectors = torch.stack([hard_vectors("normal", 1, cue_index.dimension, i)[0] for i in ids])
    cue_index.add(
        torch.tensor(ids), vectors, memory_ids=torch.full((len(ids),), memory), group=group
    )


def test_holds_what_was_added(device: str) -> None:
    cue_index = CueIndex(8, device=device)
    fill(cue_index, [4, 9, 2], memory=1, group=5)
    fill(cue_index, [7], memory=2, group=6)
    assert (cue_index.count(), cue_index.count(5), cue_index.count(99)) == (4, 3, 0)
    assert cue_index.groups() == [5, 6]
    wanted = torch.stack([hard_vectors("normal", 1, 8, i)[0] for i in (7, 2)])
    planes = quantise(wanted)
    got = cue_index.vectors(torch.tensor([7, 2])).cpu()
    assert torch.equal(got, dequantise(planes.coarse, planes.residual, planes.scale))
    cues, owner = cue_index.memory_cues(torch.tensor([2, 1, 3]))
    assert (cues.tolist(), owner.tolist()) == ([7, 2, 4, 9], [0, 1, 1, 1])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 3), st.integers(1, 60)), max_size=12))
def test_any_history_ends_in_the_same_state(history: list[tuple[int, int, int]]) -> None:
    """Add or, when it is there, remove memories; the state is that of the survivors alone."""
    cue_index, held, next_id = CueIndex(4), dict[int, tuple[int, list[int]]](), 0
    for memory, group, cues in history:
        if memory in held:
            assert cue_index.remove(torch.tensor([memory])) == len(held.pop(memory)[1])
        else:
            ids = list(range(next_id, next_id + cues))
            next_id += cues
            held[memory] = (group, ids)
            fill(cue_index, ids, memory=memory, group=group)
    fresh = CueIndex(4)
    for memory, (group, ids) in sorted(held.items(), reverse=True):
        fill(fresh, ids[::-1], memory=memory, group=group)
    assert cue_index.fingerprint() == fresh.fingerprint()
    assert cue_index.count() == fresh.count()
    assert cue_index.groups() == fresh.groups()
    for group in cue_index.groups():
        rows = cue_index.rows(group)
        assert rows is not None
        for start, chunk in zip(rows.starts, rows.chunks, strict=True):
            spare = chunk.part(slice(max(0, rows.count - start), None))
            assert not spare.coarse.any()
            assert not spare.residual.any()
            assert not spare.cue_ids.any()


@pytest.mark.parametrize("kind", KINDS)
def test_total_is_that_of_the_directions(kind: str, device: str) -> None:
    cue_index, cues = CueIndex(16, device=device), 3000
    vectors = hard_vectors(kind, cues, 16, 7)
    ids = torch.arange(cues)
    for group in (3, 4):
        some = ids[ids % 2 == group % 2]
        cue_index.add(some, vectors[some], memory_ids=some, group=group)
    expected = torch.nn.functional.normalize(vectors.double(), dim=1).sum(0)
    total, count = cue_index.total([4, 3, 3, 99])
    assert count == cues
    assert (total / cues).tolist() == pytest.approx((expected / cues).tolist(), abs=1e-4)
    assert cue_index.total([99]) == (pytest.approx(torch.zeros(16)), 0)
    whole = CueIndex(16)
    whole.add(ids, vectors, memory_ids=ids, group=0)
    assert total.equal(whole.total([0])[0])


def test_total_forgets_without_a_trace(device: str) -> None:
    cue_index = CueIndex(16, device=device)
    fill(cue_index, list(range(40)), memory=1, group=0)
    before, _ = cue_index.total([0])
    fill(cue_index, list(range(50, 99)), memory=2, group=0)
    assert not cue_index.total([0])[0].equal(before)
    cue_index.remove(torch.tensor([2]))
    assert cue_index.total([0])[0].equal(before)


def test_fingerprint_sees_every_column() -> None:
    base = CueIndex(4)
    fill(base, [1, 2], memory=1, group=1)
    prints = {base.fingerprint()}
    for ids, memory, group in (([1, 3], 1, 1), ([1, 2], 2, 1), ([1, 2], 1, 2), ([1], 1, 1)):
        other = CueIndex(4)
        fill(other, ids, memory=memory, group=group)
        prints.add(other.fingerprint())
    assert len(prints) == 5


def test_growth_moves_nothing_and_small_groups_stay_small() -> None:
    cue_index = CueIndex(16)
    fill(cue_index, [0], memory=0, group=0)
    rows = cue_index.rows(0)
    assert rows is not None
    before = rows.chunks[0].coarse.data_ptr()
    for first in range(1, 3000, 7):
        ids = torch.arange(first, first + 7)
        cue_index.add(ids, torch.randn(7, 16), memory_ids=ids, group=0)
    assert rows.chunks[0].coarse.data_ptr() == before
    assert len(rows.chunks) < 20
    assert rows.capacity <= 1.5 * rows.count + 32
    tiny = CueIndex(384)
    fill(tiny, [0], memory=0, group=0)
    assert tiny.nbytes < 30_000


def test_removed_cues_leave_their_memory() -> None:
    cue_index = CueIndex(4)
    fill(cue_index, [1, 2, 3], memory=8, group=0)
    assert cue_index.remove_cues(torch.tensor([2, 99])) == 1
    assert cue_index.memory_cues(torch.tensor([8]))[0].tolist() == [1, 3]
    assert cue_index.remove(torch.tensor([8])) == 2
    assert cue_index.count() == 0
    assert cue_index.groups() == []
    assert cue_index.remove(torch.tensor([8])) == 0


def test_reserved_rows_are_used() -> None:
    cue_index = CueIndex(4)
    cue_index.reserve(1, 100)
    assert cue_index.groups() == []
    fill(cue_index, list(range(90)), memory=1, group=1)
    rows = cue_index.rows(1)
    assert rows is not None
    assert len(rows.chunks) == 1


def test_wrong_calls() -> None:
    cue_index = CueIndex(4)
    fill(cue_index, [1], memory=1, group=0)
    one, ids = torch.ones(1, 4), torch.tensor([5])
    with pytest.raises(InvalidInputError, match="held already"):
        cue_index.add(torch.tensor([1]), one, memory_ids=ids, group=3)
    with pytest.raises(InvalidInputError, match="held already"):
        cue_index.add(
            torch.tensor([2, 2]), torch.ones(2, 4), memory_ids=torch.tensor([1, 1]), group=3
        )
    with pytest.raises(InvalidInputError, match="one for each"):
        cue_index.add(torch.tensor([2, 3]), one, memory_ids=ids, group=0)
    with pytest.raises(InvalidInputError, match="int64"):
        cue_index.add(torch.tensor([2.0]), one, memory_ids=ids, group=0)
    with pytest.raises(InvalidInputError, match="negative"):
        cue_index.add(torch.tensor([-2]), one, memory_ids=ids, group=0)
    with pytest.raises(VectorError, match="shape"):
        cue_index.add(ids, torch.ones(1, 5), memory_ids=ids, group=0)
    with pytest.raises(NotFoundError, match="cue 77"):
        cue_index.vectors(torch.tensor([1, 77]))
    with pytest.raises(InvalidInputError, match="dimension"):
        CueIndex(0)
    assert cue_index.count() == 1
    assert cue_index.groups() == [0]
