"""Every reader gives back the roles, names, times, order and words of its own data.

The files of `data/` are ours, in the exact form of the real thing; `expected.json` says what is to
be read of each, and was written by hand from the form's description, not from what is printed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nuonuo_memory.formats import FORMATS, Session, read

EXPECTED: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parent / "expected.json").read_text(encoding="utf-8")
)


def as_json(session: Session) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": session.id,
        "at": session.at and session.at.isoformat(),
        "metadata": dict(session.metadata),
    }
    if session.messages:
        found["messages"] = [
            [one.role, one.name, one.at and one.at.isoformat(), one.content, one.id]
            for one in session.messages
        ]
    if session.memories:
        found["memories"] = [
            [one.text, one.at and one.at.isoformat(), dict(one.metadata or {})]
            for one in session.memories
        ]
    return found


@pytest.mark.parametrize("name", EXPECTED)
def test_what_a_file_says_comes_back(data: Path, name: str) -> None:
    reading = read(data / name)
    assert reading.formats == (EXPECTED[name]["format"],)
    assert [as_json(session) for session in reading.sessions] == EXPECTED[name]["sessions"]
    assert reading.skipped == ()
    assert reading.unread == ()


def test_every_file_is_expected_and_every_reader_has_one(data: Path) -> None:
    assert {path.name for path in data.iterdir()} == set(EXPECTED)
    read_by = {one["format"] for one in EXPECTED.values()}
    assert read_by == set(FORMATS)


@pytest.mark.parametrize("name", EXPECTED)
def test_no_other_reader_claims_a_file(
    data: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In whatever order the narrower readers are asked, a file is read by its own."""
    own = EXPECTED[name]["format"]
    names = list(FORMATS)
    before = names[: names.index(own)]
    order = {one: FORMATS[one] for one in (*reversed(before), own)}
    monkeypatch.setattr("nuonuo_memory.formats.reading.readers", lambda: order)
    assert read(data / name).formats == (own,)


@pytest.mark.parametrize("name", EXPECTED)
def test_reading_twice_gives_the_same(data: Path, name: str) -> None:
    assert read(data / name).sessions == read(data / name).sessions
