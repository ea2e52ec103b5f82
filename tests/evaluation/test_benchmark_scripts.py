"""The scripts of `benchmarks/` that ask the whole product, on tiny data."""

from __future__ import annotations

import importlib
import json
import math
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from nuonuo_memory.encoders.base import HashingEncoder
from nuonuo_memory.evaluation.settings import BenchSettings

SCRIPTS = Path(__file__).parents[2] / "benchmarks"
DATE = "2023/05/20 (Sat) 02:21"
SAID = {"s1": "My dog Rex likes chess.", "s2": "I moved to Bern in spring."}


def script(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    if not SCRIPTS.is_dir():
        pytest.skip("benchmarks are not beside the tests")
    monkeypatch.syspath_prepend(str(SCRIPTS))
    module = importlib.import_module(name)
    monkeypatch.setattr(module, "encoder_of", lambda *_, **__: HashingEncoder(), raising=False)
    return module


def write(folder: Path, name: str, rows: list[dict[str, Any]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")


@pytest.fixture
def longmemeval(tmp_path: Path) -> Path:
    folder = tmp_path / "longmemeval"
    write(folder, "sessions", [{"session_id": k, "turns": [["user", v]]} for k, v in SAID.items()])
    asked = [("q1", "What does my dog Rex like?", "s1"), ("q2_abs", "What is my cat called?", "s2")]
    questions = [
        {
            "question_id": name,
            "question_type": "single-session-user",
            "question": text,
            "question_date": "2023/05/30 (Tue) 23:40",
            "answer_session_ids": [gold],
            "evidence_turns": [[gold, 0]],
            "s_sessions": [[session, DATE] for session in SAID],
        }
        for name, text, gold in asked
    ]
    write(folder, "questions", questions)
    return folder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The four folders that following is measured on."""
    for name in ("2wiki", "musique", "hotpotqa"):
        write(tmp_path / name, "corpus", [{"title": "Oslo", "text": "Oslo is a city of Norway."}])
        question = {"id": "1", "question": "What is Oslo?", "gold_idx": [0], "hops": 1}
        write(tmp_path / name, "questions", [question, question])
    turn = {"speaker": "Ann", "dia_id": "D1:1", "text": "I adopted a cat called Tom."}
    sample = {
        "sample_id": "c1",
        "conversation": {
            "session_1": [turn],
            "session_1_date_time": "1:56 pm on 8 May, 2023",
        },
        "qa": [
            {"question": "What is Ann's cat called?", "evidence": ["D1:1"], "category": kind}
            for kind in (1, 4, 5)
        ],
    }
    (tmp_path / "locomo").mkdir()
    (tmp_path / "locomo" / "locomo.json").write_text(json.dumps([sample]), encoding="utf-8")
    return tmp_path


def test_confidence_asks_with_the_answer_and_without(
    longmemeval: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    confidence = script("confidence", monkeypatch)
    haystacks, _ = confidence.longmemeval.haystacks(longmemeval, None)
    first, second = confidence.ask_all(haystacks, BenchSettings(HashingEncoder()))
    assert [one.case for one in first.asked] == ["there", "taken away"]
    assert first.asked[0].logit > first.asked[1].logit
    assert [one.case for one in second.asked] == ["never there"]


def test_confidence_prints_its_tables(
    longmemeval: Path, data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    confidence = script("confidence", monkeypatch)
    confidence.main(longmemeval_data=longmemeval, locomo_data=data / "locomo")
    printed = capsys.readouterr().out
    assert "LoCoMo: answer there" in printed
    assert printed.count("AUROC") == 4
    assert printed.count("log loss") == 5


def test_the_best_reading_is_no_worse_than_any(monkeypatch: pytest.MonkeyPatch) -> None:
    confidence = script("confidence", monkeypatch)
    chance = np.random.default_rng(0)
    logit = chance.normal(size=400)
    right = chance.random(400) < 1 / (1 + np.exp(-(2 * logit - 1)))
    best = confidence.log_loss(confidence.best_reading(logit, right), right)
    for offset, slope in ((0, 1), (-1, 2), (-1.1, 2.1), (0.2, 1.5)):
        assert best <= confidence.log_loss(offset + slope * logit, right) + 1e-12
    assert confidence.log_loss(np.zeros(1), np.array([True])) == pytest.approx(math.log(2))


def test_association_ablation_has_a_row_for_each_variant(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    ablation = script("association_ablation", monkeypatch)
    some = dict(list(ablation.VARIANTS.items())[:2])
    monkeypatch.setattr(ablation, "VARIANTS", some)
    monkeypatch.setattr(ablation, "HOPS_OF", {"`hops` 1": 1})
    ablation.main(data, every=2)
    head, _, *rows = capsys.readouterr().out.strip().splitlines()
    assert "MuSiQue" in head
    assert [row.split(" | ")[0][2:] for row in rows] == [*some, "`hops` 1"]
    assert rows[0].endswith("| 100.0 | 100.0 | 100.0 | 100.0 | – | 100.0 |")


def test_text_memory_times_every_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    timing = script("text_memory", monkeypatch)
    path = tmp_path / "speed.json"
    given = ["--cues", "200", "--encoder", "free", "--calls", "3", "--writes", "1"]
    monkeypatch.setattr("sys.argv", ["text_memory.py", *given, "--save", str(path)])
    monkeypatch.setattr(timing, "TOGETHER", 4)
    timing.main()
    rows = {row[0]: row[1:] for row in json.loads(path.read_text(encoding="utf-8"))["rows"]}
    assert {"recall, ms", "follow, ms", "remember one, ms", "forget one, ms"} <= set(rows)
    assert rows["recall, ms"][2] == 1.0, "each question brings its own turn back"
    assert rows["engine, a vector in, nearest cues out, ms"][2] == 1.0
    assert "recall_many of 4" in capsys.readouterr().out


def test_made_up_words_follow_zipfs_law(monkeypatch: pytest.MonkeyPatch) -> None:
    made_up = script("made_up", monkeypatch)
    drawn = made_up.Zipf(1000).draw(np.random.default_rng(0), 100_000)
    share = np.bincount(drawn, minlength=1000) / 100_000
    assert share[0] / share[9] == pytest.approx(11.7 / 2.7, rel=0.1)
    assert made_up.Zipf(10, first=30).share[0] == pytest.approx(0.1, abs=0.02)
