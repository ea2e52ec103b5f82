"""Damaged files: a typed error with its place, or a record that is left out and counted; never
another exception, and never a turn that nobody said, or that another said."""

from __future__ import annotations

import copy
import json
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nuonuo_memory import inputs
from nuonuo_memory.errors import FormatError
from nuonuo_memory.formats import Reading, Session, read
from nuonuo_memory.types import Message

DATA = Path(__file__).parent / "data"
FILES = sorted(path for path in DATA.rglob("*.*") if path.is_file())
JSON = [path for path in FILES if path.suffix in (".json", ".jsonl")]
DEEP: Any = "JUNK"
for _ in range(30):
    DEEP = [DEEP]
WRONG = st.sampled_from(
    [
        *(None, True, False, -1, 0, 7, 10**30, 1e308, float("inf"), float("nan"), 20260213),
        *("", " ", "JUNK", "\ud83d", "\x00", "2026-13-45T99:99:99Z", "2026-02-13T10:00:00+99:00"),
        *([], {}, ["JUNK"], {"JUNK": "JUNK"}, [None], [[]], DEEP),
    ]
)
SIDES = ("user", "assistant")
SPOKEN_BY = {"role", "from", "from_id", "sender", "author", "type", "speaker", "name", "user"}
SPOKEN_BY |= {"nickname", "username", "display_name", "real_name", "id", "bot_id", "user_id"}
SPOKEN_BY |= {"user_profile", "profile", "personal_information", "data", "kwargs"}
TIMES = {"date_unixtime", "date", "time", "timestamp", "create_time", "created_at", "ts", "at"}


def attempts(path: Path) -> list[Reading]:
    """What is read of a file, and what is read of it where bad records are left out."""
    found, errors = [], []
    for skip in (False, True):
        try:
            found.append(read(path, skip_bad=skip))
        except FormatError as error:
            errors.append(str(error))
    assert all("\n" not in error and len(error) < 1_000 for error in errors), errors
    for session in (one for reading in found for one in reading):
        assert_storable(session)
    return found


def assert_storable(session: Session) -> None:
    """What is read can be stored: nothing is found to be wrong when half of it is."""
    assert len(session)
    inputs.text_of(session.id, "session")
    inputs.time_of(session.at)
    inputs.metadata_of(session.metadata)
    inputs.messages_of(session.messages)
    inputs.new_memories_of(session.memories)


def said(reading: Reading) -> list[Message]:
    """Every message; of a document, its memories as what nobody said."""
    return [one for session in reading for one in session.messages] + [
        Message("", one.text, at=one.at) for session in reading for one in session.memories
    ]


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.relative_to(DATA).as_posix())
@settings(max_examples=15)
@given(where=st.floats(0, 1), length=st.integers(0, 30), put=st.binary(max_size=6))
def test_bytes_that_are_lost_or_changed(file: Path, where: float, length: int, put: bytes) -> None:
    raw = file.read_bytes()
    place = int(where * len(raw))
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / file.name
        path.write_bytes(raw[:place] + put + raw[place + length :])
        attempts(path)
        path.write_bytes(raw[:place])
        attempts(path)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where the values of a JSON document stand."""
    yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*path, key))
    if isinstance(value, list):
        for key, inner in enumerate(value):
            yield from places(inner, (*path, key))


def changed(value: Any, path: tuple[Any, ...], new: object, *, drop: bool) -> Any:
    whole = copy.deepcopy(value)
    inner = whole
    for key in path[:-1]:
        inner = inner[key]
    if drop:
        del inner[path[-1]]
    else:
        inner[path[-1]] = new
    return whole


@pytest.mark.parametrize("file", JSON, ids=lambda path: path.relative_to(DATA).as_posix())
@settings(max_examples=30)
@given(data=st.data())
def test_values_of_the_wrong_kind(file: Path, data: st.DataObject) -> None:
    """What is read was said in the file, by the one who said it, at the time that it gives."""
    lines = file.suffix == ".jsonl"
    text = file.read_text(encoding="utf-8")
    value: Any = [json.loads(line) for line in text.splitlines()] if lines else json.loads(text)
    if len(list(places(value))) == 1:
        return  # an empty list
    path = data.draw(st.sampled_from(list(places(value))[1:]), label="path")
    new, drop = data.draw(WRONG, label="new"), data.draw(st.booleans(), label="drop")
    broken = changed(value, path, new, drop=drop)
    before = said(read(file)) if file.parent.name == "data" or "-" in file.name else []
    with tempfile.TemporaryDirectory() as name:
        copied = Path(name) / file.name
        copied.write_text("\n".join(map(json.dumps, broken)) if lines else json.dumps(broken))
        for reading in attempts(copied):
            for one in said(reading):
                assert_said(one, before, value, path, new)


def assert_said(
    one: Message, before: list[Message], value: Any, path: tuple[Any, ...], new: object
) -> None:
    told = json.dumps(value, ensure_ascii=False)
    heard = {word for other in before for word in other.content.split()} | {"[attached:"}
    for word in one.content.split():
        parts = [(word, "")] + [(word[:cut], word[cut:]) for cut in range(1, len(word))]
        known = any(_told(left, heard, told) and _told(right, heard, told) for left, right in parts)
        assert known or "JUNK" in word or "\ufffd" in word or _written(word, new), word
    same = [other for other in before if other.content == one.content]
    if len(same) != 1:
        return
    (other,) = same
    named = SPOKEN_BY & set(map(str, path))
    if one.role != other.role:
        assert named, (one, other)
        assert {one.role, other.role} != set(SIDES), (one, other)
        assert one.role not in SIDES or other.role not in SIDES, (one, other)
    if one.at != other.at:
        assert TIMES & set(map(str, path)), (one, other)
        assert one.at is None or _stands(one.at, value), (one, other)


def _told(word: str, heard: set[str], told: str) -> bool:
    """Whether a piece of a word stands in the file; pieces of several parts may be one word."""
    return word in heard or json.dumps(word, ensure_ascii=False)[1:-1].rstrip("],") in told


def _written(word: str, new: object) -> bool:
    """Whether a word is a value that was put in, or begins with it."""
    return isinstance(new, str | int | float) and f"{new}" != "" and f"{new}" in word


def _stands(moment: datetime, value: Any) -> bool:
    """Whether a document gives a time anywhere."""
    spelled = json.dumps(value)
    shapes = (f"{moment.timestamp():.0f}", moment.astimezone(UTC).isoformat()[:19])
    return any(shape in spelled for shape in shapes)


STAMPED = sorted(DATA.glob("whatsapp-*.txt"))


@pytest.mark.parametrize("file", STAMPED, ids=lambda path: path.name)
@settings(max_examples=40)
@given(data=st.data())
def test_a_damaged_date_gives_no_words_to_another(file: Path, data: st.DataObject) -> None:
    lines = file.read_text(encoding="utf-8").split("\n")
    speaks: Callable[[str], bool] = lambda line: ": " in line[:60] and line[:1] in "[0123456789"  # noqa: E731
    spoken = [number for number, line in enumerate(lines) if speaks(line)]
    number = data.draw(st.sampled_from(spoken[1:]), label="line")
    line = lines[number]
    end = line.index("] ") if line.startswith("[") else line.index(" - ")
    place = data.draw(st.integers(0, end - 1), label="place")
    put = data.draw(st.sampled_from(["", "x", "?", "99", " "]), label="put")
    words = line.split(": ", 1)[1]
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / file.name
        broken = [*lines[:number], line[:place] + put + line[place + 1 :], *lines[number + 1 :]]
        path.write_text("\n".join(broken), encoding="utf-8", newline="")
        speaker = line[end:].strip("] -").split(":")[0]
        for reading in attempts(path):
            for one in said(reading):
                assert words not in one.content or one.name in (speaker, speaker.lstrip("~ ")), one


@pytest.mark.parametrize("name", ["chatgpt.json", "claude.json", "telegram-all.json", "log.jsonl"])
def test_a_record_that_is_no_json_is_left_out_alone(tmp_path: Path, name: str) -> None:
    raw = (DATA / name).read_text(encoding="utf-8").strip()
    lines = name.endswith(".jsonl")
    whole = read(DATA / name)
    added = f'{raw}\n{{"id": nope}}\n' if lines else raw.rstrip("]").rstrip() + ', {"id": nope}]'
    path = tmp_path / name
    path.write_text(added if raw.startswith("[") or lines else f'[{raw}, {{"id": nope}}]')
    with pytest.raises(FormatError, match=rf"{name}, line \d+.*expected JSON"):
        read(path)
    found = read(path, skip_bad=True)
    assert len(found.skipped) == 1
    assert [one.messages for one in found] == [one.messages for one in whole]
