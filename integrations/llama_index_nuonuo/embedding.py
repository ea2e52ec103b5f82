"""An encoder of ours as a LlamaIndex embedding model."""

from __future__ import annotations

import asyncio
from typing import Any

from llama_index.core.base.embeddings.base import BaseEmbedding, Embedding
from llama_index.core.bridge.pydantic import PrivateAttr

from nuonuo_memory.agents.arguments import refuse_unknown
from nuonuo_memory.encoders import AnyEncoder, Encoder, as_encoder
from nuonuo_memory.encoders.minilm import NAME, load_minilm
from nuonuo_memory.errors import EncoderError


class NuonuoEmbedding(BaseEmbedding):
    """All-MiniLM-L6-v2, or any other encoder, for LlamaIndex's own indexes.

    With it a `VectorStoreIndex` runs without a service and without further packages, on the same
    vectors as the memory beside it. After serialisation only MiniLM can be loaded again by name.

    Args:
        encoder: What encodes: an `Encoder`, or an embedder of another framework; MiniLM, loaded on
            first use, when `None`.
        fields: The fields of `BaseEmbedding`, such as `embed_batch_size`.

    Raises:
        InvalidInputError: `encoder` is no encoder.
        TypeError: There is no such field.
    """

    _encoder: Encoder | None = PrivateAttr(default=None)

    def __init__(
        self,
        encoder: AnyEncoder | None = None,
        **fields: Any,  # noqa: ANN401 - the fields of `BaseEmbedding`, which pydantic checks
    ) -> None:
        refuse_unknown(fields, type(self).model_fields, by=type(self).__name__)
        own = None if encoder is None else as_encoder(encoder)
        name = NAME if own is None else own.name
        super().__init__(**{"embed_batch_size": 64, "model_name": name, **fields})
        self._encoder = own

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
