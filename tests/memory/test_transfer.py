"""Export and import carry everything, whole or not at all."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest

from nuonuo_memory import Link, Message, TextMemory
from nuonuo_memory.encoders.base import HashingEncoder
from nuonuo_memory.errors import DuplicateIdError, FormatError


@pytest.fixture
def filled(memory: TextMemory) -> TextMemory:
    memory.observe(
        [Message("user", "Where do I keep the tent?"), Message("assistant", "In the attic.")],
        session="s",
        at=datetime(2026, 2, 3, tzinfo=UTC),
    )
    memory.remember("Ümläute & 漢字", metadata={"a": [1, None]}, id="b", namespace=("x", "y"))
    memory.remember("tied", id="c", links=[Link("b", "why", 0.5)], namespace=("x", "y"))
    return memory


def test_a_copy_is_equal(filled: TextMemory, tmp_path: Path, encoder: HashingEncoder) -> None:
    out = tmp_path / "out.jsonl"
    assert filled.export(out) == 4
    with TextMemory.in_memory(encoder=encoder) as copy:
        assert copy.import_(out) == 4
        assert copy.fingerprint() == filled.fingerprint()
        assert copy.get("b").created_at == filled.get("b").created_at
    assert not list(tmp_path.glob(".*part"))


def test_another_encoder_encodes_anew(filled: TextMemory) -> None:
    out = StringIO()
    filled.export(out)
    out.seek(0)
    with TextMemory.in_memory(encoder=HashingEncoder(64)) as copy:
        assert copy.import_(out) == 4
        assert copy.recall("where is the tent kept?", k=1)[0].memory.session == "s"


def test_importing_twice_changes_nothing(filled: TextMemory) -> None:
    out = StringIO()
    filled.export(out)
    out.seek(0)
    before = filled.fingerprint()
    with pytest.raises(DuplicateIdError):
        filled.import_(out)
    assert filled.fingerprint() == before


def test_a_damaged_line_imports_nothing(filled: TextMemory, encoder: HashingEncoder) -> None:
    out = StringIO()
    filled.export(out)
    lines = out.getvalue().splitlines()
    record = json.loads(lines[3])
    del record["text"]
    lines[3] = json.dumps(record)
    with TextMemory.in_memory(encoder=encoder) as copy:
        with pytest.raises(FormatError, match="line 4"):
            copy.import_(StringIO("\n".join(lines)))
        assert copy.stats().memories == 0
