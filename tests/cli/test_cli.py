"""Every command of `nuonuo`: what it prints for people, for programs, and on errors."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from cli_runs import Runs, Talk

from nuonuo_memory import TextMemory
from nuonuo_memory.encoders.base import HashingEncoder


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


def test_recall_follows_as_many_hops_as_told(talk: Talk) -> None:
    nuonuo = talk()
    text = "Who deploys what the fixer of the login bug finishes?"
    assert nuonuo.json("recall", text, "--hops", "3") == nuonuo.json("follow", text)
    assert not any(hit["path"] for hit in nuonuo.json("recall", text)["hits"])  # type: ignore[index]
    surest = nuonuo.json("follow", text, "--min-confidence", "1")
    assert surest["hits"] == []  # type: ignore[index]
    one = nuonuo.json("follow", text, "--group-by", "session", "-k", "2")
    assert len({hit["session"] for hit in one["hits"]}) == len(one["hits"])  # type: ignore[index]


def test_follow_starts_where_told_and_reckons_from_now(talk: Talk) -> None:
    nuonuo = talk()
    maria = next(one for one in nuonuo.json("list") if "login" in one["text"])  # type: ignore[attr-defined]
    found = nuonuo.json("follow", "what then?", "--start", maria["id"][:8])
    assert any(hop["source"] == maria["id"] for hit in found["hits"] for hop in hit["path"])  # type: ignore[index]
    nuonuo("recall", "what was said last week", "--now", "2026-01-12")


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


def test_remember_and_update(nuonuo: Runs) -> None:
    hashing = ("--encoder", "hashing")
    told = nuonuo.json(
        "remember", "Ada was born on 3 May.", *hashing, "--id", "birthday",
        "--cue", "When is the party?", "--meta", "topic=family", "--meta", "n=2",
        "--at", "2026-01-05T09:30",
    )  # fmt: skip
    assert (told["id"], told["metadata"]) == ("birthday", {"topic": "family", "n": 2})  # type: ignore[index]
    assert told["at"] == "2026-01-05T09:30:00+00:00"  # type: ignore[index]
    assert nuonuo.json("recall", "When is the party?")["hits"][0]["cue"]["kind"] == "user"  # type: ignore[index]
    nuonuo("remember", "-", "--link", "birthday", answer="Read from a pipe.\n")
    piped = next(one for one in nuonuo.json("list") if one["id"] != "birthday")  # type: ignore[attr-defined]
    assert piped["text"] == "Read from a pipe."
    assert nuonuo.json("show", piped["id"])["links"][0]["target"] == "birthday"  # type: ignore[index]

    changed = nuonuo.json("update", "birthday", "--text", "Ada was born on 4 May.")
    assert changed["text"] == "Ada was born on 4 May."  # type: ignore[index]
    assert changed["metadata"] == told["metadata"]  # type: ignore[index]
    dated = nuonuo.json("update", "birt", "--meta", "topic=dates", "--at", "2026-02-01")
    assert (dated["metadata"], dated["at"][:10]) == ({"topic": "dates"}, "2026-02-01")  # type: ignore[index]
    assert "updated" in nuonuo("update", "birthday", "--text", "-", answer="Ada: 5 May.")
    assert nuonuo.json("show", "birthday")["text"] == "Ada: 5 May."  # type: ignore[index]


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
    assert nuonuo.json("diagnose") == nuonuo.json("stats", "--diagnose")["diagnosis"]  # type: ignore[index]
    assert "crosstalk" in nuonuo("diagnose", "--svg", "margins.svg")
    assert ET.fromstring(Path("margins.svg").read_text(encoding="utf-8")).tag.endswith("svg")


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
    nuonuo("remember", "The door is blue.", "-n", "acme/alice")
    assert nuonuo.json("namespaces") == [["acme", "alice"], ["default"]]
    assert nuonuo("namespaces", "-n", "acme") == "acme/alice\n"
    assert nuonuo.json("stats", "-n", "acme")["memories"] == 1  # type: ignore[index]
    assert nuonuo.json("export", "one.jsonl", "-n", "acme")["exported"] == 1  # type: ignore[index]
    nuonuo("import", "one.jsonl", "--db", "other.db", "-n", "bob", "--encoder", "hashing")
    assert nuonuo.json("namespaces", "--db", "other.db") == [["bob", "alice"]]


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


def test_backup_of_all_and_of_one_namespace(talk: Talk) -> None:
    nuonuo = talk()
    nuonuo("remember", "The door is blue.", "-n", "acme")
    assert nuonuo.json("backup", "all.db") == {"copied": 6, "file": "all.db"}
    assert "1 memories" in nuonuo("backup", "acme.db", "-n", "acme")
    assert nuonuo.json("namespaces", "--db", "acme.db") == [["acme"]]
    assert "all.db" in nuonuo.fails("backup", "all.db")


def test_version_and_help(nuonuo: Runs) -> None:
    assert re.match(r"\d+\.\d+", nuonuo("--version"))
    assert "recall" in nuonuo("--help")
    assert nuonuo() == nuonuo("--help")


def test_the_environment_names_the_file(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    nuonuo = talk()
    Path("nuonuo.db").rename("mine.db")
    monkeypatch.setenv("NUONUO_DB", "mine.db")
    assert nuonuo.json("stats")["memories"] == 5  # type: ignore[index]


def test_json_is_all_that_stands_on_standard_output(talk: Talk) -> None:
    nuonuo = talk()
    for arguments in (["recall", "Ada"], ["follow", "Ada"], ["list"], ["stats"]):
        json.loads(nuonuo(*arguments, "--json"))
