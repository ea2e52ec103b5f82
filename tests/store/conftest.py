from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from store_helpers import open_store

from nuonuo_memory.store.sqlite.store import Store


@pytest.fixture(params=["file", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "memory.db" if request.param == "file" else None) as opened:
        yield opened


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "memory.db"
