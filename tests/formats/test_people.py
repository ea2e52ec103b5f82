"""Chats of people: threads, edits, bots, deleted accounts and files, beyond what `data/` holds."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nuonuo_memory.errors import FormatError
from nuonuo_memory.formats import read

Write = Callable[..., Path]


def turns(path: Path, **options: Any) -> list[tuple[str | None, str]]:
    return [
        (one.name, one.content) for session in read(path, **options) for one in session.messages
    ]


def slack(text: str, stamp: str = "1771012800.000100", **more: Any) -> dict[str, Any]:
    return {"type": "message", "user": "U1", "text": text, "ts": stamp, **more}


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("a &lt;b&gt; &amp; c", "a <b> & c"),
        ("<https://ex.org>", "https://ex.org"),
        ("<https://ex.org|the page>", "the page (https://ex.org)"),
        ("<mailto:a@ex.org|a@ex.org>", "a@ex.org"),
        ("<@U9> and <@U8|ben>", "@U9 and @ben"),
        ("<#C1|general> <#C2>", "#general #C2"),
        ("<!channel> <!subteam^S1|@ops> <!date^1771012800^{date}|13 Feb>", "@channel @ops 13 Feb"),
    ],
)
def test_slack_references_are_read_as_they_are_shown(
    write: Write, written: str, shown: str
) -> None:
    assert turns(write([slack(written)])) == [("U1", shown)]


@pytest.mark.parametrize(
    "subtype",
    ["channel_join", "channel_topic", "pinned_item", "bot_add", "tombstone", "message_deleted"],
)
def test_slack_what_nobody_said_is_no_turn(write: Write, subtype: str) -> None:
    path = write([slack("hello"), slack("set the topic", subtype=subtype)])
    assert turns(path) == [("U1", "hello")]


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"user_profile": {"display_name": "", "real_name": "Ada Lenz"}}, "Ada Lenz"),
        ({"user": None, "bot_profile": {"name": "Deploy"}, "subtype": "bot_message"}, "Deploy"),
        ({"user": None, "username": "ci", "bot_id": "B1", "subtype": "bot_message"}, "ci"),
        ({"user": None, "bot_id": "B1", "subtype": "bot_message"}, "B1"),
    ],
)
def test_slack_speakers(write: Write, fields: dict[str, Any], name: str) -> None:
    assert turns(write([slack("hello", **fields)])) == [(name, "hello")]


def test_slack_a_message_by_nobody_is_an_error(write: Write) -> None:
    path = write([slack("a"), slack("b", user=None)])
    with pytest.raises(FormatError, match="record 2: expected a message with a user"):
        read(path)
    for wrong in ({"ts": "soon"}, {"ts": None}, {"text": 3}, {"type": "note"}):
        with pytest.raises(FormatError, match="record 2: expected"):
            read(write([slack("a"), {**slack("b"), **wrong}]))


def test_slack_one_session_a_day_and_a_thread(write: Write, tmp_path: Path) -> None:
    write([{"id": "U1", "name": "ada", "profile": {}}], "export/users.json")
    write([{"id": "C1", "name": "general"}], "export/channels.json")
    root = slack("which version?", "1771012900.000100", thread_ts="1771012900.000100")
    root["reply_count"] = 1
    write([slack("morning"), root], "export/general/2026-02-13.json")
    later = "1771099300.000100"
    write(
        [
            slack("4.1", later, thread_ts=root["ts"]),
            slack(
                "told all", "1771099400.000100", thread_ts=root["ts"], subtype="thread_broadcast"
            ),
            slack("next day", "1771099200.000100", edited={"user": "U1", "ts": later}),
        ],
        "export/general/2026-02-14.json",
    )
    found = read(tmp_path / "export")
    assert found.formats == ("slack",)
    said = {one.id: [message.content for message in one.messages] for one in found}
    assert said == {
        "general/2026-02-13": ["morning"],
        "general/thread 1771012900.000100": ["which version?", "4.1", "told all"],
        "general/2026-02-14": ["next day"],
    }
    assert {message.name for one in found for message in one.messages} == {"ada"}
    # In a zone ten hours later, the evening of the 13th in UTC is the 14th.
    assert "general/2026-02-15" in {one.id for one in read(tmp_path / "export", timezone="+10:00")}


def test_slack_bots_that_write_into_attachments_and_blocks_of_files(write: Write) -> None:
    parts = [{"fallback": "[no text]", "text": "build 41"}, {"fallback": "is green"}, 3, {}]
    path = write([slack("", subtype="bot_message", username="ci", user=None, attachments=parts)])
    assert turns(path) == [("ci", "build 41\nis green")]
    files = [
        {"id": "F1", "name": "plan.pdf"},
        {"id": "F2", "title": "Photo"},
        {"mode": "tombstone"},
    ]
    assert turns(write([slack("", files=files)])) == [("U1", "[attached: plan.pdf, Photo]")]


def telegram(**more: Any) -> dict[str, Any]:
    return {
        "id": 1,
        "type": "message",
        "date": "2026-02-13T21:00:00",
        "date_unixtime": "1771012800",
        "from": "Lena",
        "from_id": "user10",
        "text": "hello",
        "text_entities": [],
        **more,
    }


def chat(*said: object, **more: Any) -> dict[str, Any]:
    return {"name": "Boat", "type": "private_group", "id": 4412, "messages": list(said), **more}


def test_telegram_text_is_joined_as_it_was_written(write: Write) -> None:
    parts = ["See ", {"type": "mention", "text": "@omar"}, "\n\n", {"type": "code", "text": "x=1"}]
    parts += [{"type": "custom_emoji", "text": "🥖", "document_id": "d"}, "!"]
    assert turns(write(chat(telegram(text=parts)))) == [("Lena", "See @omar\n\nx=1🥖!")]
    for wrong in (3, ["a", 3], [{"type": "bold"}], None):
        with pytest.raises(FormatError, match="message 1: expected a text"):
            read(write(chat(telegram(text=wrong))))


def test_telegram_older_exports_have_a_date_without_a_zone(write: Write) -> None:
    old = telegram()
    del old["date_unixtime"], old["text_entities"]
    found = read(write(chat(old)), timezone="+01:00")
    assert found.zoneless
    assert [one.at.isoformat() for one in found.sessions[0].messages if one.at] == [
        "2026-02-13T20:00:00+00:00"
    ]
    with pytest.raises(FormatError, match="message 1: expected a date"):
        read(write(chat({**old, "date": ""}, telegram())))


def test_telegram_files_polls_and_deleted_chats(write: Write) -> None:
    path = write(
        chat(
            telegram(text="", poll={"question": "When?", "answers": []}),
            telegram(id=2, text="", file_name="tide.pdf", file="files/tide.pdf"),
            telegram(id=3, text="", sticker_emoji="🙂", media_type="sticker"),
            telegram(id=4, **{"from": None, "from_id": None}),
            {"id": 5, "type": "service", "date": "2026-02-13T21:00:00", "action": "pin_message"},
            name=None,
        )
    )
    assert turns(path) == [
        ("Lena", "When?"),
        ("Lena", "[attached: tide.pdf]"),
        ("Deleted Account", "hello"),
    ]
    assert read(path).sessions[0].id == "Deleted Account 4412/2026-02-13"


def test_telegram_a_broken_chat_of_an_account_is_left_out(write: Write) -> None:
    both = {"chats": {"list": [chat(telegram()), {"name": "x", "messages": 3}]}}
    path = write({**both, "left_chats": {"list": [chat(telegram(id=9), id=7)]}})
    with pytest.raises(FormatError, match="a chat with messages"):
        read(path)
    found = read(path, skip_bad=True)
    assert [one.id for one in found] == ["Boat 4412/2026-02-13", "Boat 7/2026-02-13"]
    assert len(found.skipped) == 1


def discord(**more: Any) -> dict[str, Any]:
    return {
        "id": "101",
        "type": "Default",
        "timestamp": "2026-02-13T20:00:00.123+00:00",
        "timestampEdited": "2026-02-13T20:05:00+00:00",
        "content": "hello",
        "author": {"id": "7", "name": "omar", "nickname": "Omar", "isBot": False},
        "attachments": [],
        **more,
    }


def channel(*said: object) -> dict[str, Any]:
    return {
        "guild": {"id": "0", "name": "Direct Messages"},
        "channel": {"id": "1", "type": "DirectTextChat", "name": "omar"},
        "dateRange": {"after": None, "before": None},
        "messages": list(said),
        "messageCount": len(said),
    }


def test_discord_speakers_and_kinds(write: Write) -> None:
    path = write(
        channel(
            discord(),
            discord(id="102", type="Reply", reference={"messageId": "101"}),
            discord(id="103", type="RecipientAdd", content="Added Pia."),
            discord(id="104", type="20", author={"id": "8", "name": "bot", "isBot": True}),
            discord(id="105", author={"id": "9"}),
            discord(id="106", content="", attachments=[{"id": "1", "fileName": "a.jpg"}]),
            discord(id="107", content="", embeds=[{"title": "x"}]),
        )
    )
    assert turns(path) == [
        ("Omar", "hello"),
        ("Omar", "hello"),
        ("bot", "hello"),
        ("9", "hello"),
        ("Omar", "[attached: a.jpg]"),
    ]
    assert read(path).sessions[0].id == "Direct Messages/omar/2026-02-13"


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"author": None}, "an author with a name"),
        ({"timestamp": None}, "a timestamp"),
        ({"timestamp": "soon"}, "a time"),
        ({"content": None}, "a message with a content"),
        ({"type": None}, "a type"),
    ],
)
def test_discord_what_is_missing_is_named(write: Write, wrong: dict[str, Any], says: str) -> None:
    path = write(channel(discord(), discord(**wrong)))
    with pytest.raises(FormatError, match=f"message 2: expected {says}"):
        read(path)
    assert len(turns(path, skip_bad=True)) == 1


NNBSP, LRM = "\u202f", "\u200e"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (f"{LRM}<Anhang: 00000012-PHOTO-2026.jpg>", "[attached: 00000012-PHOTO-2026.jpg]"),
        (f"{LRM}<angehängt: a b.pdf>", "[attached: a b.pdf]"),
        (f"{LRM}<附件：IMG.jpg>", "[attached: IMG.jpg]"),
        (f"{LRM}<pièce jointe : note.opus>", "[attached: note.opus]"),
        ("IMG-1.jpg (Datei angehängt)\nder Rumpf", "der Rumpf\n[attached: IMG-1.jpg]"),
        (f"plan.pdf • {LRM}3 pages {LRM}<attached: 3-plan.pdf>", None),
        (f"POLL:\nWhen?\nOPTION: Monday ({LRM}2 votes)", "POLL:\nWhen?\nOPTION: Monday (2 votes)"),
        ("Take <b: it> away", "Take <b: it> away"),
        (f"Moved {LRM}<This message was edited>", "Moved"),
        (f"Der Rumpf {LRM}Bild weggelassen", "Der Rumpf"),
    ],
)
def test_whatsapp_files_and_notes_of_the_program(
    write: Write, line: str, shown: str | None
) -> None:
    first = f"{LRM}[13.02.26, 21:05:09] Omar: hallo"
    path = write(f"{first}\r\n{LRM}[13.02.26, 21:06:09] ~{NNBSP}Jörg: {line}\r\n", "_chat.txt")
    said = turns(path)
    assert said[0] == ("Omar", "hallo")
    assert said[1][0] == "Jörg"
    assert shown is None or said[1][1] == shown
    if shown is None:
        assert said[1][1].endswith("[attached: 3-plan.pdf]")


def test_whatsapp_a_line_pasted_from_another_chat_is_the_words_of_who_pasted_it(
    write: Write,
) -> None:
    pasted = [
        "she wrote",
        "[21:00, 13/02/2026] Pia: I am late",
        "[13/02/2026, 21:00:09] Pia: so late",
        "2026-02-13 - plan: go",
    ]
    lines = ["13/02/2026, 21:05 - Omar: " + pasted[0], *pasted[1:]]
    path = write("\n".join([*lines, "13/02/2026, 21:06 - Pia: sorry"]), "chat.txt")
    assert turns(path) == [("Omar", "\n".join(pasted)), ("Pia", "sorry")]


def test_whatsapp_a_damaged_date_takes_its_further_lines_with_it(write: Write) -> None:
    path = write(
        "13/02/2026, 21:05 - Omar: hello\n1x/02/2026, 21:06 - Pia: my PIN is\n4411\n"
        "13/02/2026, 21:07 - Omar: thanks\n",
        "chat.txt",
    )
    with pytest.raises(FormatError, match=r"chat\.txt, line 2: expected a date"):
        read(path)
    assert turns(path, skip_bad=True) == [("Omar", "hello"), ("Omar", "thanks")]


def test_transcript_a_date_that_cannot_be_read_takes_its_further_lines_with_it(
    write: Write,
) -> None:
    path = write("Ada: hello\n[soon] Ben: my PIN is\n4411\nAda: thanks\n", "talk.txt")
    assert turns(path, skip_bad=True) == [("Ada", "hello"), ("Ada", "thanks")]


def test_json_as_one_line_and_as_many_are_the_same(write: Write) -> None:
    one = read(write(json.dumps(chat(telegram())), "result.json"))
    many = read(write(json.dumps(chat(telegram()), indent=1), "result.json"))
    assert one.sessions == many.sessions
