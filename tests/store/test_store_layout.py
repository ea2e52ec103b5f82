"""What is SQLite's own stays behind the store's protocol."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pytest

from nuonuo_memory.store import protocol

PACKAGE = Path(inspect.getfile(protocol)).parents[1]
DATABASES = {"sqlite3", "sqlalchemy"}
NOT_YET: set[str] = set()
"""Folders whose annotations still name the implementation."""


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def outside() -> list[Path]:
    sqlite = PACKAGE / "store" / "sqlite"
    found = [path for path in sorted(PACKAGE.rglob("*.py")) if sqlite not in path.parents]
    return [path for path in found if path.relative_to(PACKAGE).parts[0] not in NOT_YET]


@pytest.mark.parametrize("path", outside(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_one_place_names_a_database(path: Path) -> None:
    names = imported(path)
    own = {name for name in names if name.startswith("nuonuo_memory.store.sqlite")}
    if path != PACKAGE / "store" / "factory.py":
        assert not own
    assert not {name.split(".")[0] for name in names} & DATABASES
