"""`nuonuo ingest`: what it shows, leaves out and stops at."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cli_runs import Runs

from nuonuo_memory import Message, TextMemory
from nuonuo_memory.cli.ingest import observe_all
from nuonuo_memory.cli.output import Bar, Output
from nuonuo_memory.encoders import HashingEncoder
from nuonuo_memory.formats import Session

HASHING = ("--encoder", "hashing")
TURN = {"role": "user", "content": "I moved to Bern.", "at": "2026-01-05T09:00:00"}
LATER = {"role": "user", "content": "The flat is warm.", "at": "2026-02-05T09:00:00Z"}


def write(*records: object, name: str = "talk.jsonl") -> None:
    shown = [one if isinstance(one, str) else json.dumps(one) for one in records]
    Path(name).write_text("\n".join(shown), encoding="utf-8")


def answer(nuonuo: Runs, *arguments: str) -> Any:
    return nuonuo.json("ingest", "talk.jsonl", *arguments, *HASHING)


def test_the_first_bad_record_stops_before_anything_is_stored(nuonuo: Runs) -> None:
    write(TURN, {"role": "user"}, LATER)
    error = nuonuo.fails("ingest", "talk.jsonl", *HASHING)
    assert "talk.jsonl, line 2" in error
    assert "expected a message with a content" in error
    assert not Path("nuonuo.db").exists()


def test_bad_records_are_counted_and_listed(nuonuo: Runs) -> None:
    write(TURN, {"role": "user"}, LATER)
    shown = nuonuo("ingest", "talk.jsonl", "--skip-bad", *HASHING)
    assert "2 memories" in shown
    assert "1 records were left out:" in shown
    assert "talk.jsonl, line 2: " in shown
    again = answer(nuonuo, "--skip-bad")
    assert (again["memories"], again["skipped"]) == (0, 2)
    assert [one["line"] for one in again["left_out"]] == [2]


def test_a_dry_run_shows_the_first_ten_and_stores_nothing(nuonuo: Runs) -> None:
    write(*({**TURN, "content": f"The door {n} is blue."} for n in range(12)))
    shown = nuonuo("ingest", "talk.jsonl", "--dry-run")
    assert "12 messages" in shown
    assert "The door 9 is blue." in shown
    assert "The door 10 is blue." not in shown
    assert "2026-01-05 · talk#0" in shown
    found = answer(nuonuo, "--dry-run")
    assert len(found["first"]) == 10
    assert found["first"][0]["cues"]
    assert not Path("nuonuo.db").exists()


def test_since_and_the_zone(nuonuo: Runs) -> None:
    write(TURN, LATER)
    assert answer(nuonuo, "--since", "2026-02-01")["memories"] == 1
    assert answer(nuonuo, "--timezone", "+02:00")["times_without_zone"]
    times = {one["at"][:16] for one in nuonuo.json("list")}  # type: ignore[attr-defined]
    assert times == {"2026-01-05T07:00", "2026-02-05T09:00"}
    assert "expected a time zone" in nuonuo.fails("ingest", "talk.jsonl", "--timezone", "Moon")
    assert "--since" in nuonuo.fails("ingest", "talk.jsonl", "--since", "soon")


def test_the_order_of_day_and_month_is_asked_for(nuonuo: Runs) -> None:
    write("[03/04/26, 9:05:00] Ada: I moved to Bern.", name="_chat.txt")
    chat = ("ingest", "_chat.txt", *HASHING)
    nuonuo(*chat, "--day-first")
    assert nuonuo.json("list")[0]["at"][:10] == "2026-04-03"  # type: ignore[index]
    nuonuo(*chat, "--month-first", "--db", "other.db")
    assert nuonuo.json("list", "--db", "other.db")[0]["at"][:10] == "2026-03-04"  # type: ignore[index]


@pytest.mark.parametrize("namespace", [(), ("-n", "acme/alice")])
def test_notes_are_memories_and_change_with_the_file(
    nuonuo: Runs, namespace: tuple[str, ...]
) -> None:
    Path("diary.md").write_text("# Home\nI moved to Bern.\n# Work\nMaps.\n", encoding="utf-8")
    first: Any = nuonuo.json("ingest", "diary.md", *HASHING, *namespace)
    assert (first["memories"], first["skipped"]) == (2, 0)
    assert first["cues"] >= 2
    nuonuo("ingest", "diary.md", "-n", "other")
    Path("diary.md").write_text("# Home\nI moved to Basel.\n# Work\nMaps.\n", encoding="utf-8")
    again: Any = nuonuo.json("ingest", "diary.md", *namespace)
    assert (again["memories"], again["skipped"]) == (1, 1)
    texts = {one["text"] for one in nuonuo.json("list", *namespace)}  # type: ignore[attr-defined]
    assert texts == {"Home\nI moved to Basel.", "Work\nMaps."}
    assert "place=Home" in nuonuo("ingest", "diary.md", "--dry-run")


def test_a_folder_names_what_it_could_not_read(nuonuo: Runs) -> None:
    Path("files").mkdir()
    write(TURN, name="files/talk.jsonl")
    Path("files/photo.jpg").write_bytes(b"\xff\xd8")
    shown = nuonuo("ingest", "files", *HASHING)
    assert "1 files are of no known format:" in shown
    assert "photo.jpg" in shown


def test_no_more_is_read_than_is_allowed(nuonuo: Runs) -> None:
    write(TURN, LATER)
    error = nuonuo.fails("ingest", "talk.jsonl", "--max-bytes", "50", *HASHING)
    assert "expected at most 50 bytes" in error
    assert "--max-bytes" in error
    assert answer(nuonuo, "--max-bytes", "5000")["memories"] == 2


def test_what_was_interrupted_goes_on(nuonuo: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    write(*({**TURN, "session": f"s{n}", "content": f"The door {n} is blue."} for n in range(4)))
    stored = TextMemory.observe

    def stopped(self: TextMemory, *arguments: Any, **options: Any) -> Any:
        if options["session"] == "s2":
            raise KeyboardInterrupt
        return stored(self, *arguments, **options)

    with monkeypatch.context() as patched:
        patched.setattr(TextMemory, "observe", stopped)
        error = nuonuo.fails("ingest", "talk.jsonl", *HASHING, code=130)
    assert "the same command goes on from there" in error
    again = answer(nuonuo)
    assert (again["memories"], again["skipped"]) == (2, 2)
    assert len(nuonuo.json("list")) == 4  # type: ignore[arg-type]


def test_the_bar_counts_memories_and_cues_and_moves_inside_a_session() -> None:
    seen: list[tuple[int, int]] = []
    told: list[str] = []

    class Shown(Bar):
        def __init__(self) -> None:
            pass

        def __call__(self, done: int, total: int) -> None:
            seen.append((done, total))

        def describe(self, what: str) -> None:
            told.append(what)

    class Recorded(Output):
        @contextmanager
        def progress(self, what: str) -> Iterator[Bar]:
            yield Shown()

    said = tuple(Message("user", f"The door {n} is blue. It opens well.") for n in range(300))
    with TextMemory.in_memory(encoder=HashingEncoder()) as memory:
        observe_all(memory, [Session(said, "s")], Recorded())
    assert seen[0] == (0, 300)
    assert seen[-1] == (300, 300)
    assert any(0 < done < 300 for done, _ in seen)
    assert told[-1].startswith("300 memories, ")
    assert told[-1].endswith(" cues")
