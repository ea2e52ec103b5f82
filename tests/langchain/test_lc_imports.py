"""The package imports what is needed, when it is needed, and says what is missing."""

from __future__ import annotations

import subprocess
import sys

import pytest

import langchain_nuonuo
from nuonuo_memory.errors import MissingDependencyError

NAMES = [
    "NuonuoMemory",
    "NuonuoMiddleware",
    "NuonuoRetriever",
    "NuonuoStore",
    "NuonuoVectorStore",
    "create_memory_tools",
]


def test_exports_are_pinned() -> None:
    assert sorted(langchain_nuonuo.__all__) == NAMES
    assert dir(langchain_nuonuo) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_name_loads(name: str) -> None:
    if name == "NuonuoMemory":
        pytest.importorskip("langchain_classic")
    assert getattr(langchain_nuonuo, name).__name__ == name
    assert getattr(langchain_nuonuo, name).__doc__


def test_importing_the_package_loads_no_framework() -> None:
    code = (
        "import sys, langchain_nuonuo; "
        "print([m for m in sys.modules if m.startswith(('langchain_core', 'langchain_classic', "
        "'langgraph', 'torch', 'pydantic'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_retriever_needs_neither_agents_nor_classic_chains() -> None:
    code = (
        "import sys; from langchain_nuonuo import NuonuoRetriever, NuonuoVectorStore; "
        "print([m for m in sys.modules if m in ('langchain', 'langchain_classic', 'langgraph')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_missing_package_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "langchain_nuonuo.memory", raising=False)
    monkeypatch.setitem(sys.modules, "langchain_classic", None)
    monkeypatch.setitem(sys.modules, "langchain_classic.base_memory", None)
    with pytest.raises(MissingDependencyError, match=r"nuonuo-memory\[langchain-classic\]"):
        langchain_nuonuo.__getattr__("NuonuoMemory")


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nothing"):
        langchain_nuonuo.nothing  # noqa: B018
