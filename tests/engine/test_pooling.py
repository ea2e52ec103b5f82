"""Votes of cues and words of sessions."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nuonuo_memory.engine.vectors.centring import Centre, scale_of
from nuonuo_memory.engine.vectors.cue_index import CueIndex
from nuonuo_memory.engine.vectors.pooling import (
    cue_evidence,
    pool,
    session_evidence,
    similarity_of_pairs,
)
from nuonuo_memory.engine.vectors.search import similarities


def unit(*rows: list[float]) -> torch.Tensor:
    return torch.nn.functional.normalize(torch.tensor(rows), dim=1)


def nowhere(dimension: int) -> Centre:
    """The centre that leaves similarities as they are."""
    return Centre(torch.zeros(dimension, dtype=torch.float64), 1.0, scale_of(None))


def filled() -> CueIndex:
    cue_index = CueIndex(3)
    vectors = unit([1, 0, 0], [0.8, 0.6, 0], [0, 1, 0], [0, 0, 1])
    memories = torch.tensor([7, 7, 8, 9])
    cue_index.add(torch.tensor([1, 2, 3, 4]), vectors, memory_ids=memories, group=0)
    return cue_index


def test_two_cues_outvote_one_that_is_as_near() -> None:
    owner = torch.tensor([0, 0, 1])
    similarity = torch.tensor([0.6, 0.6, 0.6], dtype=torch.float64)
    cues, best, summed = pool(torch.tensor([5, 3, 4]), owner, similarity, size=3, beta=30.0)
    assert cues.tolist() == [3, 4, -1]
    assert best.tolist() == [0.6, 0.6, -math.inf]
    assert summed[0] == pytest.approx(0.6 + math.log(2) / 30)
    assert summed[1] == pytest.approx(0.6)
    assert summed[2] == -math.inf


def test_a_high_beta_leaves_the_best_cue() -> None:
    similarity = torch.tensor([0.5, 0.4], dtype=torch.float64)
    _, best, summed = pool(torch.tensor([1, 2]), torch.tensor([0, 0]), similarity, size=1, beta=1e4)
    assert summed[0] == pytest.approx(best[0])


def test_no_cues_at_all() -> None:
    none = torch.empty(0, dtype=torch.int64)
    cues, best, summed = pool(none, none, none.double(), size=2, beta=30.0)
    assert cues.tolist() == [-1, -1]
    assert best.tolist() == summed.tolist() == [-math.inf] * 2


@pytest.mark.parametrize("dimension", [32, 384])
def test_joined_cues_are_one_unit_vector_between_them(dimension: int, device: str) -> None:
    generator = torch.Generator().manual_seed(dimension)
    vectors = torch.nn.functional.normalize(torch.randn(9, dimension, generator=generator), dim=1)
    cue_index = CueIndex(dimension, device=device)
    cue_index.add(torch.arange(9), vectors, memory_ids=torch.arange(9), group=0)
    query = vectors[8]
    first, second = torch.tensor([0, 1, 2, 3]), torch.tensor([4, 5, 6, 7])
    similarity = (vectors @ query).to(device, torch.float64)
    found = similarity_of_pairs(
        cue_index,
        (first, second),
        (similarity[first.to(device)], similarity[second.to(device)]),
        nowhere(len(query)),
    )
    total = vectors[first] + vectors[second]
    expected = total @ query / total.norm(dim=1)
    assert found.tolist() == pytest.approx(expected.tolist(), abs=2e-4)
    alone = similarity_of_pairs(
        cue_index,
        (first[2:3], second[2:3]),
        (similarity[2:3], similarity[6:7]),
        nowhere(len(query)),
    )
    assert alone.tolist() == found[2:3].tolist()


def test_opposite_cues_do_not_blow_up() -> None:
    cue_index = CueIndex(3)
    cue_index.add(
        torch.tensor([1, 2]),
        unit([1.0, 0, 0], [-1.0, 0, 0]),
        memory_ids=torch.tensor([1, 2]),
        group=0,
    )
    near = torch.tensor([0.9, -0.9], dtype=torch.float64)
    found = similarity_of_pairs(
        cue_index, (torch.tensor([1]), torch.tensor([2])), (near[:1], near[1:]), nowhere(3)
    )
    assert found.tolist() == pytest.approx([0.0])


def test_agrees_with_the_best_cue_of_the_arena() -> None:
    cue_index, queries = filled(), unit([1, 0.2, 0], [0, 0.1, 1])
    memories = torch.tensor([[7, 8, -1], [9, 7, 12]])
    found = cue_evidence(cue_index, queries, memories, beta=30.0)
    assert found.cue_ids.tolist() == [[1, 3, -1], [4, 2, -1]]
    best = similarities(cue_index, queries[:1], torch.tensor([1, 3]))
    assert found.similarity[0].tolist() == [*best.tolist(), -math.inf]
    assert found.pooled[0, 0] > found.similarity[0, 0]
    assert found.pooled[0, 1] == pytest.approx(found.similarity[0, 1].item())
    assert found.pooled[1, 2] == -math.inf


def test_a_batch_answers_like_its_single_queries() -> None:
    cue_index, queries = filled(), unit([1, 0.2, 0], [0, 0.1, 1])
    memories = torch.tensor([[7, 8, 9], [9, 7, 8]])
    both = cue_evidence(cue_index, queries, memories, beta=30.0)
    for row in range(2):
        alone = cue_evidence(cue_index, queries[row : row + 1], memories[row : row + 1], beta=30.0)
        assert torch.equal(alone.pooled[0], both.pooled[row])


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(-1, 1)), max_size=20), st.randoms())
def test_the_order_of_cues_changes_nothing(cues: list[tuple[int, float]], chance: object) -> None:
    numbered = list(enumerate(cues))
    mixed = sorted(numbered, key=lambda _: chance.random())  # type: ignore[attr-defined]

    def voted(rows: list[tuple[int, tuple[int, float]]]) -> list[list[float]]:
        ids = torch.tensor([number for number, _ in rows], dtype=torch.int64)
        owner = torch.tensor([own for _, (own, _) in rows], dtype=torch.int64)
        near = torch.tensor([value for _, (_, value) in rows], dtype=torch.float64)
        return [column.tolist() for column in pool(ids, owner, near, size=4, beta=30.0)]

    assert voted(numbered) == voted(mixed)


def test_session_words_by_hand() -> None:
    term = torch.tensor([0, 0, 1])
    session = torch.tensor([4, 4, 9])
    counts = torch.tensor([1, 2, 1])
    sessions, share = session_evidence(
        term, session, counts, idf=torch.tensor([2.0, 1.0]).double(), saturation=1.5
    )
    assert sessions.tolist() == [4, 9]
    first, second = 2 * 3 / 4.5, 1 * 1 / 2.5
    assert share.tolist() == pytest.approx([1.0, second / first])


def test_sessions_without_shared_words() -> None:
    none = torch.empty(0, dtype=torch.int64)
    sessions, share = session_evidence(none, none, none, idf=torch.empty(0).double())
    assert len(sessions) == len(share) == 0
    _, share = session_evidence(*[torch.tensor([0])] * 3, idf=torch.zeros(1).double())
    assert share.tolist() == [0.0]
