"""The house's arrows point one way; frameworks stay outside the core."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "nuonuo_memory"
FRAMEWORKS = {
    "langchain",
    "langchain_classic",
    "langchain_core",
    "langgraph",
    "llama_index",
    "langchain_nuonuo",
    "llama_index_nuonuo",
}
GROUND = {"_version", "errors", "config", "types"}
ABOVE_THE_FACADE = {"cli", "evaluation"}
MAY_IMPORT = {
    "engine": GROUND,
    "text": GROUND | {"engine"},
    "store": GROUND,
    "formats": GROUND,
}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path, *, at_import_only: bool = False) -> set[str]:
    """Names of the modules that a module imports; type-checking imports are left out."""
    found: set[str] = set()

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            return
        if at_import_only and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            return
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(ast.parse(path.read_text(encoding="utf-8")))
    return found


def area(module: str) -> str:
    """First name below the package: `engine`, `store`, `memory`, …"""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


@pytest.mark.parametrize("path", modules(), ids=dotted)
def test_arrows_point_one_way(path: Path) -> None:
    here = area(dotted(path))
    targets = {area(name) for name in imports(path) if name.startswith("nuonuo_memory.")} - {here}
    if here in GROUND:
        assert targets <= GROUND
    elif here in MAY_IMPORT:
        assert targets <= MAY_IMPORT[here]
    elif here not in ABOVE_THE_FACADE and here:
        assert not targets & ABOVE_THE_FACADE


@pytest.mark.parametrize("path", modules(), ids=dotted)
def test_core_imports_no_framework(path: Path) -> None:
    assert not {name.split(".")[0] for name in imports(path)} & FRAMEWORKS


@pytest.mark.parametrize("path", sorted((PACKAGE / "engine").rglob("*.py")), ids=dotted)
def test_engine_imports_torch_and_the_standard_library(path: Path) -> None:
    foreign = {
        name.split(".")[0]
        for name in imports(path, at_import_only=True)
        if name.split(".")[0] not in sys.stdlib_module_names
    }
    assert foreign <= {"torch", "nuonuo_memory", "triton"}


def test_there_is_no_import_cycle() -> None:
    names = {dotted(path) for path in modules()}
    graph = {
        dotted(path): {
            name
            for name in imports(path, at_import_only=True)
            if name in names and name != dotted(path)
        }
        for path in modules()
    }
    done: set[str] = set()

    def walk(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " → ".join((*trail, name))
        if name not in done:
            for target in sorted(graph[name]):
                # A package's __init__ that names its own modules is no cycle of the modules.
                if not name.startswith(target + "."):
                    walk(target, (*trail, name))
            done.add(name)

    for name in sorted(names):
        walk(name, ())


def test_engine_loads_nothing_but_torch() -> None:
    heavy = ["sqlalchemy", "sentence_transformers", "transformers", "typer", "rich"]
    script = (
        "import sys, pkgutil, importlib, nuonuo_memory.engine as engine\n"
        "for module in pkgutil.walk_packages(engine.__path__, engine.__name__ + '.'):\n"
        "    if '.cuda.' not in module.name: importlib.import_module(module.name)\n"
        f"print([name for name in {heavy!r} if name in sys.modules])\n"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_importing_the_package_is_light() -> None:
    script = "import sys, nuonuo_memory; print('torch' in sys.modules, 'sqlalchemy' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False False"


def test_public_names_are_pinned() -> None:
    import nuonuo_memory

    assert sorted(nuonuo_memory.__all__) == [
        "Cue",
        "Hit",
        "Hop",
        "Link",
        "Memory",
        "MemoryConfig",
        "Message",
        "NewMemory",
        "NuonuoError",
        "Recall",
        "TextMemory",
        "__version__",
    ]
    for name in nuonuo_memory.__all__:
        assert getattr(nuonuo_memory, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Absent'"):
        _ = nuonuo_memory.Absent  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "path",
    [
        path
        for folder in ("nuonuo_memory", "integrations")
        for path in sorted((ROOT / folder).rglob("*.py"))
    ],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_modules_stay_small_and_safe(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert source.count("\n") <= 400, "longer than a newcomer will read; split it"
    nodes = list(ast.walk(ast.parse(source)))
    assert not [node for node in nodes if isinstance(node, ast.Assert)]
    names = {name.split(".")[0] for name in imports(path)}
    assert not names & {"pickle", "marshal", "shelve", "dill", "joblib"}
    if "cli" not in path.parts:
        called = {
            node.func.id
            for node in nodes
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        assert "print" not in called
