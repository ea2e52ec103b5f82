"""Whole runs on tiny data in every layout, with an encoder that hashes words."""

import json
import lzma
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
import torch
from rich.console import Console
from torch import Tensor
from typer import Typer
from typer.testing import CliRunner

from nuonuo_memory.cli.bench import bench, diagram, show
from nuonuo_memory.errors import EncoderError, FormatError, InvalidInputError
from nuonuo_memory.evaluation import BenchSettings, run
from nuonuo_memory.evaluation.locomo_data import load_locomo
from nuonuo_memory.evaluation.longmemeval_data import load_longmemeval
from nuonuo_memory.evaluation.pararel import load_pararel
from nuonuo_memory.evaluation.result_file import load
from nuonuo_memory.evaluation.spread import OVER_QUESTIONS
from nuonuo_memory.evaluation.vectors import EncodedOnce, encode_texts


class WordEncoder:
    """A bag of hashed words."""

    name = "words"
    dimension = 64

    def __init__(self) -> None:
        self.seen: list[str] = []

    def encode(self, texts: Sequence[str]) -> Tensor:
        self.seen += texts
        rows = torch.full((len(texts), self.dimension), 1e-3)
        for row, text in enumerate(texts):
            for word in text.lower().replace("?", "").replace(".", "").split():
                rows[row, crc32(word.encode()) % self.dimension] += 1
        return torch.nn.functional.normalize(rows, dim=1)

    def encode_queries(self, texts: Sequence[str]) -> Tensor:
        return self.encode(texts)


SESSIONS = {
    "s1": [["user", "My dog Rex likes chess."], ["assistant", "A clever dog indeed, that Rex."]],
    "s2": [["user", "I moved to Bern in spring."], ["assistant", "Bern has lovely arcades."]],
    "s3": [
        ["user", "Please explain photosynthesis in a cafe\u0301."],  # decomposed: e and an accent
        ["assistant", "Plants turn light to sugar."],
    ],
}
DATE = "2023/05/20 (Sat) 02:21"


def question(name: str, text: str, gold: str, turn: int) -> dict[str, Any]:
    return {
        "question_id": name,
        "question_type": "single-session-user",
        "question": text,
        "answer": "-",
        "question_date": "2023/05/30 (Tue) 23:40",
        "answer_session_ids": [gold],
        "evidence_turns": [] if name.endswith("_abs") else [[gold, turn]],
        "s_sessions": [[session, DATE] for session in SESSIONS],
    }


QUESTIONS = [
    question("q1", "What game does my dog like?", "s1", 0),
    question("q2", "Where did I move in spring?", "s2", 0),
    question("q3_abs", "What does my hamster eat?", "s1", 0),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lines = [json.dumps({"session_id": k, "turns": v}) for k, v in SESSIONS.items()]
    (tmp_path / "sessions.jsonl.xz").write_bytes(lzma.compress("\n".join(lines).encode()))
    (tmp_path / "questions.jsonl").write_text("\n".join(map(json.dumps, QUESTIONS)))
    return tmp_path


@pytest.fixture
def official(tmp_path: Path) -> Path:
    records = []
    for record in QUESTIONS:
        gold = {(session, turn) for session, turn in record["evidence_turns"]}
        own = {
            key: value
            for key, value in record.items()
            if key not in ("s_sessions", "evidence_turns")
        }
        own["haystack_session_ids"] = list(SESSIONS)
        own["haystack_dates"] = [DATE] * len(SESSIONS)
        own["haystack_sessions"] = [
            [
                {"role": role, "content": text, "has_answer": (session, place) in gold}
                for place, (role, text) in enumerate(turns)
            ]
            for session, turns in SESSIONS.items()
        ]
        records.append(own)
    path = tmp_path / "longmemeval_s.json"
    path.write_text(json.dumps(records))
    return path


def test_both_layouts_hold_the_same(folder: Path, official: Path) -> None:
    one, other = load_longmemeval(folder), load_longmemeval(official)
    assert one.questions == other.questions
    assert one.turns == other.turns
    assert [q.answerable for q in one.questions] == [True, True, False]


def test_longmemeval_shape(folder: Path) -> None:
    encoder = WordEncoder()
    result = run("longmemeval", folder, BenchSettings(encoder))
    told = result.to_dict()
    assert told["benchmark"] == "longmemeval"
    assert told["questions"] == 3
    assert told["encoder"] == "words"
    assert {"system", "baselines", "device", "commit", "reliability"} <= set(told)
    session = told["system"]["session"]
    wanted = {f"recall_{how}@{k}" for how in ("any", "all") for k in (1, 5, 10)} | {"ndcg_any@10"}
    assert wanted <= set(session)
    assert session["recall_any@1"] == 100.0
    assert told["system"]["turn"]["recall_any@5"] == 100.0
    assert set(told["system"]["latency_ms"]) == {"p50", "p99"}
    assert 0 <= told["system"]["abstention"]["auroc"] <= 1
    assert set(told["baselines"]) == {"one_vector_per_turn", "bm25", "cosine_all_cues"}
    assert len(encoder.seen) == len(set(encoder.seen)), "each text is encoded once"
    assert json.loads(result.to_json()) == told


def test_the_whole_haystack_is_asked_once_for_all(folder: Path) -> None:
    result = run("longmemeval-whole", folder, BenchSettings(WordEncoder(), jobs=2))
    told = result.to_dict()
    assert (told["benchmark"], told["questions"]) == ("longmemeval-whole", 3)
    assert told["system"]["session"]["recall_any@1"] == 100.0
    assert set(told["baselines"]) == {"one_vector_per_turn", "bm25", "cosine_all_cues"}


def test_rows_let_anyone_check_a_figure(folder: Path, tmp_path: Path) -> None:
    result = run("longmemeval", folder, BenchSettings(WordEncoder(), limit=2))
    result.write_rows(tmp_path / "rows.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()]
    assert [row["id"] for row in rows] == ["q1", "q2"]
    assert rows[0]["system"]["sessions"][0] == "s1"
    assert rows[0]["gold_turns"] == [["s1", 0]]
    assert result.to_dict()["system"]["abstention"]["auroc"] is None


def test_jobs_change_nothing(folder: Path) -> None:
    alone = run("longmemeval", folder, BenchSettings(WordEncoder())).to_dict()
    shared = run("longmemeval", folder, BenchSettings(WordEncoder(), jobs=2)).to_dict()
    for told in (alone, shared):
        del told["system"]["latency_ms"]
    assert alone == shared


def test_locomo(tmp_path: Path) -> None:
    turns = [("Ann", "I adopted a cat called Tom."), ("Bob", "I paint boats on Sundays.")]
    sample = {
        "sample_id": "c1",
        "conversation": {
            "speaker_a": "Ann",
            "speaker_b": "Bob",
            "session_1": [
                {"speaker": who, "dia_id": f"D1:{n}", "text": text}
                for n, (who, text) in enumerate(turns, start=1)
            ],
            "session_1_date_time": "1:56 pm on 8 May, 2023",
        },
        "qa": [
            {"question": "What is Ann's cat called?", "evidence": ["D1:1"], "category": 4},
            {"question": "What does Bob paint?", "evidence": ["D1:02; D1:1"], "category": 1},
            {"question": "Why?", "evidence": [], "category": 5},
        ],
    }
    (tmp_path / "locomo.json").write_text(json.dumps([sample]))
    loaded = load_locomo(tmp_path)["c1"]
    assert loaded.questions[1].gold_turns == {("session_1", 0), ("session_1", 1)}
    told = run("locomo", tmp_path, BenchSettings(WordEncoder())).to_dict()
    assert told["questions"] == 2
    assert told["system"]["turn"] == {"recall@5": 100.0, "recall@10": 100.0}
    assert set(told["system"]["by_category"]) == {"single-hop", "multi-hop"}
    assert told["associated"]["turn"] == {"recall@5": 100.0, "recall@10": 100.0}
    assert set(told["associated"]["by_category"]) == {"single-hop", "multi-hop"}
    assert set(told["baselines"]) == {"one_vector_per_turn", "bm25", "cosine_all_cues"}


def test_pararel(tmp_path: Path) -> None:
    relations = [
        {
            "relation": "P1",
            "patterns": ["[X] works for [Y].", "[X] is employed by [Y]."],
            "facts": [["Ada", "Acme"], ["Bob", "Bolt"]],
        },
        {
            "relation": "P2",
            "patterns": ["[X] was born in [Y].", "[X] is native to [Y]."],
            "facts": [["Ada", "Bern"]],
        },
    ]
    (tmp_path / "relations.jsonl").write_text("\n".join(map(json.dumps, relations)))
    loaded = load_pararel(tmp_path)
    assert [one.text for one in loaded.questions][:2] == [
        "Ada is employed by .",
        "Ada is native to .",
    ]
    result = run("pararel", tmp_path, BenchSettings(WordEncoder()))
    told = result.to_dict()
    assert set(told["system"]) == {"hit@1", "hit@5", "alone"} == set(told["without_augmentation"])
    assert set(told["spread"]) == {"is", "system", "without_augmentation"}
    assert told["system"]["hit@5"] == 100.0
    assert result.rows[0]["system"]["alone"] in (1, 2)


def test_wrong_calls_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="longmemeval, longmemeval-whole, locomo, "):
        run("squad", tmp_path, BenchSettings(WordEncoder()))
    with pytest.raises(FormatError, match=r"expected questions\.jsonl"):
        run("longmemeval", tmp_path, BenchSettings(WordEncoder()))
    (tmp_path / "locomo.json").write_text('[{"conversation": 3}]')
    with pytest.raises(FormatError, match="expected a conversation, got 3"):
        run("locomo", tmp_path, BenchSettings(WordEncoder()))
    (tmp_path / "relations.jsonl").write_text('{"relation": 1}\n')
    with pytest.raises(FormatError, match="ParaRel"):
        run("pararel", tmp_path, BenchSettings(WordEncoder()))
    with pytest.raises(InvalidInputError, match="limit"):
        BenchSettings(WordEncoder(), limit=0)
    with pytest.raises(InvalidInputError, match="jobs"):
        BenchSettings(WordEncoder(), jobs=0)


def test_only_encoded_texts_are_known(tmp_path: Path) -> None:
    found = encode_texts(tmp_path, WordEncoder(), texts=["a b", "a b"], queries=["a b"])
    assert found.encode(["a b"]).shape == (1, 64)
    assert found.encode_queries(["a b"]).shape == (1, 64)
    with pytest.raises(EncoderError, match="encoded first"):
        found.encode(["never seen"])


def test_each_text_is_encoded_once_and_looked_up_afterwards(tmp_path: Path) -> None:
    encoder = WordEncoder()
    once = EncodedOnce(encoder)
    texts = ["a b", "c", "a b", "a longer text"]
    first, again = once.encode(texts), once.encode(texts[::-1])
    assert sorted(encoder.seen) == sorted(set(texts))
    assert torch.equal(first, again.flip(0))
    stored = encode_texts(tmp_path, WordEncoder(), texts=texts, queries=["why"])
    assert torch.equal(first, stored.encode(texts)), "as when encoded beforehand"
    assert torch.equal(once.encode_queries(["why"]), stored.encode_queries(["why"]))
    written = once.write(tmp_path)
    assert torch.equal(first, written.encode(texts))
    assert torch.equal(once.encode_queries(["why"]), written.encode_queries(["why"]))
    assert once.encode([]).shape == (0, encoder.dimension)


def test_command_prints_json_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nuonuo_memory.encoders.minilm.load_minilm", lambda **_: WordEncoder())
    app = Typer()
    app.command()(bench)
    out = folder / "rows.jsonl"
    arguments = ["longmemeval", str(folder), "--json", "--limit", "2", "--device", "cpu"]
    done = CliRunner().invoke(app, [*arguments, "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["questions"] == 2
    assert len(out.read_text().splitlines()) == 2
    shown = CliRunner().invoke(app, ["longmemeval", str(folder), "--device", "cpu"])
    assert "recall_any@5" in shown.stdout
    assert OVER_QUESTIONS in " ".join(shown.stdout.split())


def test_command_takes_an_encoder_and_writes_the_table(folder: Path) -> None:
    app = Typer()
    app.command()(bench)
    path = folder / "tables" / "mine.json"
    arguments = ["longmemeval", str(folder), "--encoder", "hashing", "--device", "cpu"]
    done = CliRunner().invoke(app, [*arguments, "--save", str(path)])
    assert done.exit_code == 0, done.output
    saved = load(path)
    assert saved.name == "mine"
    assert saved.note is not None
    assert "hashing-256" in saved.note
    assert list(saved.columns[:3]) == ["longmemeval", "the memory", "±"]
    rows = {row[0]: row[1:] for row in saved.rows}
    assert rows["session any@5, official"][:2] == [100.0, "±0.0"]


def test_spread_stands_beside_each_figure(folder: Path) -> None:
    told = run("longmemeval", folder, BenchSettings(WordEncoder())).to_dict()
    spread = told["spread"]
    assert spread["is"] == OVER_QUESTIONS
    assert set(spread["system"]) == {"session", "session_all_questions", "turn"} | {
        "by_category",
        "abstention",
    }
    assert set(spread["baselines"]) == set(told["baselines"])
    assert set(spread["system"]["session"]) == set(told["system"]["session"])


def test_diagram_marks_confidence_and_accuracy(folder: Path) -> None:
    result = run("longmemeval", folder, BenchSettings(WordEncoder()))
    drawn = diagram(result.reliability)
    assert len(drawn.splitlines()) == 1 + len(result.reliability)
    show(result, Console(quiet=True))
