"""nuonuo-memory for LlamaIndex: retriever, association over any retriever, memory for agents.

NuonuoRetriever            recall, or recall and follow, as a retriever
AssociationPostprocessor   follow associations from the nodes of any retriever
NuonuoMemory               an agent's memory that stores every message as it is put
NuonuoMemoryBlock          long-term memory for LlamaIndex's own `Memory`
NuonuoToolSpec             remember, recall, follow, update and forget as tools
NuonuoVectorStore          the store under a `VectorStoreIndex`
NuonuoEmbedding            the built-in encoder for LlamaIndex's own indexes
"""

from __future__ import annotations

from nuonuo_memory.errors import MissingDependencyError

try:
    from llama_index_nuonuo.block import NuonuoMemoryBlock
    from llama_index_nuonuo.chat_memory import NuonuoMemory
    from llama_index_nuonuo.embedding import NuonuoEmbedding
    from llama_index_nuonuo.postprocessor import AssociationPostprocessor
    from llama_index_nuonuo.retriever import NuonuoRetriever
    from llama_index_nuonuo.tools import NuonuoToolSpec
    from llama_index_nuonuo.vector_store import NuonuoVectorStore
except ModuleNotFoundError as error:
    if (error.name or "").split(".")[0] != "llama_index":
        raise
    raise MissingDependencyError(
        "llama_index_nuonuo needs llama-index-core, which is not installed; "
        "pip install 'nuonuo-memory[llama-index]'"
    ) from error

__all__ = [
    "AssociationPostprocessor",
    "NuonuoEmbedding",
    "NuonuoMemory",
    "NuonuoMemoryBlock",
    "NuonuoRetriever",
    "NuonuoToolSpec",
    "NuonuoVectorStore",
]
