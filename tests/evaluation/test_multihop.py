"""The multi-hop benchmark over a folder of four passages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nuonuo_memory.encoders.base import HashingEncoder
from nuonuo_memory.errors import FormatError
from nuonuo_memory.evaluation.multihop import load_multihop, run_multihop
from nuonuo_memory.evaluation.running import run
from nuonuo_memory.evaluation.settings import BenchSettings
from nuonuo_memory.evaluation.triples import Source, released_links

PASSAGES = [
    {"title": "Blue Rain", "text": "Blue Rain is a film directed by Ada Quill."},
    {"title": "Ada Quill", "text": "Ada Quill was born in Oslo."},
    {"title": "Red Snow", "text": "Red Snow is a film directed by Tom Ford."},
    {"title": "Oslo", "text": "Oslo is a city."},
]
QUESTIONS = [
    {
        "id": "1",
        "question": "Where was the director of Blue Rain born?",
        "gold_idx": [0, 1],
        "type": "bridge",
    },
    {"id": "2", "question": "What is Red Snow?", "gold_idx": [2], "hops": 1},
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, rows in (("corpus", PASSAGES), ("questions", QUESTIONS)):
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (tmp_path / f"{name}.jsonl").write_text(text, encoding="utf-8")
    return tmp_path


def test_the_json_has_its_shape(folder: Path) -> None:
    result = run_multihop(folder, BenchSettings(HashingEncoder())).to_dict()
    assert result["benchmark"] == "multihop"
    assert set(result["system"]) == {"recall@2", "recall@5", "recall@10", "all@5"}
    assert set(result["by_type"]) == {"bridge", "1 hops"}
    assert {"all_cues", "one_vector_per_passage"} <= set(result["baselines"])
    assert set(result["seconds"]) == {"index", "per_query_ms"}
    assert result["system"]["recall@5"] == 100.0
    assert result["system"]["recall@2"] == 100.0


def test_rows_hold_what_was_found(folder: Path) -> None:
    result = run_multihop(folder, BenchSettings(HashingEncoder(), limit=1))
    (row,) = result.rows
    assert row["gold"] == [0, 1]
    assert set(row["system"][:2]) == {0, 1}


def test_another_layout_is_refused(folder: Path) -> None:
    (folder / "questions.jsonl").write_text('{"id": "x"}\n', encoding="utf-8")
    with pytest.raises(FormatError, match="corpus and questions"):
        load_multihop(folder)


RELEASED: list[dict[str, Any]] = [
    {
        "title": "Blue Rain",
        "entities": ["Ada Quill"],
        "triples": [["blue rain", "has", "two takes"], ["left", "out"]],
    },
    {"title": "Ada Quill", "entities": ["Ada Quill", "Oslo"], "triples": []},
    {"title": "Red Snow", "entities": [], "triples": []},
    {"title": "Oslo", "entities": [], "triples": []},
]


def release(folder: Path, rows: list[dict[str, Any]]) -> None:
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "openie_triples.jsonl").write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("entities", {"blue rain", "ada quill"}),
        ("triples", {"blue rain", "two takes"}),
        ("triples-and-rules", {"blue rain", "two takes", "ada quill"}),
    ],
)
def test_released_links_stand_in_for_the_rules(
    folder: Path, source: Source, expected: set[str]
) -> None:
    release(folder, RELEASED)
    extractor = released_links(folder, load_multihop(folder).passages, source)
    (found,) = extractor.extract(["Blue Rain\nBlue Rain is a film directed by Ada Quill."])
    assert {mention.name for mention in found} == expected
    result = run(f"multihop-{source}", folder, BenchSettings(HashingEncoder()))
    assert result.benchmark == f"multihop-{source}"
    assert result.questions == 2


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (RELEASED[:3], "expected 4, got 3"),
        ([*RELEASED[:3], RELEASED[0]], "record 4 .* must be of the passage 'Oslo'"),
        ([*RELEASED[:3], {"title": "Oslo", "triples": []}], "record 4 .*'entities'"),
        ([*RELEASED[:3], RELEASED[3] | {"triples": [["a", 1, "b"]]}], "list of strings"),
        ([*RELEASED[:3], RELEASED[3] | {"triples": 3}], "must have a title"),
    ],
)
def test_links_that_do_not_fit_are_refused(
    folder: Path, rows: list[dict[str, Any]], says: str
) -> None:
    release(folder, rows)
    with pytest.raises(FormatError, match=says):
        run("multihop-triples", folder, BenchSettings(HashingEncoder()))


def test_a_folder_without_released_links_is_refused(folder: Path) -> None:
    with pytest.raises(FormatError, match="must hold openie_triples"):
        run("multihop-triples", folder, BenchSettings(HashingEncoder()))
