"""Embedders of other frameworks as encoders, told by their methods; nothing is imported."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Lock
from typing import Any, Protocol, TypeAlias

import torch
from torch import Tensor

from nuonuo_memory.encoders.base import NETWORK_CALLS, Encoder, unit_rows
from nuonuo_memory.encoders.network import NetworkEncoder, RequestLimits
from nuonuo_memory.errors import EncoderError, InvalidInputError

_MODEL_ATTRIBUTES = ("model_name", "model", "model_id", "deployment")


class SupportsEmbedDocuments(Protocol):
    """An embedder with LangChain's methods."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return the vectors of texts to be stored."""
        ...

    def embed_query(self, text: str) -> list[float]:
        """Return the vector of one question."""
        ...


class SupportsTextEmbeddings(Protocol):
    """An embedder with LlamaIndex's methods."""

    def get_text_embedding_batch(self, texts: list[str], /, **kwargs: Any) -> list[list[float]]:  # noqa: ANN401 - LlamaIndex's own
        """Return the vectors of texts to be stored."""
        ...

    def get_query_embedding(self, query: str) -> list[float]:
        """Return the vector of one question."""
        ...


class SupportsAsyncEmbedDocuments(Protocol):
    """An embedder with LangChain's async methods and none of the others."""

    async def aembed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return the vectors of texts to be stored."""
        ...

    async def aembed_query(self, text: str) -> list[float]:
        """Return the vector of one question."""
        ...


class SupportsAsyncEncode(Protocol):
    """An `Encoder` whose `encode` and `encode_queries` are coroutine functions."""

    @property
    def name(self) -> str:
        """The model's name."""
        ...

    @property
    def dimension(self) -> int:
        """Size of a vector."""
        ...

    async def encode(self, texts: list[str]) -> object:
        """Encode texts to be stored."""
        ...

    async def encode_queries(self, texts: list[str]) -> object:
        """Encode questions."""
        ...


AnyEncoder: TypeAlias = (
    Encoder
    | SupportsEmbedDocuments
    | SupportsTextEmbeddings
    | SupportsAsyncEmbedDocuments
    | SupportsAsyncEncode
)
"""What `TextMemory.open` takes as an encoder."""


class EmbedderEncoder:
    """An embedder of lists of floats, seen as an `Encoder`.

    Such embedders answer one question at a time, so that several are asked in as many threads.
    They split texts into batches and repeat failed requests by themselves; for one that does not,
    take `NetworkEncoder`.

    Args:
        name: What to call it.
        embed: Vectors of texts to be stored.
        embed_query: The vector of one question.

    Raises:
        EncoderError: By any method, when the embedder raised or gave no set of vectors; the
            embedder's own error is its cause.
    """

    def __init__(
        self,
        name: str,
        *,
        embed: Callable[[list[str]], object],
        embed_query: Callable[[str], object],
    ) -> None:
        self._name = name
        self._embed = embed
        self._embed_query = embed_query
        self._dimension: int | None = None
        self._lock = Lock()

    @property
    def name(self) -> str:
        """The embedder's class, and its model where it names one."""
        return self._name

    @property
    def dimension(self) -> int:
        """Size of a vector; the first call asks the embedder for one."""
        with self._lock:
            if self._dimension is None:
                probe = self._tensor(self._call(self._embed_query, "dimension"))
                self._dimension = probe.numel()
            return self._dimension

    def encode(self, texts: Sequence[str]) -> Tensor:
        """Encode texts to be stored: float32 `[n, dimension]`, unit rows."""
        if not texts:
            return torch.empty((0, self.dimension))
        vectors = self._tensor(self._call(self._embed, list(texts)))
        return unit_rows(vectors, expected=(len(texts), self.dimension), name=self._name)

    def encode_queries(self, texts: Sequence[str]) -> Tensor:
        """Encode questions: float32 `[n, dimension]`, unit rows."""
        if not texts:
            return torch.empty((0, self.dimension))
        asked = partial(self._call, self._embed_query)
        if len(texts) == 1:
            rows = [asked(texts[0])]
        else:
            with ThreadPoolExecutor(min(len(texts), NETWORK_CALLS)) as threads:
                rows = list(threads.map(asked, texts))
        vectors = self._tensor(rows)
        return unit_rows(vectors, expected=(len(texts), self.dimension), name=self._name)

    def _call(self, function: Callable[..., object], argument: object) -> object:
        try:
            return function(argument)
        except Exception as error:  # any service may stand behind it
            raise EncoderError(
                f"embedder {self._name!r} failed: {type(error).__name__}: {error}"
            ) from error

    def _tensor(self, values: object) -> Tensor:
        try:
            return torch.as_tensor(values, dtype=torch.float32)
        except (TypeError, ValueError, RuntimeError) as error:
            raise EncoderError(
                f"embedder {self._name!r} must return lists of floats of one length, got "
                f"{type(values).__name__}: {error}"
            ) from error


def as_encoder(embedder: object) -> Encoder:
    """See an embedder as an `Encoder`.

    Args:
        embedder: An `Encoder`, which is returned as it is; a LangChain `Embeddings`
            (`embed_documents`, `embed_query`); or a LlamaIndex `BaseEmbedding`
            (`get_text_embedding_batch`, `get_query_embedding`). One whose methods are coroutine
            functions becomes a `NetworkEncoder`, which awaits them.

    Raises:
        InvalidInputError: It is none of these.
    """
    if isinstance(embedder, type):
        raise InvalidInputError(f"encoder must be an object, got the class {embedder.__name__}")
    for many, one in (
        ("embed_documents", "embed_query"),
        ("get_text_embedding_batch", "get_query_embedding"),
    ):
        embed, embed_query = getattr(embedder, many, None), getattr(embedder, one, None)
        if callable(embed) and callable(embed_query):
            return EmbedderEncoder(_name(embedder), embed=embed, embed_query=embed_query)
    if (asked := _awaited(embedder)) is not None:
        return asked
    if all(callable(getattr(embedder, method, None)) for method in ("encode", "encode_queries")):
        if isinstance(embedder, Encoder):
            return embedder
        raise InvalidInputError(
            f"encoder {type(embedder).__name__} has encode and encode_queries, and needs the "
            "attributes name (str) and dimension (int) too"
        )
    raise InvalidInputError(
        "encoder must be an Encoder (name, dimension, encode, encode_queries), a LangChain "
        "Embeddings (embed_documents, embed_query) or a LlamaIndex BaseEmbedding "
        f"(get_text_embedding_batch, get_query_embedding), got {type(embedder).__name__}"
    )


def _awaited(embedder: object) -> NetworkEncoder | None:
    """See an embedder that has coroutine functions alone as an `Encoder`."""
    if inspect.iscoroutinefunction(getattr(embedder, "encode", None)):
        return NetworkEncoder(
            getattr(embedder, "name", None) or _name(embedder),
            embedder.encode,  # type: ignore[attr-defined]
            embed_queries=getattr(embedder, "encode_queries", None),
            dimension=getattr(embedder, "dimension", None),
        )
    embed, embed_query = (
        getattr(embedder, name, None) for name in ("aembed_documents", "aembed_query")
    )
    if not callable(embed) or not callable(embed_query):
        return None

    async def embed_one(texts: list[str]) -> list[object]:
        return [await embed_query(text) for text in texts]

    limits = RequestLimits(query_batch=1)
    return NetworkEncoder(_name(embedder), embed, embed_queries=embed_one, limits=limits)


def _name(embedder: object) -> str:
    kind = type(embedder).__name__
    for attribute in _MODEL_ATTRIBUTES:
        model = getattr(embedder, attribute, None)
        if isinstance(model, str) and model:
            return f"{kind}:{model}"
    return kind
