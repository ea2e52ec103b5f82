"""An encoder of ours as a LlamaIndex embedding model."""

from __future__ import annotations

import asyncio
from typing import Any

from llama_index.core.base.embeddings.base import BaseEmbedding, Embedding
from llama_index.core.bridge.pydantic import PrivateAttr

from nuonuo_memory.encoders.base import Encoder
from nuonuo_memory.encoders.minilm import NAME, load_minilm
from nuonuo_memory.errors import EncoderError


class NuonuoEmbedding(BaseEmbedding):
    """All-MiniLM-L6-v2, or any other `Encoder`, for LlamaIndex's own indexes.

    With it a `VectorStoreIndex` runs without a service and without further packages, on the same
    vectors as the memory beside it. After serialisation only MiniLM can be loaded again by name.

    Args:
        encoder: What encodes; MiniLM, loaded on first use, when `None`.
    """

    _encoder: Encoder | None = PrivateAttr(default=None)

    def __init__(
        self,
        encoder: Encoder | None = None,
        **fields: Any,  # noqa: ANN401 - the fields of `BaseEmbedding`, which pydantic checks
    ) -> None:
        name = NAME if encoder is None else encoder.name
        super().__init__(**{"embed_batch_size": 64, "model_name": name, **fields})
        self._encoder = encoder

    @classmethod
    def class_name(cls) -> str:
        """Return the name that LlamaIndex writes beside serialised fields."""
        return "NuonuoEmbedding"

    @property
    def encoder(self) -> Encoder:
        """What encodes.

        Raises:
            EncoderError: It was another encoder than MiniLM and was lost in serialisation.
        """
        if self._encoder is None:
            if self.model_name != NAME:
                raise EncoderError(
                    f"the encoder {self.model_name!r} does not travel in JSON; "
                    "make a new NuonuoEmbedding(encoder)"
                )
            self._encoder = load_minilm()
        return self._encoder

    def _get_query_embedding(self, query: str) -> Embedding:
        vector: Embedding = self.encoder.encode_queries([query])[0].tolist()
        return vector

    async def _aget_query_embedding(self, query: str) -> Embedding:
        return await asyncio.to_thread(self._get_query_embedding, query)

    def _get_text_embedding(self, text: str) -> Embedding:
        return self._get_text_embeddings([text])[0]

    async def _aget_text_embedding(self, text: str) -> Embedding:
        return await asyncio.to_thread(self._get_text_embedding, text)

    def _get_text_embeddings(self, texts: list[str]) -> list[Embedding]:
        vectors: list[Embedding] = self.encoder.encode(texts).tolist()
        return vectors

    async def _aget_text_embeddings(self, texts: list[str]) -> list[Embedding]:
        return await asyncio.to_thread(self._get_text_embeddings, texts)
