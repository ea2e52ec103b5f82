"""The offline pass plans merges, strengths, decay and prunes, and changes nothing itself."""

from __future__ import annotations

import pytest
import torch

from nuonuo_memory.consolidate import (
    ConsolidationConfig,
    Decay,
    Merge,
    Prune,
    Replayed,
    Strengthen,
    Usage,
    plan,
)
from nuonuo_memory.errors import InvalidInputError


def unit(n: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.nn.functional.normalize(torch.randn(n, 32, generator=generator), dim=1)


def test_merges_near_duplicates_into_the_stronger() -> None:
    base = unit(4)
    vectors = torch.cat([base, base[1:2] + 0.01, base[2:3] + 0.01])
    owners = torch.tensor([10, 11, 12, 13, 14, 15])
    usage = [Usage(key, uses=5 if key == 15 else 0) for key in owners.tolist()]
    merges = [action for action in plan(vectors, owners, usage) if isinstance(action, Merge)]
    assert {(merge.kept, merge.gone) for merge in merges} == {(11, 14), (15, 12)}
    assert all(0.95 <= merge.cosine <= 1.0 for merge in merges)


def test_never_merges_across_groups_or_within_one_memory() -> None:
    vectors = unit(1).repeat(3, 1)
    owners = torch.tensor([1, 1, 2])
    assert plan(vectors, owners, [Usage(1, group=0), Usage(2, group=1)]) == []


def test_a_chain_of_duplicates_keeps_one() -> None:
    vectors = unit(1).repeat(5, 1)
    usage = [Usage(key) for key in range(5)]
    actions = plan(vectors, torch.arange(5), usage)
    assert {action.gone for action in actions if isinstance(action, Merge)} == {1, 2, 3, 4}


def test_use_strengthens_and_time_decays() -> None:
    usage = [
        Usage(1, uses=10),
        Usage(2, idle_days=90),
        Usage(3, idle_days=2000),
        Usage(4),
    ]
    config = ConsolidationConfig(prune_below=0.01)
    actions = plan(unit(4), torch.tensor([1, 2, 3, 4]), usage, config=config)
    assert [type(action) for action in actions] == [Strengthen, Decay, Prune]
    assert actions[0].memory_id == 1
    assert actions[1] == Decay(2, 1.0, 0.5)
    assert actions[2].memory_id == 3


def test_replay_lists_what_no_longer_leads_home() -> None:
    vectors = unit(30)
    vectors[7] = vectors[3] + 1e-3 * vectors[5]
    usage = [Usage(key) for key in range(30)]
    config = ConsolidationConfig(merge_at=1.0, replay_noise=1.2)
    failed = [
        a for a in plan(vectors, torch.arange(30), usage, config=config) if isinstance(a, Replayed)
    ]
    assert {action.memory_id for action in failed} & {3, 7}
    assert failed == [
        a for a in plan(vectors, torch.arange(30), usage, config=config) if isinstance(a, Replayed)
    ]


def test_the_plan_of_nothing_is_empty_and_orphans_are_refused() -> None:
    assert plan(torch.empty(0, 8), torch.empty(0, dtype=torch.int64), []) == []
    with pytest.raises(InvalidInputError, match="usage record"):
        plan(unit(1), torch.tensor([5]), [])
    with pytest.raises(InvalidInputError, match="merge_at"):
        ConsolidationConfig(merge_at=0.0)
