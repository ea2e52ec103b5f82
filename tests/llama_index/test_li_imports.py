"""What the package offers, and what it says where LlamaIndex is absent."""

from __future__ import annotations

import subprocess
import sys

import llama_index_nuonuo

PUBLIC = [
    "AssociationPostprocessor",
    "NuonuoEmbedding",
    "NuonuoMemory",
    "NuonuoMemoryBlock",
    "NuonuoRetriever",
    "NuonuoToolSpec",
    "NuonuoVectorStore",
]


def python(program: str) -> str:
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    return run.stdout + run.stderr


def test_the_public_names() -> None:
    assert llama_index_nuonuo.__all__ == PUBLIC
    for name in PUBLIC:
        assert getattr(llama_index_nuonuo, name).__doc__


def test_without_llama_index_it_says_what_to_install() -> None:
    said = python(
        "import sys\n"
        "sys.modules['llama_index'] = None\n"
        "sys.modules['llama_index.core'] = None\n"
        "import llama_index_nuonuo"
    )
    assert "MissingDependencyError" in said
    assert "nuonuo-memory[llama-index]" in said


def test_the_core_imports_no_llama_index() -> None:
    said = python(
        "import sys, nuonuo_memory\n"
        "nuonuo_memory.TextMemory\n"
        "print([name for name in sys.modules if name.startswith('llama_index')])"
    )
    assert said.strip() == "[]"
