"""Texts to vectors: encoders of our own, and embedders that callers bring.

The names load on first use, so that none costs another's imports.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nuonuo_memory.encoders.adapters import (
        AnyEncoder,
        EmbedderEncoder,
        SupportsAsyncEmbedDocuments,
        SupportsAsyncEncode,
        SupportsEmbedDocuments,
        SupportsTextEmbeddings,
        as_encoder,
    )
    from nuonuo_memory.encoders.base import Encoder, HashingEncoder
    from nuonuo_memory.encoders.minilm import load_minilm
    from nuonuo_memory.encoders.multilingual import MultilingualEncoder
    from nuonuo_memory.encoders.network import NetworkEncoder, RequestLimits
    from nuonuo_memory.encoders.sentence_transformer import SentenceTransformerEncoder

_HOME = {
    "AnyEncoder": "adapters",
    "EmbedderEncoder": "adapters",
    "Encoder": "base",
    "HashingEncoder": "base",
    "MultilingualEncoder": "multilingual",
    "NetworkEncoder": "network",
    "RequestLimits": "network",
    "SentenceTransformerEncoder": "sentence_transformer",
    "SupportsAsyncEmbedDocuments": "adapters",
    "SupportsAsyncEncode": "adapters",
    "SupportsEmbedDocuments": "adapters",
    "SupportsTextEmbeddings": "adapters",
    "as_encoder": "adapters",
    "load_minilm": "minilm",
}

__all__ = [
    "AnyEncoder",
    "EmbedderEncoder",
    "Encoder",
    "HashingEncoder",
    "MultilingualEncoder",
    "NetworkEncoder",
    "RequestLimits",
    "SentenceTransformerEncoder",
    "SupportsAsyncEmbedDocuments",
    "SupportsAsyncEncode",
    "SupportsEmbedDocuments",
    "SupportsTextEmbeddings",
    "as_encoder",
    "load_minilm",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return list(__all__)
