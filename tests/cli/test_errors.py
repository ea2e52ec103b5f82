"""Nothing wrong is accepted in silence, and every error is one line."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_runs import Runs, Talk
from typer.testing import CliRunner

from nuonuo_memory.cli.app import app


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["recall", "Ada", "--db", "none.db"], "no such file"),
        (["recall", " "], "at least one visible character"),
        (["recall", "Ada", "-k", "0"], "k must be"),
        (["recall", "Ada", "--hops", "-1"], "hops must be"),
        (["recall", "Ada", "--group-by", "sesion"], "they have"),
        (["recall", "Ada", "--now", "soon"], "--now must be"),
        (["recall", "Ada", "--start", "nobody"], "expected the id"),
        (["recall", "Ada", "--html", "none/page.html"], "--html must name a file"),
        (["follow", "Ada", "--mermaid", "none/chart.mmd"], "--mermaid must name a file"),
        (["recall", "Ada", "--where", "topic"], "such as topic=travel"),
        (["recall", "Ada", "--where", "{topic"], "filter in JSON"),
        (["recall", "Ada", "--since", "soon"], "2026-01-05"),
        (["recall", "Ada", "--until", "0001-01-01T00:00+14:00"], "2026-01-05"),
        (["recall", "Ada", "--db", "."], "folder"),
        (["recall", "Ada", "--device", "abacus"], "abacus"),
        (
            ["recall", "Ada", "--encoder", "foo"],
            "--encoder must be minilm, multilingual, hashing",
        ),
        (["recall", "Ada", "-n", "a//b"], "labels"),
        (["recall", "Ada", "--encoder", "minilm"], "reencode"),
        (["show", "unknown"], "expected the id"),
        (["forget"], "neither"),
        (["forget", "a", "--all"], "both"),
        (["forget", "--all", "--yes", "--where", "{"], "filter in JSON"),
        (["remember", " "], "at least one visible character"),
        (["remember", "Hi", "--meta", "topic"], "--meta must be a name and a value"),
        (["remember", "Hi", "--meta", "a=1", "--meta", "a=2"], "'a' twice"),
        (["remember", "Hi", "--at", "noon"], "--at must be a day"),
        (["remember", "Hi", "--link", "nobody"], "expected the id"),
        (["remember", "Hi", "--db", "none/nuonuo.db"], "none"),
        (["update", "abcd"], "nothing to change"),
        (["update", "nobody", "--text", "Hi"], "expected the id"),
        (["list", "--limit", "-1"], "limit must be"),
        (["ingest", "none.txt"], "no such file"),
        (["ingest", "nuonuo.db"], "UTF-8"),
        (["import", "talk.txt"], "line 1"),
        (["stats", "--db", "talk.txt"], "store"),
        (["stats", "-n", "nobody"], "'nobody'"),
        (["export", "all.jsonl", "-n", "nobody"], "'nobody'"),
        (["stats", "--svg", "none/margins.svg"], "--svg must name a file"),
        (["diagnose", "-n", "default"], "whole file"),
        (["stats", "--diagnose", "-n", "default"], "whole file"),
        (["calibrate", "-n", "default"], "whole file"),
        (["reencode", "--encoder", "hashing", "-n", "default"], "whole file"),
        (["diagnose", "--svg", "."], "--svg must name a file"),
        (["demo", "--encoder", "foo"], "--encoder must be"),
        (["reencode", "--encoder", "foo"], "--encoder must be"),
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


def test_wrong_usage_is_one_line_with_exit_code_2(nuonuo: Runs) -> None:
    for arguments, says in (
        (["recall", "Ada", "--nonsense"], "--nonsense"),
        (["recall"], "text"),
        (["recal", "Ada"], "recal"),
        (["--nonsense"], "--nonsense"),
        (["list", "--encoder", "hashing"], "--encoder"),
        (["recall", "Ada", "-k", "many"], "--top"),
    ):
        error = nuonuo.fails(*arguments, code=2)
        assert error.startswith("Error: ")
        assert says in error
        assert error.count("\n") == 1


def test_group_by_lists_the_names_there_are(nuonuo: Runs) -> None:
    nuonuo("remember", "Ada climbs.", "--encoder", "hashing", "--meta", "topic=sport")
    error = nuonuo.fails("recall", "Ada", "--group-by", "topc", "--json")
    assert "got 'topc'" in error
    assert "they have 'topic'" in error
    assert nuonuo.json("recall", "Ada", "--group-by", "topic")["hits"]  # type: ignore[index]


def test_an_id_is_known_by_any_beginning_that_is_its_own(nuonuo: Runs) -> None:
    for id_ in ("note-alpha", "note-beta", "abc", "élan"):
        nuonuo("remember", f"This is {id_}.", "--encoder", "hashing", "--id", id_)
    nuonuo("remember", "Of somebody else.", "--id", "theirs-1", "-n", "acme")
    assert nuonuo.json("show", "note-a")["id"] == "note-alpha"  # type: ignore[index]
    assert nuonuo.json("show", "thei")["id"] == "theirs-1"  # type: ignore[index]
    assert nuonuo.json("show", "abc")["id"] == "abc"  # type: ignore[index]
    error = nuonuo.fails("show", "note")
    assert "note-alpha, note-beta" in error
    assert "at least 4 characters" in nuonuo.fails("show", "ab")
    assert "expected the id" in nuonuo.fails("show", "thei", "-n", "default")
    assert nuonuo.json("forget", "note-a", "note-b", "--yes") == {"forgotten": 2}


def test_no_answer_to_a_question_is_no(nuonuo: Runs) -> None:
    nuonuo("remember", "Ada climbs.", "--encoder", "hashing", "--id", "climbs")
    nuonuo("forget", "climbs", answer="n\n", code=1)
    assert nuonuo.stderr.endswith("Error: aborted; nothing was changed\n")
    nuonuo("forget", "climbs", answer="", code=1)
    assert nuonuo.json("stats")["memories"] == 1  # type: ignore[index]


def test_an_unreadable_file_is_one_line(nuonuo: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> object:
        raise PermissionError(13, "Permission denied", "nuonuo.db")

    nuonuo("remember", "Ada climbs.", "--encoder", "hashing")
    monkeypatch.setattr("nuonuo_memory.memory.TextMemory.stats", refuse)
    error = nuonuo.fails("stats")
    assert error == "Error: [Errno 13] Permission denied: 'nuonuo.db'\n"


def test_names_of_files_may_look_like_markup(nuonuo: Runs) -> None:
    Path("[bold].txt").write_text("User: Ada climbs.\n", encoding="utf-8")
    shown = nuonuo("ingest", "[bold].txt", "--db", "[red].db", "--encoder", "hashing")
    assert "[red].db" in shown


def test_an_empty_answer_says_that_the_namespace_is_unknown(talk: Talk) -> None:
    nuonuo = talk()
    for arguments in (["recall", "Ada"], ["list"]):
        nuonuo(*arguments, "-n", "acme/alcie")
        assert "acme/alcie; nuonuo namespaces lists" in nuonuo.stderr
    nuonuo("list", "--session", "none")
    assert nuonuo.stderr == ""


def test_standard_input_must_be_text(nuonuo: Runs) -> None:
    done = CliRunner().invoke(app, ["remember", "-", "--encoder", "hashing"], input=b"\xff\xfe")
    assert done.exit_code == 1
    assert done.stderr.startswith("Error: expected UTF-8 on standard input")
    nuonuo("remember", "-", "--encoder", "hashing", answer="é\r\n")
    assert nuonuo.json("list")[0]["text"] == "é"  # type: ignore[index]
