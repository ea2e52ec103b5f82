"""The examples that need no framework run, and do what they say."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from nuonuo_memory import TextMemory
from nuonuo_memory.encoders.base import HashingEncoder
from nuonuo_memory.formats import Reader

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_consolidation(capsys: pytest.CaptureFixture[str]) -> None:
    main = runpy.run_path(str(EXAMPLES / "consolidation.py"))["main"]
    with TextMemory.in_memory(encoder=HashingEncoder()) as memory:
        left = main(memory)
    shown = capsys.readouterr().out
    assert len(left) == 4
    assert "a copy of" in shown
    assert sum("birthday is on 4 May" in text for text in left) == 1
    assert "There was soup" in shown


def test_import_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    example = runpy.run_path(str(EXAMPLES / "import_files.py"))
    reader, take_in = example["PhoneLog"](), example["take_in"]
    assert isinstance(reader, Reader)
    log = tmp_path / "office.plog"
    log.write_text(
        "<2026-02-13 21:05> ada| The van is booked.\nrain\n<soon> ben| Where is the key?\n"
        "<2026-02-13 21:06> ben| Who drives?\n"
    )
    note = tmp_path / "todo.md"
    note.write_text("# Today\nBuy flour.\n")
    with TextMemory.in_memory(encoder=HashingEncoder()) as memory:
        assert take_in(memory, log, reader) == 2
        assert take_in(memory, log, reader) == 0
        assert take_in(memory, note) == 1
        assert {one.role for one in memory.list(session="office")} == {"ada", "ben"}
    shown = capsys.readouterr().out
    assert "office.plog, line 2: expected <time> name| words, got 'rain'" in shown
    assert "office.plog, line 3: expected a time" in shown
    assert "2 read as phone-log, 2 new" in shown
