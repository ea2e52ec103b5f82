"""The blocks of docs/research/mechanisms.md run in order, and name every mechanism."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import torch

from nuonuo_memory import TextMemory
from nuonuo_memory.encoders.base import HashingEncoder
from nuonuo_memory.research.mechanisms import MECHANISMS

TEXT = (Path(__file__).parents[2] / "docs" / "research" / "mechanisms.md").read_text(
    encoding="utf-8"
)


def test_every_block_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    words = ("apple", "pear", "plum", "quince", "medlar", "fig")
    with TextMemory.in_memory(encoder=HashingEncoder()) as memory:
        memory.remember_many([f"The {word} tree stands by the {word} wall." for word in words])
        held: dict[str, Any] = {"memory": memory}
        for block in re.findall(r"```python\n(.*?)```", TEXT, flags=re.DOTALL):
            exec(compile(block, "docs/research/mechanisms.md", "exec"), held)
    assert held["found"].ids[:, 0].tolist() == [0, 1]
    assert held["places"][0, 0] == 0
    assert held["report"].cosine > 0.9
    assert held["picture"].startswith("<svg")
    restored = type(held["model"])(held["model"].dimension, config=held["model"].config)
    restored.load_state_dict(torch.load("spikes.pt", weights_only=True))
    recalled = held["mechanism"].recall(held["vectors"]).ids[:, 0]
    assert torch.equal(recalled, torch.arange(len(words)))


def test_every_mechanism_is_named() -> None:
    assert [name for name in MECHANISMS if f"`{name}`" not in TEXT] == []
