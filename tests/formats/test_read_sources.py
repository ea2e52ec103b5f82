"""`read`: files, folders and archives, choices among sessions, and what is left out."""

import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from nuonuo_memory.errors import FormatError
from nuonuo_memory.formats import Job, Session, Source, read
from nuonuo_memory.formats.registry import FORMATS, readers
from nuonuo_memory.types import Message

TURN = {"role": "user", "content": "I moved to Bern.", "at": "2026-01-05T09:00:00"}
LATER = {"role": "user", "content": "The flat is warm.", "at": "2026-02-05T09:00:00"}
BERN = timezone(timedelta(hours=1))


def lines(*records: object) -> str:
    return "\n".join(one if isinstance(one, str) else json.dumps(one) for one in records)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    inside = tmp_path / "files"
    (inside / "deep").mkdir(parents=True)
    (inside / "talk.jsonl").write_text(lines(TURN), encoding="utf-8")
    (inside / "deep" / "talk.txt").write_text("Ada: Hello.\nBen: Hi.\n", encoding="utf-8")
    (inside / "photo.jpg").write_bytes(b"\xff\xd8\xff")
    (inside / "user.json").write_text('{"plan": "free"}', encoding="utf-8")
    return inside


def test_a_folder_and_its_archive_give_the_same(folder: Path, tmp_path: Path) -> None:
    packed = tmp_path / "files.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*.*")):
            archive.write(path, path.relative_to(folder).as_posix())
    loose, archived = read(folder), read(packed)
    assert loose.sessions == archived.sessions
    assert [one.id for one in loose.sessions] == ["deep/talk", "talk"]
    assert {Path(one).name for one in loose.unread} == {"photo.jpg", "user.json"}
    assert set(loose.formats) == {"chat", "transcript"}


def test_nothing_unpacks_without_a_bound(tmp_path: Path) -> None:
    packed = tmp_path / "bomb.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("talk.txt", b"Ada: " + b"a" * 5_000_000)
    assert packed.stat().st_size < 50_000
    for skip_bad in (False, True):
        with pytest.raises(FormatError, match="at most 1,000,000 bytes"):
            read(packed, max_bytes=1_000_000, skip_bad=skip_bad)


def test_the_first_bad_record_is_an_error_with_file_line_and_reason(tmp_path: Path) -> None:
    path = tmp_path / "talk.jsonl"
    path.write_text(lines(TURN, {"role": "user"}, LATER, "{broken"), encoding="utf-8")
    with pytest.raises(FormatError, match=r"talk.jsonl, line 2.*message with a content"):
        read(path)


def test_bad_records_are_left_out_and_listed(tmp_path: Path) -> None:
    path = tmp_path / "talk.jsonl"
    path.write_text(lines(TURN, {"role": "user"}, LATER, "{broken"), encoding="utf-8")
    found = read(path, skip_bad=True)
    assert [one.content for one in found.sessions[0].messages] == [
        TURN["content"],
        LATER["content"],
    ]
    assert [one.line for one in found.skipped] == [2, 4]
    assert "expected JSON" in str(found.skipped[1])
    assert str(path) in str(found.skipped[1])


def test_times_without_a_zone_are_of_the_one_given(tmp_path: Path) -> None:
    path = tmp_path / "talk.jsonl"
    path.write_text(lines(TURN), encoding="utf-8")
    found = read(path, timezone=BERN)
    assert found.sessions[0].messages[0].at == datetime(2026, 1, 5, 8, tzinfo=UTC)
    assert found.zoneless
    path.write_text(lines({**TURN, "at": "2026-01-05T09:00:00Z"}), encoding="utf-8")
    assert not read(path, timezone=BERN).zoneless


def test_since_leaves_out_what_came_before(tmp_path: Path) -> None:
    path = tmp_path / "talk.jsonl"
    path.write_text(lines(TURN, LATER, {"role": "user", "content": "?"}), encoding="utf-8")
    late = read(path, since=datetime(2026, 2, 5, 10), timezone=BERN)
    assert [one.content for one in late.sessions[0].messages] == ["?"]
    kept = read(path, since=datetime(2026, 2, 5, 9, tzinfo=BERN), timezone=BERN)
    assert [one.content for one in kept.sessions[0].messages] == [LATER["content"], "?"]
    path.write_text(lines(TURN), encoding="utf-8")
    assert read(path, since=datetime(2027, 1, 1, tzinfo=UTC)).sessions == ()


def test_sessions_of_one_id_are_told_apart_and_copies_come_once(tmp_path: Path) -> None:
    for name, said in (("a", TURN), ("b", LATER), ("c", TURN)):
        record = {"id": "same", "messages": [said]}
        (tmp_path / f"{name}.json").write_text(json.dumps([record]), encoding="utf-8")
    found = read(tmp_path).sessions
    assert [one.id for one in found] == ["same", "same-2"]
    assert found[1].messages[0].content == LATER["content"]


def test_only_chooses_by_id_title_and_place(tmp_path: Path) -> None:
    path = tmp_path / "talk.json"
    records = [{"id": f"s{n}", "title": f"T{n}", "messages": [TURN]} for n in range(3)]
    path.write_text(json.dumps(records), encoding="utf-8")
    for only in ("s1", "T1", "1"):
        assert [one.id for one in read(path, only=only).sessions] == ["s1"]
    with pytest.raises(FormatError, match="--only s9"):
        read(path, only="s9")


@pytest.mark.parametrize(
    "content", ["[" * 100_000, '{"a":' * 100_000, "[" + "[" * 5000 + "]" * 5001]
)
def test_deep_nesting_is_one_error(tmp_path: Path, content: str) -> None:
    path = tmp_path / "deep.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(FormatError, match=r"deep\.json"):
        read(path)


def test_halves_of_characters_can_be_stored(tmp_path: Path) -> None:
    path = tmp_path / "talk.json"
    path.write_text('[{"role": "user", "content": "a\\ud800b\\u0000"}]', encoding="utf-8")
    assert read(path).sessions[0].messages[0].content == "a\ufffdb"


class Shouts:
    """A reader of one's own: each line of a `.shout` file is a message."""

    name = "shouts"
    about = "lines that are shouted"

    def matches(self, source: Source) -> bool:
        return source.file is not None and source.file.suffix == ".shout"

    def read(self, source: Source, job: Job) -> Iterator[Session]:
        file = source.files[0]
        said = []
        for number, line in enumerate(file.text.splitlines(), start=1):
            with job.guard(file.shown, number):
                if not line.isupper():
                    raise FormatError(f"{file.shown}, line {number}: expected capitals")
                said.append(Message("user", line))
        yield Session(tuple(said), source.name)


def test_a_reader_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.shout"
    path.write_text("HELLO\nquiet\n", encoding="utf-8")
    found = read(path, format=Shouts(), skip_bad=True)
    assert [one.content for one in found.sessions[0].messages] == ["HELLO"]
    assert [(one.line, one.reason) for one in found.skipped] == [(2, "expected capitals")]

    class Point:
        name = "shouts"

        def __init__(self, offered: object) -> None:
            self._offered = offered

        def load(self) -> object:
            return self._offered

    points = [Point(Shouts)]
    monkeypatch.setattr("nuonuo_memory.formats.registry.entry_points", lambda group: points)
    assert list(readers()) == ["shouts", *FORMATS]
    assert read(path, skip_bad=True).formats == ("shouts",)
    points[0] = Point(3)
    with pytest.raises(FormatError, match="to name a reader"):
        readers()
