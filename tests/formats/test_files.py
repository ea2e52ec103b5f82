"""Files, folders and archives: encodings, packing, bounds, and what shares an id."""

from __future__ import annotations

import gzip
import json
import lzma
import shutil
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from nuonuo_memory import TextMemory
from nuonuo_memory.encoders import HashingEncoder
from nuonuo_memory.errors import FormatError, InvalidInputError
from nuonuo_memory.formats import read
from nuonuo_memory.formats.registry import readers

TURNS = [{"role": "user", "content": "Hi."}, {"role": "assistant", "content": "Hello, Ada."}]
Write = Callable[..., Path]


def said(path: Path, **options: Any) -> list[tuple[str, str]]:
    return [
        (one.role, one.content) for session in read(path, **options) for one in session.messages
    ]


def test_deep_nesting_is_one_line_of_error_and_is_left_out(write: Write) -> None:
    deep = '{"role": "user", "content": ' + "[" * 60_000 + "]" * 60_000 + "}"
    path = write(f"[{deep},{json.dumps(TURNS[1])}]")
    with pytest.raises(FormatError, match=r"record 1: expected JSON of a usual depth"):
        read(path)
    assert said(path, skip_bad=True) == [("assistant", "Hello, Ada.")]
    parts: object = "words"
    for _ in range(200):
        parts = {"type": "text", "text": parts}
    with pytest.raises(FormatError, match="usual depth"):
        read(write([{"role": "user", "content": [parts]}]))


def test_halves_of_characters_can_be_stored_and_found(write: Write) -> None:
    path = write('[{"role": "user", "content": "nice \\ud83d dog\\u0000", "name": "A\\udc00"}]')
    (session,) = read(path)
    assert session.messages[0].name == "A\ufffd"
    with TextMemory.in_memory(encoder=HashingEncoder()) as memory:
        memory.observe(session.messages, session=session.id)
        assert memory.list()[0].text == "nice \ufffd dog"


def test_encodings(tmp_path: Path) -> None:
    path = tmp_path / "talk.json"
    written = json.dumps([{"role": "user", "content": "Brötchen 🥖"}], ensure_ascii=False)
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        path.write_text(written, encoding)
        assert said(path) == [("user", "Brötchen 🥖")]
    path.write_bytes(b'[{"role": "user", "content": "Br\xf6tchen"}]')
    with pytest.raises(FormatError, match="record 1: expected text in UTF-8, got byte 0xf6"):
        read(path)
    text = tmp_path / "talk.txt"
    text.write_bytes(b"Ada: hello\nBen: Br\xf6tchen\n")
    with pytest.raises(FormatError, match="line 2: expected text in UTF-8, got byte 0xf6"):
        read(text)


@pytest.mark.parametrize(("ending", "pack"), [(".gz", gzip.compress), (".xz", lzma.compress)])
def test_packed_files_are_read(tmp_path: Path, ending: str, pack: Callable[[bytes], bytes]) -> None:
    raw = json.dumps(TURNS).encode()
    path = tmp_path / f"talk.json{ending}"
    path.write_bytes(pack(raw[:20]) + pack(raw[20:]))  # in two streams, one after the other
    assert read(path).sessions[0].id == "talk"
    for damaged in (pack(raw)[:-9], b"no archive", b""):
        path.write_bytes(damaged)
        with pytest.raises(FormatError, match=r"can be read|known format"):
            read(path)


@pytest.mark.parametrize("kind", ["gz", "xz", "zip", "plain"])
def test_every_kind_of_packing_has_a_bound(tmp_path: Path, kind: str) -> None:
    bomb = b" " * 20_000_000 + json.dumps(TURNS).encode()
    path = tmp_path / f"talk.json{'' if kind in ('zip', 'plain') else '.' + kind}"
    if kind == "zip":
        path = tmp_path / "talk.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in ("a.json", "b.json", "c.json"):
                archive.writestr(name, bomb[-8_000_000:])
    else:
        path.write_bytes({"gz": gzip.compress, "xz": lzma.compress}.get(kind, bytes)(bomb))
    with pytest.raises(FormatError, match="at most 10,000,000 bytes"):
        read(path, max_bytes=10_000_000)
    assert said(path, max_bytes=30_000_000)[:2] == [("user", "Hi."), ("assistant", "Hello, Ada.")]


@pytest.mark.parametrize("packing", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_packing_that_cannot_be_bounded_is_refused(tmp_path: Path, packing: int) -> None:
    path = tmp_path / "talk.zip"
    with zipfile.ZipFile(path, "w", packing) as archive:
        archive.writestr("talk.json", json.dumps(TURNS))
    with pytest.raises(FormatError, match=r"talk\.json: expected .*neither stored nor deflated"):
        read(path)


def test_damaged_and_locked_archives(tmp_path: Path, data: Path) -> None:
    path = tmp_path / "talks.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(data / "log.jsonl", "log.jsonl")
    raw = bytearray(path.read_bytes())
    raw[raw.index(b"my dog")] ^= 1  # its checksum is another now
    path.write_bytes(bytes(raw))
    with pytest.raises(FormatError, match=r"talks\.zip/log\.jsonl: expected a file that can be"):
        read(path)
    raw[6] |= 1  # says that it is encrypted
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(bytes(raw))
    with pytest.raises(FormatError, match="unpacks"):
        read(path)


def test_names_in_an_archive_that_point_outside_write_and_read_nothing_there(
    tmp_path: Path,
) -> None:
    (tmp_path / "secret.json").write_text(json.dumps([{"role": "user", "content": "secret"}]))
    inside = tmp_path / "in"
    inside.mkdir()
    path = inside / "talk.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("../secret.json", "/etc/talk.json", "..\\..\\other.json"):
            archive.writestr(name, json.dumps(TURNS))
    before = sorted(tmp_path.rglob("*"))
    assert "secret" not in {content for _, content in said(path)}
    assert sorted(tmp_path.rglob("*")) == before
    link = zipfile.ZipInfo("link.json")
    link.external_attr = 0o120777 << 16  # a symbolic link is a file that holds a path
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(link, "../secret.json")
    with pytest.raises(FormatError, match="known format"):
        read(path)


@pytest.mark.parametrize("inner", ["", "export/"])
def test_archives_as_programs_write_them(tmp_path: Path, data: Path, inner: str) -> None:
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted((data / "slack").rglob("*.json")):
            archive.write(file, inner + file.relative_to(data / "slack").as_posix())
    assert read(path).sessions == read(data / "slack").sessions
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(data / "chatgpt.json", f"{inner}conversations.json")
        archive.writestr(f"{inner}user.json", '{"id": "user-1", "email": "a@b.c"}')
        archive.writestr(f"{inner}message_feedback.json", "[]")
        archive.writestr(f"{inner}chat.html", "<html></html>")
        archive.writestr("__MACOSX/._x.json", "x")
    reading = read(path)
    assert reading.formats == ("chatgpt",)
    assert len(reading.unread) == 3
    assert reading.sessions == read(data / "chatgpt.json").sessions
    whatsapp = tmp_path / "WhatsApp Chat - Omar.zip"
    with zipfile.ZipFile(whatsapp, "w") as archive:
        archive.write(data / "whatsapp-german-ios.txt", "_chat.txt")
        archive.writestr("00000012-vertrag.pdf", b"%PDF")
    assert read(whatsapp).sessions[0].id == "Omar/2026-02-13"


def test_a_bad_file_of_a_folder_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps(TURNS[0]))
    (tmp_path / "b.jsonl").write_text(json.dumps(TURNS[0]) + "\n{")
    with pytest.raises(FormatError, match=r"b\.jsonl, line 2"):
        read(tmp_path)
    reading = read(tmp_path, skip_bad=True)
    assert [one.id for one in reading] == ["a", "b"]
    assert [(Path(one.file).name, one.line) for one in reading.skipped] == [("b.jsonl", 2)]


def test_a_folder_of_every_source_is_read_file_by_file(tmp_path: Path, data: Path) -> None:
    names = ("chatgpt.json", "claude.json", "mail.mbox", "whatsapp-uk-android.txt", "log.jsonl")
    for name in names:
        shutil.copy(data / name, tmp_path / name)
    together = read(tmp_path)
    assert set(together.formats) == {"chatgpt", "claude", "mail", "whatsapp", "chat"}
    assert together.count == sum(read(data / name).count for name in names)


def test_ids_that_start_again_begin_a_new_conversation(write: Write) -> None:
    rows = [(1, "my dog is Bo"), (2, "nice"), (1, "my cat is Pixel"), (2, "lovely")]
    lines = [
        json.dumps({"id": number, "role": "user" if number == 1 else "assistant", "content": text})
        for number, text in rows
    ]
    reading = read(write("\n".join(lines), "log.jsonl"))
    assert [[one.content for one in session.messages] for session in reading] == [
        ["my dog is Bo", "nice"],
        ["my cat is Pixel", "lovely"],
    ]
    with TextMemory.in_memory(encoder=HashingEncoder()) as memory:
        for _ in range(2):
            for session in reading:
                memory.observe(session.messages, session=session.id)
        assert len(memory.list()) == 4


def test_ids_that_are_said_again(write: Write) -> None:
    def log(*rows: tuple[int, str]) -> list[list[str]]:
        lines = [json.dumps({"id": i, "role": "user", "content": text}) for i, text in rows]
        reading = read(write("\n".join(lines), "log.jsonl"))
        return [[one.content for one in session.messages] for session in reading]

    whole_again = [(1, "hi"), (2, "hello"), (1, "hi"), (2, "hello"), (3, "bye")]
    assert log(*whole_again) == [["hi", "hello", "bye"]]
    same_greeting = [(1, "hi"), (2, "hello"), (1, "hi"), (2, "good day"), (3, "bye")]
    assert log(*same_greeting) == [["hi", "hello"], ["hi", "good day", "bye"]]


def test_an_id_twice_in_a_session_that_is_named(write: Write) -> None:
    rows = [
        {"id": "a", "role": "user", "content": text, "session": "s"} for text in ("x", "y", "x")
    ]
    (session,) = read(write([*rows, {"role": "user", "content": "z", "session": "s"}]))
    assert [(one.id, one.content) for one in session.messages] == [
        ("a", "x"),
        ("a#2", "y"),
        (None, "z"),
    ]


def test_a_session_that_went_on_takes_the_place_of_its_beginning(write: Write) -> None:
    grown = [*TURNS, {"role": "user", "content": "More"}]
    other = [{"role": "user", "content": "Another"}]
    records = [{"id": "s", "messages": one} for one in (TURNS, grown, other, TURNS)]
    reading = read(write(records))
    assert [(one.id, len(one)) for one in reading] == [("s", 3), ("s-2", 1)]
    apart = [{"session": name, "role": "user", "content": "ok"} for name in ("x", "y", "x")]
    assert [(one.id, len(one)) for one in read(write(apart))] == [("x", 2), ("y", 1)]


def test_times_in_every_form_are_the_same_moment(write: Write) -> None:
    forms = [
        *(1771012800, 1771012800.0, 1771012800000, 1771012800000000, "1771012800"),
        *("1771012800000", "2026-02-13T20:00:00Z", "2026-02-13 20:00:00 UTC", "2026-02-13 20:00"),
        *("2026-02-13T21:00:00+01:00", "2026-02-13T21:00:00.000000+0100", "13 February 2026 20:00"),
        *("Fri, 13 Feb 2026 20:00:00 GMT", "February 13, 2026 8:00 PM", "2026/02/13 (Fri) 20:00"),
    ]
    for form in forms:
        (session,) = read(write([{**TURNS[0], "at": form}]))
        assert session.messages[0].at == datetime(2026, 2, 13, 20, tzinfo=UTC), form


@pytest.mark.parametrize(
    "wrong",
    [
        *(True, False, -5, 7, 20260213, 10**30, 10**400, 1e308, [], {}, [1771012800], "soon"),
        *("2026-02-30", "2026-02-13 25:00", "2026-02-13T10:00:00+99:00", "13/14/2026", "9" * 30),
        *("2026-02-13T10:00:00+01:75", "5. Foo 2026", "03/04/2026", "13:00 PM 2026-02-13"),
    ],
)
def test_what_is_no_time_is_an_error_and_no_guess(write: Write, wrong: object) -> None:
    path = write([{**TURNS[0], "at": wrong}, TURNS[1]])
    with pytest.raises(FormatError, match="record 1: expected a time"):
        read(path)
    assert said(path, skip_bad=True) == [("assistant", "Hello, Ada.")]


def test_zones_by_name(data: Path) -> None:
    path = data / "whatsapp-us-android.txt"
    for zone in ("Europe/Zurich", "+01:00", "UTC+1", "+0100"):
        reading = read(path, timezone=zone)
        assert reading.sessions[0].messages[0].at == datetime(2026, 2, 3, 20, 5, tzinfo=UTC)
        assert reading.sessions[1].id.endswith("/2026-02-04")  # the days are those of the zone
        assert reading.zoneless
    assert not read(data / "telegram.json", timezone="Asia/Tokyo").zoneless
    assert read(path, timezone="local").count == 3
    assert read(path, timezone="GMT").sessions == read(path).sessions
    for wrong in ("Mars/Olympus", "+99:00", "+01:75", "../etc", "Europe"):
        with pytest.raises(InvalidInputError, match="time zone"):
            read(path, timezone=wrong)


def test_a_package_that_cannot_offer_its_reader_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    class Point:
        name = "lines"

        def load(self) -> object:
            raise ImportError("no module named lines")

    monkeypatch.setattr("nuonuo_memory.formats.registry.entry_points", lambda group: [Point()])
    with pytest.raises(FormatError, match=r"'lines' .*no module named lines"):
        readers()


def test_a_session_whose_id_is_blank_has_the_file_s_name(write: Write) -> None:
    assert [one.id for one in read(write([{"id": " ", "messages": TURNS}]))] == ["talk"]
