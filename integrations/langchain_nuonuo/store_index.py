"""What LangGraph's `IndexConfig` asks for: an embedder and the paths of the texts, checked."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from langchain_core.embeddings import Embeddings
from langgraph.store.base import IndexConfig, ensure_embeddings
from langgraph.store.base.embed import EmbeddingsLambda

from nuonuo_memory.agents.arguments import refuse_unknown
from nuonuo_memory.encoders import as_encoder
from nuonuo_memory.errors import InvalidInputError


def paths_of(fields: Sequence[str] | None) -> tuple[str, ...] | None:
    """Return checked paths; a text would be taken for a list of its characters."""
    if isinstance(fields, str):
        raise InvalidInputError(
            f"fields must be a list of paths, got the str {fields!r}; write [{fields!r}]"
        )
    return None if fields is None else tuple(fields)


def embedder_of(index: IndexConfig) -> Embeddings:
    """Return the embedder of an index configuration, if it gives vectors of `dims` numbers."""
    refuse_unknown(index, IndexConfig.__annotations__, by="index")
    embed = index.get("embed")
    if embed is None:
        raise InvalidInputError(
            f"index must name an embedder under 'embed', got only {sorted(index)}"
        )
    embedder = _sync(ensure_embeddings(embed))
    dimension = as_encoder(embedder).dimension
    if index.get("dims", dimension) != dimension:
        raise InvalidInputError(
            f"index says dims={index['dims']}, but the embedder gives vectors of {dimension} "
            f"numbers; write 'dims': {dimension}, or give the embedder that was meant"
        )
    return embedder


def _sync(embeddings: Embeddings) -> Embeddings:
    """Return embeddings that can be called without a loop, whatever function is behind them."""
    function = getattr(embeddings, "afunc", None)
    if function is None:
        return embeddings

    def embed(texts: Sequence[str]) -> list[list[float]]:
        with ThreadPoolExecutor(1) as thread:  # the caller's own may run a loop
            vectors: list[list[float]] = thread.submit(asyncio.run, function(texts)).result()
        return vectors

    return EmbeddingsLambda(embed)
