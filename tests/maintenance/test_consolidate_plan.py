"""The offline pass plans merges, strengths and prunes, and changes nothing itself."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nuonuo_memory.config import ConsolidationConfig
from nuonuo_memory.errors import InvalidInputError
from nuonuo_memory.maintenance.consolidation_plan import Confusion, Merge, Strength, Usage, plan


def unit(n: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.nn.functional.normalize(torch.randn(n, 32, generator=generator), dim=1)


def facts(count: int, **same: int) -> list[Usage]:
    return [Usage(str(place), copies=0, words=same.get("words", place)) for place in range(count)]


def test_merges_copies_into_the_stronger_and_the_older() -> None:
    vectors = unit(4)[[0, 1, 2, 3, 1, 2]]
    words = [0, 1, 2, 3, 1, 2]
    usage = [replace(one, words=word) for one, word in zip(facts(6), words, strict=True)]
    usage[5] = replace(usage[5], uses=5)
    found = plan(vectors, torch.arange(6), usage)
    assert [(merge.kept, merge.gone) for merge in found.merged] == [("5", "2"), ("1", "4")]
    assert all(merge.cosine == pytest.approx(1.0) for merge in found.merged)
    assert found.forgotten == ("2", "4")


def test_other_words_are_listed_and_merged_only_by_cosine_alone() -> None:
    vectors = unit(1).repeat(2, 1)
    found = plan(vectors, torch.arange(2), facts(2))
    assert (found.merged, found.alike) == ((), (Merge("0", "1", pytest.approx(1.0)),))
    found = plan(vectors, torch.arange(2), facts(2), config=ConsolidationConfig(same_words=False))
    assert (found.merged, found.alike) == ((Merge("0", "1", pytest.approx(1.0)),), ())


def test_one_shared_cue_does_not_make_a_copy() -> None:
    thanks, flight, hotel = unit(3)
    vectors = torch.stack([thanks, flight, thanks, hotel])
    config = ConsolidationConfig(same_words=False)
    found = plan(vectors, torch.tensor([0, 0, 1, 1]), facts(2), config=config)
    assert (found.merged, found.alike) == ((), ())


def test_what_covers_more_keeps_the_other() -> None:
    thanks, flight = unit(2)
    vectors = torch.stack([thanks, thanks, flight])
    config = ConsolidationConfig(same_words=False)
    usage = [Usage("short", copies=0), Usage("long", copies=0, uses=3)]
    found = plan(vectors, torch.tensor([0, 1, 1]), usage, config=config)
    assert [(merge.kept, merge.gone) for merge in found.merged] == [("long", "short")]


@pytest.mark.parametrize(
    "second",
    [Usage("1", copies=1), Usage("1", copies=None), Usage("1", copies=0, tied=True)],
    ids=["another group", "no copy of any", "tied"],
)
def test_what_may_not_go_stays(second: Usage) -> None:
    first = Usage("0", copies=0, tied=second.tied)
    found = plan(unit(1).repeat(3, 1), torch.tensor([0, 0, 1]), [first, second])
    assert (found.merged, found.alike) == ((), ())


def test_what_is_tied_is_kept_though_it_is_newer_and_weaker() -> None:
    usage = [Usage("0", copies=0, uses=9), Usage("1", copies=0, tied=True)]
    found = plan(unit(1).repeat(2, 1), torch.arange(2), usage)
    assert [(merge.kept, merge.gone) for merge in found.merged] == [("1", "0")]
    assert found.strengthened[0].id == "1"  # it took over the uses


def test_however_many_copies_one_stays() -> None:
    count = 3000
    found = plan(unit(1).repeat(count, 1), torch.arange(count), facts(count, words=7))
    assert {merge.kept for merge in found.merged} == {"0"}
    assert len(found.merged) == count - 1


def test_use_strengthens_time_decays_and_the_faded_go() -> None:
    usage = [
        Usage("1", uses=10),
        Usage("2", idle_days=90),
        Usage("3", idle_days=2000),
        Usage("4"),
        Usage("5", idle_days=90, strength=0.5),
    ]
    config = ConsolidationConfig(prune_below=0.01)
    found = plan(unit(5), torch.arange(5), usage, config=config)
    assert [one.id for one in found.strengthened] == ["1"]
    assert found.decayed == (Strength("2", 1.0, 0.5),)
    assert [one.id for one in found.pruned] == ["3"]


def test_a_memory_without_a_cue_fades_too() -> None:
    found = plan(torch.empty(0, 8), torch.empty(0, dtype=torch.int64), [Usage("1", idle_days=90)])
    assert found.decayed == (Strength("1", 1.0, 0.5),)


def test_replay_lists_what_no_longer_leads_home() -> None:
    vectors = unit(30)
    vectors[7] = vectors[3] + 1e-3 * vectors[5]
    usage = [Usage(str(place)) for place in range(30)]
    config = ConsolidationConfig(replay_noise=1.2)
    found = plan(vectors, torch.arange(30), usage, config=config).confused
    assert {one.id for one in found} & {"3", "7"}
    assert found == plan(vectors, torch.arange(30), usage, config=config).confused
    apart = [replace(one, namespace=place) for place, one in enumerate(usage)]
    assert plan(vectors, torch.arange(30), apart, config=config).confused == ()


def test_replay_asks_the_strongest() -> None:
    vectors = unit(1).repeat(3, 1)
    usage = [Usage("0"), Usage("1"), Usage("2", uses=1)]
    found = plan(vectors, torch.arange(3), usage, config=ConsolidationConfig(replay=1))
    assert found.confused == (Confusion("2", "0"),)


def test_the_plan_of_nothing_is_empty_and_orphans_are_refused() -> None:
    found = plan(torch.empty(0, 8), torch.empty(0, dtype=torch.int64), [])
    assert (found.memories, found.forgotten) == (0, ())
    with pytest.raises(InvalidInputError, match="expected an owner"):
        plan(unit(1), torch.tensor([5]), [])
    with pytest.raises(InvalidInputError, match="merge_at"):
        ConsolidationConfig(merge_at=0.0)


MEMORIES = st.lists(
    st.tuples(
        st.lists(st.integers(0, 3), min_size=1, max_size=3),  # directions of its cues
        st.integers(0, 2),  # words
        st.sampled_from([None, 0, 1]),  # copies
        st.booleans(),  # tied
        st.integers(0, 3),  # uses
    ),
    max_size=12,
)


@given(memories=MEMORIES, same_words=st.booleans())
def test_every_copy_is_covered_by_what_stays(
    memories: list[tuple[list[int], int, int | None, bool, int]], same_words: bool
) -> None:
    directions = torch.eye(4)
    owners = [place for place, one in enumerate(memories) for _ in one[0]]
    vectors = directions[[cue for one in memories for cue in one[0]]]
    usage = [
        Usage(str(place), uses=uses, words=words, copies=copies, tied=tied)
        for place, (_, words, copies, tied, uses) in enumerate(memories)
    ]
    config = ConsolidationConfig(same_words=same_words, replay=0)
    found = plan(vectors, torch.tensor(owners, dtype=torch.int64), usage, config=config)
    gone = set(found.forgotten)
    assert len(gone) == len(found.merged)
    for merge in found.merged:
        kept, lost = int(merge.kept), int(merge.gone)
        assert merge.kept not in gone
        assert set(memories[lost][0]) <= set(memories[kept][0])
        assert usage[kept].copies == usage[lost].copies is not None
        assert not usage[lost].tied
        assert not same_words or usage[kept].words == usage[lost].words
        worth = [(len(memories[place][0]), usage[place].uses) for place in (kept, lost)]
        assert worth[0] >= worth[1] or usage[kept].tied
    rest = [place for place in range(len(usage)) if str(place) not in gone]
    if same_words:  # nothing that could have gone stays beside what says the same
        for place in rest:
            for other in rest:
                assert place == other or not (
                    usage[place].copies is not None
                    and usage[place].copies == usage[other].copies
                    and usage[place].words == usage[other].words
                    and set(memories[place][0]) == set(memories[other][0])
                    and not usage[place].tied
                )
