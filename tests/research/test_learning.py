"""What is learned from data or in time: BioHash, spikes, plasticity rules."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from nuonuo_memory.errors import FormatError, InvalidInputError, VectorError
from nuonuo_memory.research.biohash import BioHash, BioHashConfig
from nuonuo_memory.research.plasticity import OuterProduct, Plasticity, SpikeTiming, recall
from nuonuo_memory.research.separation import PatternSeparator, Separator, overlap
from nuonuo_memory.research.spiking import SpikingAutoencoder, SpikingConfig, train

D = 48


def clustered(n: int, seed: int = 0) -> Tensor:
    """Unit vectors of low effective dimension, as sentence embeddings are."""
    generator = torch.Generator().manual_seed(seed)
    basis = torch.randn(24, D, generator=torch.Generator().manual_seed(9))
    x = torch.randn(n, 24, generator=generator) @ basis
    return torch.nn.functional.normalize(
        x + 2 * torch.randn(n, D, generator=generator) + basis[0], dim=1
    )


def disturbed(x: Tensor, noise: float) -> Tensor:
    generator = torch.Generator().manual_seed(4)
    return x + noise / x.shape[1] ** 0.5 * torch.randn(x.shape, generator=generator)


HASH = BioHashConfig(code_dim=512, winners=12, epochs=12, batch_size=64, learning_rate=5e-3)


@pytest.fixture(scope="module")
def fitted() -> BioHash:
    return BioHash.fit(clustered(500), config=HASH)


def test_biohash_keeps_disturbed_vectors_together(fitted: BioHash) -> None:
    held_out = clustered(200, seed=1)
    random = PatternSeparator(D, code_dim=512, winners=12)

    def shares(separator: Separator) -> tuple[float, float]:
        codes = separator.codes(held_out)
        like = overlap(codes, separator.codes(disturbed(held_out, 0.5)))
        return float(like.double().mean()) / 12, float(
            overlap(codes[:100], codes[100:]).double().mean()
        ) / 12

    assert shares(fitted)[0] > shares(random)[0] + 0.03
    assert shares(fitted)[1] < 0.35


def test_biohash_is_deterministic_and_survives_a_file(fitted: BioHash, tmp_path: Path) -> None:
    pytest.importorskip("safetensors")
    queries = clustered(20, seed=2)
    again = BioHash.fit(clustered(500), config=HASH)
    assert torch.equal(again.codes(queries), fitted.codes(queries))
    fitted.save(tmp_path / "hash.safetensors")
    loaded = BioHash.load(tmp_path / "hash.safetensors")
    assert torch.equal(loaded.codes(queries), fitted.codes(queries))
    assert (loaded.code_dim, loaded.winners, loaded.dimension) == (512, 12, D)
    assert (tmp_path / "hash.safetensors").stat().st_size < 512 * D + 400


def test_biohash_learns_from_paraphrases() -> None:
    vectors = clustered(300)
    given = BioHash.fit(vectors, positives=disturbed(vectors, 0.8), config=HASH)
    assert given.codes(vectors).shape == (300, 12)


def test_biohash_refuses(tmp_path: Path) -> None:
    pytest.importorskip("safetensors")
    with pytest.raises(InvalidInputError, match="at least 2"):
        BioHash.fit(clustered(1))
    (tmp_path / "bad").write_bytes(b"not a file of tensors")
    with pytest.raises(FormatError, match="not a saved BioHash"):
        BioHash.load(tmp_path / "bad")
    from safetensors.torch import save_file

    save_file({"projection": torch.zeros(2, 2)}, tmp_path / "other")
    with pytest.raises(FormatError, match="nuonuo-biohash"):
        BioHash.load(tmp_path / "other")


def test_spikes_carry_vectors() -> None:
    """Trained on some vectors, tested on others, at a low rate, soon and not silent."""
    model = SpikingAutoencoder(D, config=SpikingConfig(neurons=160, steps=48))
    history = train(model, clustered(1200), epochs=4, batch_size=128)
    report = model.report(clustered(200, seed=1))
    assert history[-1].loss < history[0].loss
    assert report.cosine >= 0.98
    assert report.worst <= report.cosine
    assert 0.03 <= report.rate <= 0.15
    assert 0 < report.latency < 48
    assert report.silent < 0.3


def test_spikes_are_zeros_and_ones_and_decode() -> None:
    model = SpikingAutoencoder(D, config=SpikingConfig(neurons=64, steps=20))
    vectors = clustered(5)
    with torch.no_grad():
        spikes = model.spikes(vectors)
        assert spikes.shape == (5, 20, 64)
        assert set(spikes.unique().tolist()) == {0.0, 1.0}
        torch.testing.assert_close(model.decode(spikes), model(vectors))
    with pytest.raises(VectorError):
        model.spikes(vectors[:, :3])
    with pytest.raises(InvalidInputError, match="rate"):
        SpikingConfig(rate=1.0)


def test_gradients_pass_the_spikes() -> None:
    model = SpikingAutoencoder(D, config=SpikingConfig(neurons=32, steps=10))
    model(clustered(4)).square().sum().backward()
    gradient = model.current.weight.grad
    assert gradient is not None
    assert float(gradient.abs().sum()) > 0


def test_training_is_deterministic() -> None:
    runs = []
    for _ in range(2):
        model = SpikingAutoencoder(D, config=SpikingConfig(neurons=32, steps=10))
        train(model, clustered(100), epochs=1, batch_size=50)
        runs.append(model.readout.weight.detach().clone())
    assert torch.equal(*runs)


def pairs(n: int) -> tuple[Tensor, Tensor]:
    separator = PatternSeparator(D, code_dim=512, winners=12)
    generator = torch.Generator().manual_seed(0)
    return (
        separator.codes(torch.randn(n, D, generator=generator)),
        separator.codes(torch.randn(n, D, generator=generator)),
    )


def stored_by(rule: Plasticity, n: int) -> float:
    cues, targets = pairs(n)
    weights = torch.zeros(512, 512)
    rule.learn(weights, cues, targets)
    found = recall(weights, cues, winners=12)
    return float(overlap(found, targets).double().mean()) / 12


def test_timing_needs_a_teacher_and_stores_less_than_the_outer_product() -> None:
    assert stored_by(OuterProduct(), 150) > 0.99
    assert stored_by(SpikeTiming(forced=False), 150) < 0.1
    forced = stored_by(SpikeTiming(), 150)
    assert 0.3 < forced < stored_by(OuterProduct(), 150)
    assert stored_by(SpikeTiming(jitter=0.0), 150) > forced


def test_rules_refuse_shapes_that_do_not_fit() -> None:
    with pytest.raises(InvalidInputError, match="square"):
        OuterProduct().learn(torch.zeros(3, 4), torch.zeros(1, 2), torch.zeros(1, 2))
