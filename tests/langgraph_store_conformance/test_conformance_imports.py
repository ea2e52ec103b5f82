"""The suite is for anyone's store: it needs LangGraph and, for its test class, pytest alone."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import langgraph_store_conformance

PUBLIC = [
    "CASES",
    "Case",
    "ConformanceError",
    "Driver",
    "Outcome",
    "Report",
    "StoreFactory",
    "validate",
]


def test_the_public_names_are_pinned() -> None:
    assert langgraph_store_conformance.__all__ == PUBLIC
    assert all(hasattr(langgraph_store_conformance, name) for name in PUBLIC)


def test_no_module_names_this_project() -> None:
    folder = Path(langgraph_store_conformance.__file__).parent
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                assert "nuonuo" not in name, f"{path.name} imports {name}"


def test_it_runs_where_this_project_is_not_installed() -> None:
    code = (
        "import sys\n"
        "for name in ('nuonuo_memory', 'langchain_nuonuo', 'llama_index_nuonuo', 'torch'):\n"
        "    sys.modules[name] = None\n"
        "from langgraph.store.memory import InMemoryStore\n"
        "from langgraph_store_conformance import validate\n"
        "from langgraph_store_conformance.suite import StoreConformanceTests\n"
        "report = validate(lambda: InMemoryStore(), modes=['sync'])\n"
        "print(len(report.failures('documented')), report.count('passed') > 50)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "True"]


def test_the_function_needs_no_pytest() -> None:
    code = (
        "import sys\n"
        "sys.modules['pytest'] = None\n"
        "import langgraph_store_conformance\n"
        "print(len(langgraph_store_conformance.CASES) > 90)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"
