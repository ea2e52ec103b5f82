"""The same conversation in several languages, measured on two small ones."""

import json
from pathlib import Path

import pytest

from nuonuo_memory.cli.app import app
from nuonuo_memory.encoders.base import HashingEncoder
from nuonuo_memory.errors import FormatError
from nuonuo_memory.evaluation import BenchSettings, run


def conversation(language: str, said: list[str], asked: str, names: list[str], time: str) -> str:
    turns = [{"role": "user", "content": text} for text in said]
    return json.dumps(
        {
            "language": language,
            "now": "2025-06-20T12:00:00+00:00",
            "sessions": [{"id": "s1", "at": "2025-06-19T10:00:00+00:00", "turns": turns}],
            "questions": [{"q": asked, "gold": [1]}],
            "two_hop": [{"q": asked, "target": 1}],
            "names": names,
            "dates": [{"q": time, "since": "2025-06-19", "until": "2025-06-19"}],
        }
    )


@pytest.fixture
def data(tmp_path: Path) -> Path:
    english = ["I moved to Bern.", "My dog Rex likes chess.", "It rained."]
    chinese = ["我搬到了杭州。", "我妻子王丽喜欢下棋。", "下雨了。"]
    asked = "What does my dog Rex like?", "我妻子王丽喜欢什么？"
    times = "What did I say yesterday?", "我昨天说了什么？"
    for language, said, question, names, time in (
        ("en", english, asked[0], ["Bern", "Rex"], times[0]),
        ("zh", chinese, asked[1], ["杭州", "王丽"], times[1]),
    ):
        text = conversation(language, said, question, names, time)
        (tmp_path / f"{language}.json").write_text(text, encoding="utf-8")
    return tmp_path


def test_each_language_and_their_mean(data: Path) -> None:
    result = run("languages", data, BenchSettings(HashingEncoder()))
    assert result.questions == 2
    assert set(result.sections) == {"system", "en", "zh"}
    for language in ("en", "zh"):
        scores = result.sections[language]
        assert scores["memory"] == {"hit@1": 100.0, "hit@5": 100.0}
        assert scores["bm25"]["hit@1"] == 100.0
        assert scores["follow"] == {"target@5": 1}
        assert scores["names"]["found"] == 2
        assert scores["times"] == {"right": 1, "false": 0}
    assert "asked_in_english" not in result.sections["en"]
    crossed = result.sections["zh"]["asked_in_english"]
    assert result.sections["system"]["asked_in_english"] == crossed
    assert set(crossed) == {"hit@1", "hit@5"}
    assert result.sections["system"]["memory"]["hit@1"] == 100.0
    assert result.sections["system"]["times"]["right"] == 2
    assert {row["language"] for row in result.rows} == {"en", "zh"}


def test_one_file_will_do_and_others_are_refused(data: Path, tmp_path: Path) -> None:
    settings = BenchSettings(HashingEncoder(), limit=1)
    assert "zh" in run("languages", data / "zh.json", settings).sections
    (tmp_path / "empty").mkdir()
    with pytest.raises(FormatError, match="for each language"):
        run("languages", tmp_path / "empty", settings)
    (data / "zh.json").write_text("{}")
    with pytest.raises(FormatError, match="two_hop"):
        run("languages", data, settings)


def test_the_command_shows_a_table_for_an_encoder(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        app(["bench", "languages", str(data), "--encoder", "hashing-64"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert "2 questions, hashing-64" in shown
    assert "asked_in_english hit@5" in shown
