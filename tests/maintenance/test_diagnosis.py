"""The diagnosis finds what collides and draws it."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import numpy as np
import pytest
import torch

from nuonuo_memory.errors import InvalidInputError
from nuonuo_memory.maintenance.diagnosis import diagnose, diagnose_cues
from nuonuo_memory.store.rows import CueBatch


def unit(n: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.nn.functional.normalize(torch.randn(n, 64, generator=generator), dim=1)


def test_well_separated_memories_are_fine() -> None:
    found = diagnose(unit(200), torch.arange(200))
    assert found.memories == found.cues == 200
    assert found.collisions == ()
    assert found.crosstalk < 0.01
    assert found.load < 1
    assert found.beta_needed > 0
    assert sum(found.histogram) == 200
    assert sorted(found.margins) == list(found.margins)


def test_collisions_are_listed_closest_first() -> None:
    vectors = unit(50)
    vectors[10] = vectors[20]
    vectors[30] = vectors[40] + 0.02 * vectors[1]
    found = diagnose(vectors, torch.arange(50))
    assert [(c.first, c.second) for c in found.collisions] == [(10, 20), (30, 40)]
    assert found.colliding == pytest.approx(4 / 50)
    assert found.worst_crosstalk > 0.3
    assert any("2 pairs" in line for line in found.lines())


def test_cues_of_one_memory_and_other_namespaces_do_not_collide() -> None:
    vectors = unit(1).repeat(4, 1)
    owners, groups = torch.tensor([1, 1, 2, 3]), torch.tensor([0, 0, 1, 2])
    found = diagnose(vectors, owners, groups=groups)
    assert found.collisions == ()
    assert found.crosstalk == 0.0


def test_the_picture_is_well_formed() -> None:
    root = ET.fromstring(diagnose(unit(100), torch.arange(100)).svg())
    bars = [node for node in root if node.tag.endswith("rect")]
    assert len(bars) == 21
    assert "cues" in "".join(root.itertext())


def test_a_single_cue_and_none() -> None:
    found = diagnose(unit(1), torch.tensor([4]))
    assert found.crosstalk == 0.0
    ET.fromstring(found.svg())
    with pytest.raises(InvalidInputError, match="at least one cue"):
        diagnose(torch.empty(0, 8), torch.empty(0, dtype=torch.int64))


def test_sampling_looks_at_cues_spread_over_all() -> None:
    found = diagnose(unit(1000), torch.arange(1000), sample=100)
    assert found.cues == 100
    assert found.memories == 1000


def test_a_store_is_diagnosed_by_its_batches_of_cues() -> None:
    vectors = unit(60)
    vectors[5] = vectors[50]
    rows = vectors.half().numpy()
    keys = np.arange(60, dtype=np.int64)
    batches = [
        CueBatch(keys[part], keys[part] + 7, np.zeros(len(keys[part]), dtype=np.int64), rows[part])
        for part in (slice(0, 40), slice(40, 60))
    ]
    found = diagnose_cues(batches)
    assert [(one.first, one.second) for one in found.collisions] == [(12, 57)]
    with pytest.raises(InvalidInputError, match="empty"):
        diagnose_cues([])
