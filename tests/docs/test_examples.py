"""The examples that need no framework run, and do what they say."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from nuonuo_memory import TextMemory
from nuonuo_memory.encoders.base import HashingEncoder

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
