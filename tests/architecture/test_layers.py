"""The house's arrows point one way; frameworks stay outside the core."""

from __future__ import annotations

import ast
import importlib
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
    "langgraph_store_conformance",
    "llama_index_nuonuo",
}
LAYERS = (
    {"_version", "errors", "types", "config", "threads", "platform", "json_values", "inputs"},
    {"encoders", "text", "engine", "store", "formats"},
    {"extractors", "index"},
    {"core"},
    {"recall", "write"},
    {"maintenance"},
    {"memory"},
    {"agents", "evaluation"},
    {"cli", "server", "mcp", "view", "client"},
)
"""The whole top of the package, from the ground up: an import points to a lower layer, or to a
neighbour that points to nothing above itself."""
BESIDE = {"research"}
"""Stands beside the layers: imports what it needs, and nothing of the product imports it."""


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path, *, at_import_only: bool = False) -> set[str]:
    """Names of the modules that a module imports, those inside functions and for types too."""
    found: set[str] = set()

    def visit(node: ast.AST) -> None:
        types_only = isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        if at_import_only and types_only:
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


def level(name: str) -> int:
    for number, layer in enumerate(LAYERS):
        if name in layer:
            return number
    raise AssertionError(f"{name} has no place in LAYERS; give it one")


def test_every_room_has_a_floor() -> None:
    held = {area(dotted(path)) for path in modules()} - {"", *BESIDE}
    assert held <= set().union(*LAYERS)


@pytest.mark.parametrize("path", modules(), ids=dotted)
def test_arrows_point_down(path: Path) -> None:
    """Imports inside functions count too."""
    here = area(dotted(path))
    targets = {area(name) for name in imports(path) if name.startswith("nuonuo_memory.")}
    targets -= {here, ""}
    if here in BESIDE:
        assert not targets & LAYERS[-1]
    elif here:
        assert not targets & BESIDE
        higher = {target for target in targets if level(target) > level(here)}
        assert not higher, f"{here} imports {higher} of a higher layer"


def test_no_two_areas_import_each_other() -> None:
    areas: dict[str, set[str]] = {}
    for path in modules():
        here = area(dotted(path))
        found = {area(name) for name in imports(path) if name.startswith("nuonuo_memory.")}
        areas.setdefault(here, set()).update(found - {here, ""})
    areas.pop("")
    done: set[str] = set()

    def walk(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " → ".join((*trail, name))
        if name not in done:
            for target in sorted(areas.get(name, ())):
                walk(target, (*trail, name))
            done.add(name)

    for name in sorted(areas):
        walk(name, ())


def test_no_name_stands_on_two_floors() -> None:
    """A newcomer finds a thing by its file's name; a command is named as what it calls."""
    homes: dict[str, set[str]] = {}
    for path in modules():
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        if path.stem != "__init__" and parts[0] not in {"cli", "formats", "evaluation", *BESIDE}:
            homes.setdefault(path.stem, set()).add("/".join(parts))
    assert {name: found for name, found in homes.items() if len(found) > 1} == {}


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


PUBLIC = {
    "nuonuo_memory": [
        "AssociationConfig",
        "ConsolidationConfig",
        "Cue",
        "CueConfig",
        "Hit",
        "Hop",
        "Link",
        "Memory",
        "MemoryConfig",
        "Message",
        "NewMemory",
        "NuonuoError",
        "Observed",
        "RankingConfig",
        "Recall",
        "Stats",
        "TextMemory",
        "__version__",
    ],
    "nuonuo_memory.encoders": [
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
    ],
    "nuonuo_memory.extractors": [
        "Augmenter",
        "CallableAugmenter",
        "CallableLinkExtractor",
        "LinkExtractor",
        "Mention",
        "ParaphraseFunction",
        "RuleAugmenter",
        "RuleLinkExtractor",
        "SpacyLinkExtractor",
    ],
    "nuonuo_memory.formats": [
        "FORMATS",
        "File",
        "Job",
        "Reader",
        "Reading",
        "Record",
        "Session",
        "Skipped",
        "Source",
        "person",
        "read",
        "turn",
    ],
}
"""What an application may import, beside `.errors` and `.research`; all else is
private and may change."""


@pytest.mark.parametrize("module", PUBLIC)
def test_public_names_are_pinned(module: str) -> None:
    found = importlib.import_module(module)
    assert sorted(found.__all__) == PUBLIC[module]
    for name in found.__all__:
        assert getattr(found, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Absent'"):
        _ = found.Absent


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
    whole = path.name == "memory.py" and "nuonuo_memory" in path.parts  # every option written out
    assert source.count("\n") <= 400 or whole, "longer than a newcomer will read; think"
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
