"""A spiking stage is an encoder like any other."""

from __future__ import annotations

import pytest
import torch

from nuonuo_memory.encoders.base import Encoder, HashingEncoder
from nuonuo_memory.errors import EncoderError
from nuonuo_memory.research.spiking import SpikingAutoencoder, SpikingConfig, train
from nuonuo_memory.research.spiking_encoder import SpikingEncoder

NOUNS = ("organ", "canoe", "kettle", "garden", "letter", "engine", "castle", "pigeon")
VERBS = ("sold", "painted", "lost", "found", "borrowed", "repaired")
TEXTS = [f"Ada {verb} the {noun} of {other}" for verb in VERBS for noun in NOUNS for other in NOUNS]


@pytest.fixture(scope="module")
def stage() -> SpikingEncoder:
    inner = HashingEncoder(64)
    model = SpikingAutoencoder(64, config=SpikingConfig(neurons=192, steps=48))
    train(model, inner.encode(TEXTS[::2]), epochs=3, batch_size=64)
    return SpikingEncoder(inner, model)


def test_vectors_survive_the_spikes(stage: SpikingEncoder) -> None:
    assert isinstance(stage, Encoder)
    assert stage.name == "hashing-64+spikes-192x48-0"
    held_out = TEXTS[1::2]
    given, decoded = HashingEncoder(64).encode(held_out), stage.encode(held_out)
    assert decoded.shape == (len(held_out), 64)
    assert decoded.dtype == torch.float32
    torch.testing.assert_close(decoded.norm(dim=1), torch.ones(len(held_out)))
    assert float((given * decoded).sum(dim=1).mean()) > 0.95
    assert torch.equal(stage.encode_queries(held_out[:3]), stage.encode(held_out[:3]))


def test_nothing_in_nothing_out_and_spikes_can_be_seen(stage: SpikingEncoder) -> None:
    assert stage.encode([]).shape == (0, 64)
    spikes = stage.spikes(["Ada sold the canoe"])
    assert spikes.shape == (1, 48, 192)
    assert 0 < float(spikes.mean()) < 0.3


def test_refuses_another_dimension() -> None:
    with pytest.raises(EncoderError, match="dimension 64"):
        SpikingEncoder(HashingEncoder(64), SpikingAutoencoder(32))
