"""Text formats: WhatsApp in the forms of telephones, transcripts, mail, notes, subtitles."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuonuo_memory.errors import FormatError
from nuonuo_memory.formats import Job, read
from nuonuo_memory.formats.source import Source
from nuonuo_memory.formats.transcript import Transcript
from nuonuo_memory.formats.whatsapp import WhatsApp

Write = Callable[..., Path]
NNBSP = "\u202f"
LRM = "\u200e"


def turns(path: Path, **options: Any) -> list[tuple[str | None, str, str | None]]:
    return [
        (one.name or one.role, one.content, one.at.isoformat()[:16] if one.at else None)
        for session in read(path, **options)
        for one in session.messages
    ]


def whatsapp(write: Write, *lines: str, **options: Any) -> list[tuple[str | None, str, str | None]]:
    return turns(write("\n".join(lines), "chat.txt"), format="whatsapp", **options)


@pytest.mark.parametrize(
    ("stamp", "at"),
    [
        ("13/02/2026, 21:05 - ", "2026-02-13T21:05"),
        ("13/02/26, 9:05 pm - ", "2026-02-13T21:05"),
        (f"2/13/26, 9:05{NNBSP}PM - ", "2026-02-13T21:05"),
        ("2/13/26, 12:05 AM - ", "2026-02-13T00:05"),
        ("2/3/26, 9:05 PM - ", "2026-02-03T21:05"),
        ("03/02/2026, 21:05 - ", "2026-02-03T21:05"),
        ("13.02.26, 21:05 - ", "2026-02-13T21:05"),
        ("3.2.26, 21:05 - ", "2026-02-03T21:05"),
        ("13.2.2026 klo 21.05 - ", "2026-02-13T21:05"),
        ("13.02.26 um 21:05 Uhr - ", "2026-02-13T21:05"),
        ("2026-02-13, 21:05 - ", "2026-02-13T21:05"),
        ("13-02-2026 21:05 - ", "2026-02-13T21:05"),
        ("[13/02/2026, 21:05:09] ", "2026-02-13T21:05"),
        (f"[2/13/26, 9:05:09{NNBSP}PM] ", "2026-02-13T21:05"),
        (f"{LRM}[13.02.26, 21:05:09] ", "2026-02-13T21:05"),
        ("[2026/2/13 下午9:05:09] ", "2026-02-13T21:05"),
        ("[2026/2/13 上午12:05:09] ", "2026-02-13T00:05"),
        ("2026/2/13 21:05 - ", "2026-02-13T21:05"),
        ("2026年2月13日 下午9:05 - ", "2026-02-13T21:05"),
        ("13/2/26 9:05 p. m. - ", "2026-02-13T21:05"),
        ("13/02/2026 à 21:05 - ", "2026-02-13T21:05"),
    ],
)
def test_dates_of_telephones(write: Write, stamp: str, at: str) -> None:
    path = write(f"{stamp}Omar: hello: you\nsecond line\n", "chat.txt")
    reading = read(path)
    assert reading.formats == ("whatsapp",)
    assert turns(path) == [("Omar", "hello: you\nsecond line", at)]


def test_the_order_of_a_date_is_decided_from_the_whole_file(write: Write) -> None:
    late = ("03/04/2026, 21:05 - Omar: a", "13/04/2026, 21:05 - Omar: b")
    assert whatsapp(write, *late)[0][2] == "2026-04-03T21:05"
    us = ("3/4/26, 21:05 - Omar: a", "3/14/26, 21:05 - Omar: b")
    assert whatsapp(write, *us)[0][2] == "2026-03-04T21:05"
    # By the order of the chat: 2 March is before 1 April; 3 February is not before 4 January.
    going_on = ("2/3/26, 21:05 - Omar: a", "1/4/26, 21:05 - Omar: b")
    assert whatsapp(write, *going_on)[0][2] == "2026-03-02T21:05"
    open_ = "2/3/26, 21:05 - Omar: a"
    with pytest.raises(FormatError, match="tell day and month apart"):
        whatsapp(write, open_)
    assert whatsapp(write, open_, day_first=True)[0][2] == "2026-03-02T21:05"
    assert whatsapp(write, open_, day_first=False)[0][2] == "2026-02-03T21:05"
    assert whatsapp(write, "2/2/26, 21:05 - Omar: a")[0][2] == "2026-02-02T21:05"


def test_dates_of_two_orders_fail_by_their_line(write: Write) -> None:
    lines = (
        "13/02/2026, 21:05 - Omar: a",
        "14/02/2026, 21:05 - Omar: b",
        "2/15/2026, 21:05 - Pia: c",
    )
    with pytest.raises(FormatError, match="line 3: expected a date of this file's form"):
        whatsapp(write, *lines)
    assert len(whatsapp(write, *lines, skip_bad=True)) == 2


@pytest.mark.parametrize(
    "line",
    [
        "Messages and calls are end-to-end encrypted.",
        "Omar added Pia",
        'Omar changed the group name from "A: b" to "C: d"',
        "Omar hat die Gruppe „Boot: Frühling“ erstellt",
        "Omar: <Media omitted>",
        "Omar: <Medien ausgeschlossen>",
        "Omar: This message was deleted",
        "Omar: Du hast diese Nachricht gelöscht.",
        f"Omar: {LRM}image omitted",
        f"Boat: {LRM}Pia created this group",
        f"Omar: {LRM}Missed voice call",
        "Omar: null",
    ],
)
def test_what_nobody_said_is_no_turn(write: Write, line: str) -> None:
    said = whatsapp(write, "13/02/2026, 21:00 - Pia: hello", f"13/02/2026, 21:05 - {line}")
    assert [text for _, text, _ in said] == ["hello"]


def test_files_and_captions(write: Write) -> None:
    said = whatsapp(
        write,
        "13/02/2026, 21:00 - Pia: lease.pdf (file attached)",
        "13/02/2026, 21:01 - Pia: <Media omitted>",
        "the hull",
        f"13/02/2026, 21:02 - Pia: Look {LRM}<attached: 12-PHOTO.jpg>",
        "13/02/2026, 21:03 - Pia: no image omitted here",
    )
    assert [text for _, text, _ in said] == [
        "[attached: lease.pdf]",
        "the hull",
        "Look\n[attached: 12-PHOTO.jpg]",
        "no image omitted here",
    ]


NAMES = st.sampled_from(["Omar", "Pia O'Neil", "+44 7700 900123", "小明", "Jörg (work)"])
WORDS = st.text(st.sampled_from("abc: -/[]'\n19äé字"), min_size=1, max_size=30).map(
    lambda text: "w" + text.replace("\n", "\nw").rstrip()
)
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2029, 12, 31)).map(
    lambda moment: moment.replace(second=0, microsecond=0)
)
FORMS = {
    "uk": "{0:%d/%m/%Y, %H:%M} - {1}: {2}",
    "us": "{0.month}/{0.day}/{0:%y, %I:%M %p} - {1}: {2}",
    "german": "[{0:%d.%m.%y, %H:%M:%S}] {1}: {2}",
    "iso": "{0:%Y-%m-%d, %H:%M} - {1}: {2}",
}


@pytest.mark.parametrize("form", FORMS)
@given(said=st.lists(st.tuples(MOMENTS, NAMES, WORDS), min_size=1, max_size=12))
def test_a_chat_comes_back_as_it_was_written(form: str, said: list[Any]) -> None:
    said = [(datetime(2019, 1, 31, 9), "Omar", "w"), *sorted(said)]  # tells day and month apart
    text = "\n".join(FORMS[form].format(*one) for one in said)
    found = [
        (one.at, one.name, one.content)
        for session in WhatsApp().read(_source(text), Job())
        for one in session.messages
    ]
    assert found == [(at.replace(tzinfo=UTC), name, words.strip()) for at, name, words in said]


class _Text:
    """A file that is a text already."""

    suffix, stem, shown, is_text, data, samples = ".txt", "chat", "chat.txt", True, b"", []

    def __init__(self, text: str) -> None:
        self.text = text


def _source(text: str) -> Source:
    return Source("chat.txt", "chat", [_Text(text)], whole=False)  # type: ignore[list-item]


def test_a_speaker_is_new_only_in_the_form_that_the_file_uses(write: Write) -> None:
    split = write(
        "User: How do I pack?\nAssistant: Like this.\nStep 1: fold the shirts\n"
        "Note: roll the socks\nAda: is a name\nUser: thanks\n",
        "split.txt",
    )
    assert [name for name, _, _ in turns(split)] == ["user", "assistant", "user"]
    people = write(
        "Ada: Hello\nIngredients: flour\nStep 2: stir\nhttp: no\nBen: Good\n", "people.txt"
    )
    assert turns(people) == [
        ("Ada", "Hello\nIngredients: flour\nStep 2: stir\nhttp: no", None),
        ("Ben", "Good", None),
    ]
    dated = write(
        "[2026-01-05 10:12] Ada: Hello\nBen: quoted\n[2026-01-05 10:13] Ben: Hi\n", "d.txt"
    )
    assert [(name, text) for name, text, _ in turns(dated)] == [
        ("Ada", "Hello\nBen: quoted"),
        ("Ben", "Hi"),
    ]
    bold = write("**Ada:** Hello\n**the baker**: Good day\n", "bold.txt")
    assert [name for name, _, _ in turns(bold)] == ["Ada", "the baker"]


def test_lines_with_a_date_a_number_or_a_note_are_turns_of_their_own(write: Write) -> None:
    path = write(
        "Lena: my new address is 4 Elm Street\n[13/02/2026, 21:05:00] Omar: the blue ladder\n"
        "13/02/2026, 21:06 - Pia: the soup\n+44 7700 900123: my PIN is 4411\n"
        "Omar (work): the van is booked\n",
        "glued.txt",
    )
    assert turns(path) == [
        ("Lena", "my new address is 4 Elm Street", None),
        ("Omar", "the blue ladder", "2026-02-13T21:05"),
        ("Pia", "the soup", "2026-02-13T21:06"),
        ("+44 7700 900123", "my PIN is 4411", None),
        ("Omar (work)", "the van is booked", None),
    ]


@pytest.mark.parametrize("stamp", ["2026-13-45 10:12", "yesterday 21:05", "03/04/2026", "soon"])
def test_a_date_that_cannot_be_read_is_an_error_with_its_line(write: Write, stamp: str) -> None:
    path = write(f"Ada: hello\n[{stamp}] Ben: hi\nAda: bye\n", "talk.txt")
    with pytest.raises(FormatError, match=r"talk\.txt, line 2: expected a date.*'Ben'"):
        read(path)
    reading = read(path, skip_bad=True)
    assert [one.content for one in reading.sessions[0].messages] == ["hello", "bye"]
    assert [one.line for one in reading.skipped] == [2]


def test_slashes_are_read_as_the_file_or_the_caller_says(write: Write) -> None:
    text = "[03/04/2026 10:00] Ada: a\n"
    assert turns(write(f"{text}[13/04/2026 10:00] Ben: b\n", "t.txt"))[0][2] == "2026-04-03T10:00"
    assert turns(write(text, "t.txt"), day_first=False, format="transcript")[0][2] == (
        "2026-03-04T10:00"
    )


def test_words_before_any_speaker_are_an_error(write: Write) -> None:
    assert not Transcript().matches(_source("just words\nAda: hi"))
    with pytest.raises(FormatError, match="line 1: expected a line such as"):
        list(Transcript().read(_source("just words\nAda: hi"), Job()))


@given(
    said=st.lists(
        st.tuples(
            st.sampled_from(["Ada", "Ben Okoye", "Émile"]),
            st.from_regex(r"[a-z][a-z ]{0,20}[a-z]", fullmatch=True),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_a_transcript_comes_back_as_it_was_written(said: list[tuple[str, str]]) -> None:
    text = "\n".join(f"{name}: {words}" for name, words in said)
    (session,) = Transcript().read(_source(text), Job())
    assert [(one.name, one.content) for one in session.messages] == said


def test_mail_in_odd_forms(write: Write) -> None:
    html = write(
        "From: Ada <a@b.c>\nSubject: =?utf-8?B?QnLDtnRjaGVu?=\n"
        "Date: Fri, 13 Feb 2026 21:05:00 +0100\n"
        "Content-Type: text/html; charset=nonsense\n\n<p>Two &amp; three</p><style>p{}</style>\n",
        "one.eml",
    )
    (session,) = read(html)
    (memory,) = session.memories
    assert memory.text == "Brötchen\nTwo & three"
    assert memory.at == datetime(2026, 2, 13, 20, 5, tzinfo=UTC)
    wrong = write("From: a\nDate: soon\nSubject: x\n\nbody\n", "two.eml")
    with pytest.raises(FormatError, match=r"Date: expected a time.*'soon'"):
        read(wrong)


def test_notes_of_a_folder_keep_their_place(tmp_path: Path) -> None:
    (tmp_path / "journal").mkdir()
    (tmp_path / "journal" / "2026-02-13.md").write_text("# Morning\nFog.\n\n# Morning\nSun.\n")
    (session,) = read(tmp_path, timezone="Europe/Zurich")
    assert [(dict(one.metadata or {})["place"], one.text) for one in session.memories] == [
        ("Morning", "Morning\nFog."),
        ("Morning (2)", "Morning\nSun."),
    ]
    assert session.memories[0].at == datetime(2026, 2, 12, 23, tzinfo=UTC)
    assert dict(session.memories[0].metadata or {})["source"] == "journal/2026-02-13.md"
    ids = [one.id for one in session.memories]
    assert ids == [
        one.id for one in read(tmp_path / "journal" / "2026-02-13.md").sessions[0].memories
    ]


def test_notes_of_one_name_in_two_folders_are_two(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "todo.md").write_text(f"# Today\nBuy {name}\n")
    one, other = (read(tmp_path / name).sessions[0].memories[0].id for name in ("a", "b"))
    assert one != other


def test_subtitles_are_joined_to_sentences(write: Write) -> None:
    cues = "\n\n".join(
        f"{n}\n00:00:{n:02d},000 --> 00:00:{n + 1:02d},000\nword {n}{'.' if n % 4 == 0 else ''}"
        for n in range(1, 50)
    )
    (session,) = read(write(cues, "film.srt"))
    assert len(session.memories) == 2
    assert session.memories[0].text.startswith("word 1 word 2")
    assert session.memories[0].text.endswith(".")
    bad = write("WEBVTT\n\n00:01.000 --> 00:02.000\nhi\n\n00:xx --> 00:04.000\nlost\n", "bad.vtt")
    with pytest.raises(FormatError, match="line 6: expected times"):
        read(bad)
    assert [one.text for one in read(bad, skip_bad=True).sessions[0].memories] == ["hi"]
