"""BM25 over hashed terms, held against the formula written plainly."""

import math
from collections.abc import Mapping

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nuonuo_memory.engine.bm25 import postings as postings_module
from nuonuo_memory.engine.bm25.term_index import TermIndex
from nuonuo_memory.errors import DuplicateIdError, InvalidInputError

Documents = Mapping[int, Mapping[int, int]]

BAGS = st.dictionaries(st.integers(-5, 12), st.integers(1, 4), max_size=6)
CORPORA = st.dictionaries(st.integers(1, 60), BAGS, min_size=1, max_size=20)


def add(index: TermIndex, documents: Documents, group: int = 0) -> None:
    pointers = [0]
    for bag in documents.values():
        pointers.append(pointers[-1] + len(bag))
    index.add(
        torch.tensor(list(documents)),
        torch.tensor(pointers),
        term_ids=torch.tensor([t for b in documents.values() for t in b], dtype=torch.int64),
        counts=torch.tensor([c for b in documents.values() for c in b.values()], dtype=torch.int32),
        group=group,
    )


def plain_bm25(
    documents: Documents, query: set[int], k1: float = 1.2, b: float = 0.75
) -> dict[int, float]:
    count = len(documents)
    mean = sum(sum(bag.values()) for bag in documents.values()) / max(count, 1)
    scores = {}
    for memory, bag in documents.items():
        score = 0.0
        for term in query & set(bag):
            n = sum(term in other for other in documents.values())
            idf = math.log(1 + (count - n + 0.5) / (n + 0.5))
            f = bag[term]
            score += idf * f / (f + k1 * (1 - b + b * sum(bag.values()) / mean))
        if query & set(bag):
            scores[memory] = score
    return scores


def as_dict(result: tuple[torch.Tensor, torch.Tensor]) -> dict[int, float]:
    return dict(zip(result[0].tolist(), result[1].tolist(), strict=True))


@pytest.fixture(params=[4, 2048], ids=["short tail", "long tail"])
def tail(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postings_module, "_TAIL_POSTINGS", request.param)


@pytest.mark.usefixtures("tail")
class TestAgainstPlainBM25:
    @settings(max_examples=60, deadline=None)
    @given(corpus=CORPORA, query=st.sets(st.integers(-5, 14), max_size=5), data=st.data())
    def test_scores_agree_whatever_the_order_of_adding_and_removing(
        self, corpus: Documents, query: set[int], data: st.DataObject
    ) -> None:
        index = TermIndex()
        ids = list(corpus)
        at = 0
        while at < len(ids):
            step = data.draw(st.integers(1, 5))
            add(index, {i: corpus[i] for i in ids[at : at + step]})
            at += step
        gone = data.draw(st.sets(st.sampled_from(ids)))
        assert index.remove(torch.tensor(sorted(gone), dtype=torch.int64)) == len(gone)
        back = data.draw(st.sets(st.sampled_from(sorted(gone)))) if gone else set()
        add(index, {i: corpus[i] for i in back})
        left = {i: corpus[i] for i in ids if i not in gone or i in back}

        terms = torch.tensor(sorted(query), dtype=torch.int64)
        expected = plain_bm25(left, query)
        found = as_dict(index.scores(terms, [0]))
        assert found.keys() == expected.keys()
        assert all(math.isclose(found[i], expected[i], rel_tol=1e-12) for i in expected)
        asked = torch.tensor(ids)
        given_scores = index.scores_of(terms, [0], memory_ids=asked).tolist()
        assert given_scores == [found.get(i, 0.0) for i in ids]
        frequency = index.document_frequency(terms, [0]).tolist()
        assert frequency == [sum(t in bag for bag in left.values()) for t in sorted(query)]

        fresh = TermIndex()
        if left:
            add(fresh, dict(sorted(left.items(), reverse=True)))
        assert index.fingerprint() == fresh.fingerprint()
        assert as_dict(fresh.scores(terms, [0])) == found  # to the last bit
        assert len(index) == len(left)

    @settings(max_examples=30, deadline=None)
    @given(one=CORPORA, other=CORPORA, query=st.sets(st.integers(-5, 14), min_size=1, max_size=5))
    def test_groups_are_apart_and_pool_their_statistics(
        self, one: dict[int, dict[int, int]], other: dict[int, dict[int, int]], query: set[int]
    ) -> None:
        other = {memory + 100: bag for memory, bag in other.items()}
        index = TermIndex()
        add(index, one, group=1)
        add(index, other, group=2)
        terms = torch.tensor(sorted(query))
        alone = as_dict(index.scores(terms, [2]))
        assert alone == pytest.approx(plain_bm25(other, query))
        both = as_dict(index.scores(terms, [1, 2]))
        assert both == pytest.approx(plain_bm25({**one, **other}, query))
        assert len(index) == len(one) + len(other)


def test_best_first_ties_by_id_and_allowed() -> None:
    index = TermIndex()
    add(index, {9: {1: 1}, 3: {1: 1}, 5: {1: 2}, 7: {2: 1}})
    query = torch.tensor([1, 1])
    ids, scores = index.scores(query, [0])
    assert ids.tolist() == [5, 3, 9]
    assert scores[1] == scores[2] < scores[0]
    assert index.scores(query, [0], k=2)[0].tolist() == [5, 3]
    allowed = torch.tensor([7, 9])
    assert index.scores(query, [0], allowed=allowed)[0].tolist() == [9]
    assert index.scores(query, [0], allowed=torch.empty(0, dtype=torch.int64))[0].tolist() == []


def test_nothing_asked_or_held() -> None:
    index = TermIndex()
    nothing = torch.empty(0, dtype=torch.int64)
    assert index.scores(torch.tensor([1]), [0])[0].tolist() == []
    add(index, {1: {}, 2: {4: 1}})
    assert index.scores(nothing, [0])[0].tolist() == []
    assert index.scores(torch.tensor([4]), [8])[0].tolist() == []
    assert index.remove(torch.tensor([77])) == 0
    assert index.remove(torch.tensor([1, 2])) == 2
    assert index.fingerprint() == TermIndex().fingerprint()
    assert index.nbytes == 0


def test_a_memory_without_terms_counts() -> None:
    index = TermIndex()
    add(index, {1: {}, 2: {4: 1}, 3: {}})
    assert len(index) == 3
    assert as_dict(index.scores(torch.tensor([4]), [0])) == pytest.approx(
        plain_bm25({1: {}, 2: {4: 1}, 3: {}}, {4})
    )


def test_wrong_calls_say_what_was_expected() -> None:
    index = TermIndex()
    add(index, {1: {4: 1}})
    with pytest.raises(DuplicateIdError, match="once"):
        add(index, {1: {5: 1}})
    one = torch.tensor([1])
    with pytest.raises(InvalidInputError, match="term_ptr"):
        index.add(torch.tensor([2]), one, term_ids=one, counts=one, group=0)
    with pytest.raises(InvalidInputError, match="run from 0"):
        index.add(torch.tensor([2]), torch.tensor([0, 2]), term_ids=one, counts=one, group=0)
    with pytest.raises(InvalidInputError, match="at least 1"):
        index.add(torch.tensor([2]), torch.tensor([0, 1]), term_ids=one, counts=one * 0, group=0)
    with pytest.raises(InvalidInputError, match="k1"):
        TermIndex(k1=-1)
    with pytest.raises(InvalidInputError, match="b in"):
        TermIndex(b=1.5)


def test_agrees_with_bm25s() -> None:
    bm25s = pytest.importorskip("bm25s", reason="bm25s is not installed")
    generator = torch.Generator().manual_seed(0)
    bags = [torch.randint(0, 40, (12,), generator=generator).tolist() for _ in range(60)]
    corpus = [[f"w{term}" for term in bag] for bag in bags]
    other = bm25s.BM25(method="lucene", k1=1.2, b=0.75)
    other.index(corpus, show_progress=False)
    index = TermIndex()
    add(index, {i + 1: {t: bag.count(t) for t in bag} for i, bag in enumerate(bags)})
    for query in ([1, 2, 3], [7], [39, 0, 5, 8]):
        expected = other.get_scores([f"w{term}" for term in query])
        mine = index.scores_of(torch.tensor(query), [0], memory_ids=torch.arange(1, 61))
        assert mine.tolist() == pytest.approx(expected.tolist(), abs=1e-5)


@given(documents=CORPORA, query=st.sets(st.integers(-5, 20), min_size=1, max_size=6))
def test_attainable_is_what_one_of_mean_length_scores_that_holds_each_term_once(
    documents: Documents, query: set[int]
) -> None:
    index = TermIndex()
    add(index, documents)
    found = index.match(torch.tensor(sorted(query)), groups=[0]).attainable()
    expected = sum(
        math.log(1 + (len(documents) - n + 0.5) / (n + 0.5)) / 2.2
        for n in (sum(term in bag for bag in documents.values()) for term in query)
    )
    assert found == pytest.approx(expected)
