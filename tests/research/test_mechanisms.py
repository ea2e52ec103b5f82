"""One body of tests for every recall mechanism, device and input type."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from nuonuo_memory.errors import InvalidInputError, VectorError
from nuonuo_memory.research.mechanisms import MECHANISMS, Mechanism, MechanismConfig, create

D = 64
CONFIG = MechanismConfig(code_dim=2048, winners=24)
DTYPES = [torch.float32, torch.float16, torch.bfloat16, torch.float64]
DEVICES = [
    "cpu",
    pytest.param(
        "cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
    ),
]


def unit(n: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.nn.functional.normalize(torch.randn(n, D, generator=generator), dim=1)


def near(vectors: Tensor, cosine: float, seed: int) -> Tensor:
    noise = unit(len(vectors), seed)
    noise = noise - (noise * vectors).sum(1, keepdim=True) * vectors
    noise = torch.nn.functional.normalize(noise, dim=1)
    return cosine * vectors + (1 - cosine**2) ** 0.5 * noise


def filled(name: str, *, device: str = "cpu", dtype: torch.dtype = torch.float32) -> Mechanism:
    mechanism = create(name, D, config=CONFIG, device=device)
    cues, targets = unit(60, 1).to(device, dtype), unit(60, 2).to(device, dtype)
    mechanism.store(cues, targets, torch.arange(60) * 7)
    return mechanism


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("name", MECHANISMS)
def test_exact_and_near_cues_are_recalled(name: str, dtype: torch.dtype, device: str) -> None:
    mechanism = filled(name, device=device, dtype=dtype)
    exact = mechanism.recall(unit(60, 1).to(device, dtype)).ids[:, 0].cpu()
    near_by = mechanism.recall(near(unit(60, 1), 0.9, 3).to(device, dtype)).ids[:, 0].cpu()
    wanted = torch.arange(60) * 7
    if name != "attractor":  # it may slide into a mixture of cues even from an exact one
        assert float((exact == wanted).double().mean()) == 1.0
    assert float((near_by == wanted).double().mean()) >= 0.85


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", MECHANISMS)
def test_batch_of_one_equals_batch_of_many(name: str, device: str) -> None:
    mechanism = filled(name, device=device)
    queries = near(unit(20, 1), 0.7, 3).to(device)
    together = mechanism.recall(queries, k=3)
    alone = [mechanism.recall(query[None], k=3) for query in queries]
    assert torch.equal(together.ids, torch.cat([found.ids for found in alone]))
    torch.testing.assert_close(
        together.scores, torch.cat([found.scores for found in alone]), atol=1e-6, rtol=1e-6
    )


@pytest.mark.parametrize("name", MECHANISMS)
def test_several_cues_lead_to_one_memory(name: str) -> None:
    mechanism = create(name, D, config=CONFIG)
    cues, target = unit(12, 1), unit(3, 2)
    ids = torch.arange(12) % 3
    mechanism.store(cues, target[ids], ids)
    found = mechanism.recall(cues, k=3)
    assert torch.equal(found.ids[:, 0], ids)
    for row in found.ids.tolist():
        named = [memory for memory in row if memory >= 0]
        assert len(named) == len(set(named))


@pytest.mark.parametrize("name", MECHANISMS)
def test_scores_fall_and_padding_is_marked(name: str) -> None:
    mechanism = create(name, D, config=CONFIG)
    mechanism.store(unit(3, 1), unit(3, 2), torch.tensor([5, 6, 9]))
    found = mechanism.recall(unit(3, 1), k=5)
    assert found.ids.shape == found.scores.shape == (3, 5)
    assert bool((found.scores[:, 1:] <= found.scores[:, :-1]).all())
    assert torch.equal(found.ids < 0, found.scores == -torch.inf)
    assert bool((found.ids[:, 3:] == -1).all())


@pytest.mark.parametrize("name", MECHANISMS)
def test_storing_in_parts_equals_storing_at_once(name: str) -> None:
    parts = create(name, D, config=CONFIG)
    cues, targets, ids = unit(60, 1), unit(60, 2), torch.arange(60) * 7
    for rows in torch.arange(60).split(17):
        parts.store(cues[rows], targets[rows], ids[rows])
    queries = near(cues, 0.8, 3)
    assert torch.equal(parts.recall(queries, k=4).ids, filled(name).recall(queries, k=4).ids)


@pytest.mark.parametrize("name", MECHANISMS)
def test_refuses_what_it_cannot_store(name: str) -> None:
    mechanism = create(name, D, config=CONFIG)
    with pytest.raises(InvalidInputError, match="one id for each"):
        mechanism.store(unit(3, 1), unit(3, 2), torch.arange(2))
    with pytest.raises(InvalidInputError, match="int64"):
        mechanism.store(unit(3, 1), unit(3, 2), torch.arange(3) - 1)
    with pytest.raises(VectorError):
        mechanism.store(unit(3, 1)[:, :5], unit(3, 2), torch.arange(3))
    mechanism.store(unit(3, 1), unit(3, 2), torch.arange(3))
    with pytest.raises(VectorError, match="finite"):
        mechanism.recall(torch.full((1, D), torch.nan))


def test_unknown_name_lists_the_known() -> None:
    with pytest.raises(InvalidInputError, match="two-stage"):
        create("holographic", D)
