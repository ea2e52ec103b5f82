"""The store under a `VectorStoreIndex`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import fsspec
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.schema import BaseNode
from llama_index.core.vector_stores.types import (
    BasePydanticVectorStore,
    MetadataFilters,
    VectorStoreQuery,
    VectorStoreQueryMode,
    VectorStoreQueryResult,
)

from llama_index_nuonuo.connection import Connection
from llama_index_nuonuo.filters import Where, both, where_of
from llama_index_nuonuo.nodes import NODE_ID_KEY, REF_DOC_KEY, linked, node_of
from nuonuo_memory.errors import InvalidInputError
from nuonuo_memory.memory import TextMemory

_VECTOR_MODES = {VectorStoreQueryMode.DEFAULT}
_HYBRID_MODES = {VectorStoreQueryMode.HYBRID, VectorStoreQueryMode.SEMANTIC_HYBRID}


class NuonuoVectorStore(Connection, BasePydanticVectorStore):
    """Nodes with their texts, metadata and vectors in one file.
    """

    stores_text: bool = True
    is_embedding_query: bool = True

    @classmethod
    def class_name(cls) -> str:
        """Return the name that LlamaIndex writes beside serialised fields."""
        return "NuonuoVectorStore"
