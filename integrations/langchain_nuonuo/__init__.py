"""Nuonuo memory for LangChain and LangGraph.

The names below load on first use: a chain that takes the retriever needs `langchain-core` alone,
the middleware `langchain`, the store `langgraph-checkpoint`, the classic memory
`langchain-classic`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from nuonuo_memory.errors import MissingDependencyError

if TYPE_CHECKING:
    from langchain_nuonuo.memory import NuonuoMemory
    from langchain_nuonuo.middleware import NuonuoMiddleware
    from langchain_nuonuo.retriever import NuonuoRetriever
    from langchain_nuonuo.store import NuonuoStore
    from langchain_nuonuo.tools import create_memory_tools
    from langchain_nuonuo.vectorstore import NuonuoVectorStore

__all__ = [
    "NuonuoMemory",
    "NuonuoMiddleware",
    "NuonuoRetriever",
    "NuonuoStore",
    "NuonuoVectorStore",
    "create_memory_tools",
]

_HOME = {
    "NuonuoMemory": ("memory", "langchain-classic"),
    "NuonuoMiddleware": ("middleware", "langchain"),
    "NuonuoRetriever": ("retriever", "langchain"),
    "NuonuoStore": ("store", "langchain"),
    "NuonuoVectorStore": ("vectorstore", "langchain"),
    "create_memory_tools": ("tools", "langchain"),
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, extra = _HOME[name]
    try:
        return getattr(import_module(f"{__name__}.{module}"), name)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith(("langchain_nuonuo", "nuonuo_memory")):
            raise
        raise MissingDependencyError(
            f"{name} needs the package {error.name!r}, which is not installed; "
            f'pip install "nuonuo-memory[{extra}]"'
        ) from error


def __dir__() -> list[str]:
    return sorted(__all__)
