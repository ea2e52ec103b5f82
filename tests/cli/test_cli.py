"""Every command of `nuonuo`: what it prints for people, for programs, and on errors."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Protocol
from xml.etree import ElementTree as ET

import pytest
import typer.main

from nuonuo_memory import TextMemory
from nuonuo_memory.cli.app import app
from nuonuo_memory.encoders.base import HashingEncoder

DOCS = Path(__file__).parents[2] / "docs" / "cli.md"


class Runs(Protocol):
    stdout: str
    stderr: str

    def __call__(self, *arguments: str, code: int = 0, answer: str | None = None) -> str: ...
    def json(self, *arguments: str) -> object: ...
    def fails(self, *arguments: str, code: int = 1) -> str: ...


Talk = Callable[[], Runs]


def test_ingest_counts_and_adds_nothing_twice(nuonuo: Runs, talk: Talk) -> None:
    talk()
    assert "5 memories with" in nuonuo.stdout
    again = nuonuo.json("ingest", "talk.txt")
    assert (again["memories"], again["skipped"], again["sessions"]) == (0, 5, 2)  # type: ignore[index]


def test_recall_shows_text_cue_origin_and_confidence(talk: Talk) -> None:
    nuonuo = talk()
    shown = nuonuo("recall", "When was sister Ada born?", "-k", "1")
    assert "My sister Ada was born on the third of May." in shown
    assert "confidence" in shown
    assert "user · 2026-01-05 · talk-1#0" in shown
    assert "cue, similarity" in shown


def test_recall_as_json_with_conditions(talk: Talk) -> None:
    nuonuo = talk()
    found = nuonuo.json("recall", "the login bug", "--session", "talk-2", "--where", "role=user")
    assert found["hits"][0]["text"] == "Maria fixed the login bug last night."  # type: ignore[index]
    assert {hit["session"] for hit in found["hits"]} == {"talk-2"}  # type: ignore[index]
    assert set(found["hits"][0]["cue"]) == {"text", "kind"}  # type: ignore[index]
    late = nuonuo.json("recall", "Ada", "--since", "2026-01-06", "--until", "2026-01-07")
    assert {hit["session"] for hit in late["hits"]} <= {"talk-2"}  # type: ignore[index]
    unsure = nuonuo("recall", "Ada", "--min-confidence", "1")
    assert "nothing comes to mind" in unsure


def test_follow_shows_paths(talk: Talk) -> None:
    nuonuo = talk()
    found = nuonuo.json("follow", "Who deploys what the fixer of the login bug finishes?")
    paths = [hop["link"] for hit in found["hits"] for hop in hit["path"]]  # type: ignore[index]
    assert paths
    assert "↳" in nuonuo("follow", "Who deploys what the fixer of the login bug finishes?")


def test_show_list_stats(talk: Talk) -> None:
    nuonuo = talk()
    listed = nuonuo.json("list", "--limit", "2", "--offset", "1")
    assert [one["turn"] for one in listed] == [1, 2]  # type: ignore[attr-defined]
    id_ = listed[1]["id"]  # type: ignore[index]
    shown = nuonuo.json("show", id_[:12])
    assert shown["id"] == id_  # type: ignore[index]
    assert {"turn", "sentence"} <= {cue["kind"] for cue in shown["cues"]}  # type: ignore[index]
    assert "hates parties" in nuonuo("show", id_)
    assert "5 memories" in nuonuo("list")
    stats = nuonuo.json("stats")
    assert (stats["memories"], stats["encoder"]) == (5, "hashing-256")  # type: ignore[index]
    assert "hashing-256" in nuonuo("stats")


def test_forget_by_id_session_and_all(talk: Talk) -> None:
    nuonuo = talk()
    first = nuonuo.json("list")[0]["id"]  # type: ignore[index]
    nuonuo("forget", first, answer="n\n", code=1)
    assert nuonuo.json("stats")["memories"] == 5  # type: ignore[index]
    nuonuo("forget", first, answer="y\n")
    assert nuonuo.json("forget", "--session", "talk-2", "--yes") == {"forgotten": 2}
    assert nuonuo.json("forget", "--all", "--yes") == {"forgotten": 2}
    assert nuonuo.json("stats")["memories"] == 0  # type: ignore[index]


def test_stats_says_which_memories_collide(nuonuo: Runs) -> None:
    with TextMemory.open("nuonuo.db", encoder=HashingEncoder()) as memory:
        memory.remember_many(["The blue door is locked.", "the blue door is locked", "A far hill."])
        ids = {one.id for one in memory.list() if "door" in one.text}
    [found] = nuonuo.json("stats", "--diagnose")["diagnosis"]["collisions"]  # type: ignore[index]
    assert {found["first"], found["second"]} == ids
    assert "The blue door" in nuonuo("stats", "--diagnose")


def test_consolidate_lists_and_does_it_when_told(nuonuo: Runs) -> None:
    with TextMemory.open("nuonuo.db", encoder=HashingEncoder()) as memory:
        memory.remember("Ada has 2 cats.", id="first1")
        memory.remember("ada has 2 cats", id="second")
        memory.remember("Ada has 3 cats.", id="third3")
    assert nuonuo.json("reinforce", "second") == {"reinforced": 1}
    shown = nuonuo("consolidate", "--merge-at", "0.8")
    assert "1 copies merged, 1 alike" in shown
    assert "nothing was changed" in shown
    assert "Ada has 3 cats." in shown
    found = nuonuo.json("consolidate")
    assert (found["merged"][0]["gone"], found["dry_run"]) == ("first1", True)  # type: ignore[index]
    assert nuonuo.json("stats")["memories"] == 3  # type: ignore[index]
    assert "done" in nuonuo("consolidate", "--apply")
    assert nuonuo.json("stats")["memories"] == 2  # type: ignore[index]
    words = nuonuo.json("consolidate", "--any-words", "--merge-at", "0.8", "--apply")
    assert words["merged"][0]["kept"] == "second"  # type: ignore[index]
    faded = nuonuo.json("consolidate", "--half-life", "1e-9", "--prune-below", "0.1", "--turns")
    assert len(faded["pruned"]) == 1  # type: ignore[index]
    assert "merge_at" in nuonuo.fails("consolidate", "--merge-at", "2")
    assert "expected the id" in nuonuo.fails("reinforce", "nobody")


def test_namespaces_are_apart(talk: Talk) -> None:
    nuonuo = talk()
    nuonuo("ingest", "talk.txt", "-n", "acme/alice")
    assert nuonuo.json("stats")["namespaces"] == 2  # type: ignore[index]
    assert nuonuo.json("forget", "--all", "--yes", "-n", "acme/alice") == {"forgotten": 5}
    assert len(nuonuo.json("list")) == 5  # type: ignore[arg-type]
    assert nuonuo.json("list", "-n", "acme") == []


def test_calibrate(talk: Talk) -> None:
    nuonuo = talk()
    assert nuonuo.json("calibrate") == {"offset": 0.0, "samples": 0}
    assert "cues asked" in nuonuo("calibrate", "--samples", "3")


def test_export_import_reencode(talk: Talk) -> None:
    nuonuo = talk()
    assert nuonuo.json("export", "all.jsonl") == {"exported": 5, "file": "all.jsonl"}
    nuonuo("import", "all.jsonl", "--db", "other.db", "--encoder", "hashing")
    assert nuonuo.json("stats", "--db", "other.db")["memories"] == 5  # type: ignore[index]
    cues = nuonuo.json("stats")["cues"]  # type: ignore[index]
    assert nuonuo.json("reencode", "--encoder", "hashing")["cues"] == cues  # type: ignore[index]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["recall", "Ada", "--db", "none.db"], "no such file"),
        (["recall", " "], "at least one visible character"),
        (["recall", "Ada", "-k", "0"], "k must be"),
        (["recall", "Ada", "--where", "topic"], "such as topic=travel"),
        (["recall", "Ada", "--where", "{topic"], "filter in JSON"),
        (["recall", "Ada", "--since", "soon"], "2026-01-05"),
        (["recall", "Ada", "-n", "a//b"], "labels"),
        (["recall", "Ada", "--encoder", "minilm"], "reencode"),
        (["show", "unknown"], "expected the id"),
        (["forget"], "neither"),
        (["forget", "a", "--all"], "both"),
        (["ingest", "none.txt"], "no such file"),
        (["ingest", "nuonuo.db"], "UTF-8"),
        (["import", "talk.txt"], "line 1"),
        (["stats", "--db", "talk.txt"], "store"),
        (["reencode", "--db", "none.db"], "no such file"),
        (["export", "none/all.jsonl"], "no such folder"),
    ],
)
def test_errors_are_one_line_with_exit_code_1(talk: Talk, arguments: list[str], says: str) -> None:
    nuonuo = talk()
    error = nuonuo.fails(*arguments)
    assert error.startswith("Error: ")
    assert says in error
    assert error.count("\n") == 1
    assert "Traceback" not in error


def test_wrong_usage_has_exit_code_2(nuonuo: Runs) -> None:
    assert "--nonsense" in nuonuo.fails("recall", "Ada", "--nonsense", code=2)


def test_the_program_starts_without_what_is_heavy() -> None:
    code = "import sys, nuonuo_memory.cli; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_version_and_help(nuonuo: Runs) -> None:
    assert re.match(r"\d+\.\d+", nuonuo("--version"))
    assert "recall" in nuonuo("--help")


def test_the_environment_names_the_file(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    nuonuo = talk()
    Path("nuonuo.db").rename("mine.db")
    monkeypatch.setenv("NUONUO_DB", "mine.db")
    assert nuonuo.json("stats")["memories"] == 5  # type: ignore[index]


def test_every_command_and_option_is_documented() -> None:
    docs = DOCS.read_text(encoding="utf-8")
    group = typer.main.get_command(app)
    names = sorted(group.commands)  # type: ignore[attr-defined]
    assert set(names) <= set(re.findall(r"^### `nuonuo (\w+)", docs, re.MULTILINE))
    for name in names:
        for parameter in group.commands[name].params:  # type: ignore[attr-defined]
            for option in (o for o in parameter.opts if o.startswith("--")):
                assert f"{option}" in docs or option in {"--top", "--help"}, f"{name} {option}"


def test_json_is_all_that_stands_on_standard_output(talk: Talk) -> None:
    nuonuo = talk()
    for arguments in (["recall", "Ada"], ["follow", "Ada"], ["list"], ["stats"]):
        json.loads(nuonuo(*arguments, "--json"))


def test_a_picture_holds_every_path_once(talk: Talk) -> None:
    nuonuo = talk()
    hits = nuonuo.json("follow", "who fixed the login bug", "--svg", "paths.svg")["hits"]  # type: ignore[index]
    picture = ET.fromstring(Path("paths.svg").read_text(encoding="utf-8"))
    shown = "".join(picture.itertext())
    words = [hit["text"].split()[0] for hit in hits]
    assert all(word in shown for word in words)
    boxes = picture.findall("{*}g[@class='m']/{*}rect")
    assert len({box.get("x") for box in boxes}) <= len(hits)
    assert len({(box.get("x"), box.get("y")) for box in boxes}) == len(boxes)


def test_follow_draws_its_path_and_stats_diagnose(talk: Talk) -> None:
    nuonuo = talk()
    nuonuo("follow", "who fixed the login bug", "--svg", "path.svg", "--html", "path.html")
    assert "crosstalk" in nuonuo("stats", "--diagnose", "--svg", "margins.svg").lower()
    for name in ("path.svg", "margins.svg"):
        picture = ET.fromstring(Path(name).read_text(encoding="utf-8"))
        assert picture.tag.endswith("svg")
    assert Path("path.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert "diagnosis" in nuonuo.json("stats", "--diagnose")  # type: ignore[operator]
