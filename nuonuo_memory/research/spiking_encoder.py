"""An encoder whose vectors have passed through spikes.

A stage for neuromorphic set-ups and for studies: what is stored and asked is what spike trains of a
trained `SpikingAutoencoder` keep of another encoder's vectors.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from nuonuo_memory.encoders.base import Encoder, encode_checked
from nuonuo_memory.errors import EncoderError
from nuonuo_memory.research.spiking import SpikingAutoencoder


class SpikingEncoder:
    """Another encoder's vectors, turned into spikes and read back.

    Args:
        encoder: Makes the vectors.
        model: A trained network of the same dimension.

    Raises:
        EncoderError: If the dimensions differ.
    """

    def __init__(self, encoder: Encoder, model: SpikingAutoencoder) -> None:
        if model.dimension != encoder.dimension:
            raise EncoderError(
                f"the spiking network must have the encoder's dimension {encoder.dimension}, "
                f"got {model.dimension}; train one on this encoder's vectors"
            )
        self._encoder = encoder
        self._model = model.eval()

    @property
    def name(self) -> str:
        """The inner encoder's name, the network's shape and its seed."""
        shape = self._model.config
        return f"{self._encoder.name}+spikes-{shape.neurons}x{shape.steps}-{shape.seed}"

    @property
    def dimension(self) -> int:
        """Size of a vector."""
        return self._encoder.dimension

    def encode(self, texts: Sequence[str]) -> Tensor:
        """Encode texts: float32 `[n, dimension]`, unit rows."""
        return self._through(encode_checked(self._encoder, texts))

    def encode_queries(self, texts: Sequence[str]) -> Tensor:
        """Encode questions as the inner encoder does."""
        return self._through(encode_checked(self._encoder, texts, queries=True))

    def spikes(self, texts: Sequence[str]) -> Tensor:
        """Return the spike trains of texts, zeros and ones `[n, steps, neurons]`."""
        with torch.no_grad():
            return self._model.spikes(encode_checked(self._encoder, texts))

    def _through(self, vectors: Tensor) -> Tensor:
        with torch.no_grad():
            parts = [self._model(part) for part in torch.split(vectors, 256)]
        decoded = torch.cat(parts) if parts else vectors
        return functional.normalize(decoded, dim=1).to(torch.float32)
