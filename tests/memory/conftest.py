"""Memories for the facade's tests: on disk, with the small encoder that has no weights."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nuonuo_memory import TextMemory
from nuonuo_memory.encoders.base import HashingEncoder

CHAT = [
    {"role": "user", "content": "My sister Ada was born on the third of May."},
    {"role": "assistant", "content": "Noted. Shall I remind you of her birthday?"},
    {"role": "user", "content": "Yes please. She loves climbing and hates parties."},
]


@pytest.fixture
def chat() -> list[dict[str, str]]:
    return [dict(message) for message in CHAT]


@pytest.fixture
def encoder() -> HashingEncoder:
    return HashingEncoder()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "memory.db"


@pytest.fixture
def memory(path: Path, encoder: HashingEncoder) -> Iterator[TextMemory]:
    with TextMemory.open(path, encoder=encoder) as opened:
        yield opened
