"""Readers of conversation files, each on a small file of its kind."""

import gzip
import json
import lzma
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from nuonuo_memory.errors import FormatError
from nuonuo_memory.formats import FORMATS, Reader, Session, read
from nuonuo_memory.formats.times import naive_or_aware

TURNS = [{"role": "user", "content": "Hi."}, {"role": "assistant", "content": "Hello, Ada."}]

CHATGPT = [
    {
        "title": "Moving",
        "id": "c-1",
        "create_time": 1767600000.0,
        "current_node": "d",
        "mapping": {
            "a": {"parent": None, "children": ["b"], "message": None},
            "b": {
                "parent": "a",
                "children": ["c", "d"],
                "message": {
                    "author": {"role": "user"},
                    "create_time": 1767600001.5,
                    "content": {"content_type": "text", "parts": ["Where do I live?"]},
                },
            },
            "c": {
                "parent": "b",
                "children": [],
                "message": {
                    "author": {"role": "assistant"},
                    "content": {"content_type": "text", "parts": ["A branch not shown."]},
                },
            },
            "d": {
                "parent": "b",
                "children": [],
                "message": {
                    "author": {"role": "assistant"},
                    "content": {"content_type": "text", "parts": ["In Bern.", {"image": 1}]},
                },
            },
        },
    }
]

LONGMEMEVAL = [
    {
        "question_id": f"q{i}",
        "question": "Where?",
        "answer": "Bern",
        "question_date": "2023/04/10 (Mon) 23:07",
        "haystack_session_ids": [f"s{i}", "s9"],
        "haystack_dates": ["2023/04/10 (Mon) 17:50", "2023/04/11 (Tue) 08:00"],
        "haystack_sessions": [[{**TURNS[0], "has_answer": True}, TURNS[1]], TURNS],
    }
    for i in range(2)
]

LOCOMO = [
    {
        "sample_id": "conv-1",
        "qa": [],
        "conversation": {
            "speaker_a": "Ada",
            "speaker_b": "Ben",
            "session_10_date_time": "1:56 pm on 8 May, 2023",
            "session_10": [{"speaker": "Ben", "dia_id": "D10:1", "text": "Later."}],
            "session_2_date_time": "9:00 am on 1 May, 2023",
            "session_2": [
                {"speaker": "Ada", "dia_id": "D2:1", "text": "Look!", "blip_caption": "a dog"}
            ],
        },
    }
]

TRANSCRIPT = """
# 5 January 2026
Ada: I moved to Bern.
It rained.
[2026-01-05 10:12] Ben: When?
--- 2026-01-06 ---
User: hello
Assistant:
  Good morning.
"""


def read_sessions(path: Path, **options: Any) -> tuple[Session, ...]:
    return read(path, **options).sessions


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def writing(content: object, name: str = "talk.json") -> Path:
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    return writing


@pytest.mark.parametrize(
    "content",
    [
        TURNS,
        {"messages": TURNS},
        [{"messages": TURNS}],
        "\n".join(json.dumps(turn) for turn in TURNS),
        json.dumps({"session": "talk", "turns": TURNS}),
        {
            "conversations": [
                {"from": "human", "value": "Hi."},
                {"from": "gpt", "value": "Hello, Ada."},
            ]
        },
        [{"role": "user", "content": [{"type": "text", "text": "Hi."}]}, TURNS[1]],
    ],
    ids=["array", "object", "sessions", "lines", "session lines", "sharegpt", "parts"],
)
def test_chat(write: Callable[..., Path], content: object) -> None:
    (session,) = read_sessions(write(content))
    assert session.id == "talk"
    assert [(m.role, m.content) for m in session.messages] == [
        ("user", "Hi."),
        ("assistant", "Hello, Ada."),
    ]


def test_chat_keeps_sessions_times_names_and_ids(write: Callable[..., Path]) -> None:
    lines = [
        {"role": "user", "content": "a", "session": "x", "at": "2026-01-05T09:00:00Z", "id": 7},
        {"role": "tool", "content": None, "session": "x"},
        {
            "role": "Ben",
            "content": "b",
            "session": "y",
            "timestamp": 1767600000,
            "name": "Benjamin",
        },
    ]
    one, two = read_sessions(write("\n".join(map(json.dumps, lines)), "talk.jsonl"))
    assert (one.id, two.id) == ("x", "y")
    assert one.messages[0].id == "7"
    assert one.messages[0].at == datetime(2026, 1, 5, 9, tzinfo=UTC)
    assert len(one.messages) == 1  # a call of a tool says nothing
    assert two.messages[0].name == "Benjamin"
    assert two.messages[0].at == datetime(2026, 1, 5, 8, tzinfo=UTC)
    whole = write([{"id": "s", "title": "T", "date": "2026/01/05", "messages": TURNS}], "s.json")
    (session,) = read_sessions(whole, only="s")
    assert session.at == datetime(2026, 1, 5, tzinfo=UTC)
    assert session.metadata == {"title": "T"}


def test_chatgpt_yields_the_branch_that_is_shown(write: Callable[..., Path]) -> None:
    (session,) = read_sessions(write(CHATGPT))
    assert [m.content for m in session.messages] == ["Where do I live?", "In Bern."]
    assert session.id == "c-1"
    assert session.metadata == {"title": "Moving"}
    assert session.messages[0].id == "b"
    assert read_sessions(write(CHATGPT), only="Moving")[0].id == "c-1"


def test_longmemeval_official(write: Callable[..., Path]) -> None:
    path = write(LONGMEMEVAL)
    for only in ("q1", "1"):
        first, second = read_sessions(path, only=only)
        assert (first.id, second.id) == ("s1", "s9")
        assert first.at == datetime(2023, 4, 10, 17, 50, tzinfo=UTC)
        assert len(first.messages) == 2
    with pytest.raises(FormatError, match=r"2 questions.*--only.*q0"):
        read_sessions(path)
    with pytest.raises(FormatError, match="'q7'"):
        read_sessions(path, only="q7")
    assert read_sessions(write([LONGMEMEVAL[0]]))[0].id == "s0"  # one question needs no choice


def test_longmemeval_folder(tmp_path: Path) -> None:
    sessions = {"session_id": "s0", "turns": [["user", "Hi."], ["assistant", "Hello."]]}
    question = {"question_id": "q0", "s_sessions": [["s0", "2023/04/10 (Mon) 17:50"]]}
    for name, record in (("sessions", sessions), ("questions", question)):
        with lzma.open(tmp_path / f"{name}.jsonl.xz", "wt") as file:
            file.write(json.dumps(record) + "\n")
    (session,) = read_sessions(tmp_path, only="q0")
    assert [m.content for m in session.messages] == ["Hi.", "Hello."]
    assert session.at is not None


def test_locomo(write: Callable[..., Path]) -> None:
    first, second = read_sessions(write(LOCOMO))
    assert (first.id, second.id) == ("conv-1/session_2", "conv-1/session_10")
    assert first.messages[0].content == "Look! [shares a dog]"
    assert first.messages[0].name == "Ada"
    assert second.at == datetime(2023, 5, 8, 13, 56, tzinfo=UTC)
    assert len(read_sessions(write(LOCOMO), only="conv-1")) == 2


def test_transcript(write: Callable[..., Path]) -> None:
    first, second = read_sessions(write(TRANSCRIPT, "talk.txt"))
    assert first.at == datetime(2026, 1, 5, tzinfo=UTC)
    assert [(m.name, m.content) for m in first.messages] == [
        ("Ada", "I moved to Bern.\nIt rained."),
        ("Ben", "When?"),
    ]
    assert first.messages[1].at == datetime(2026, 1, 5, 10, 12, tzinfo=UTC)
    assert [(m.role, m.name) for m in second.messages] == [("user", None), ("assistant", None)]
    assert second.messages[1].content == "Good morning."
    assert read_sessions(write(TRANSCRIPT, "talk.txt"), only="1")[0].id == second.id


def test_compressed_files_are_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "talk.json.gz"
    path.write_bytes(gzip.compress(json.dumps(TURNS).encode()))
    assert read_sessions(path)[0].id == "talk"


@pytest.mark.parametrize(
    ("content", "options", "says"),
    [
        ("", {}, "known format"),
        ("just words", {}, "known format"),
        ("[1, 2]", {}, "known format"),
        ("{broken", {}, "known format"),
        ([], {}, "known format"),
        (TURNS, {"format": "word"}, "format among"),
        (TURNS, {"format": "locomo"}, "LoCoMo"),
        (TURNS, {"only": "other"}, "--only other"),
        ([*TURNS, 3], {}, "record 3: expected an object"),
        ([*TURNS, {"role": "user"}], {}, "record 3: expected a message with a content"),
        ([*TURNS, {"content": "a"}], {}, "record 3: expected a message with a role"),
        ([{"role": "user", "content": 3}], {}, "record 1: expected content"),
        ([{**TURNS[0], "at": "soon"}], {}, "record 1: expected a time.*'soon'"),
        (json.dumps(TURNS[0]) + "\n{oops", {}, "line 2: expected JSON"),
        ([{"role": "user", "content": " "}], {}, "at least one message"),
        (
            [
                {**LONGMEMEVAL[0], "haystack_dates": []},
            ],
            {},
            "as many",
        ),
        ([{"mapping": {"a": {"parent": "z"}}, "current_node": "a"}], {}, "lead to a root"),
        ([{"conversation": {"session_1": [{"text": "a"}]}}], {}, "turn 1: expected a turn with sp"),
    ],
)
def test_wrong_files_say_where_and_what(
    write: Callable[..., Path], content: object, options: dict[str, Any], says: str
) -> None:
    path = write(content)
    with pytest.raises(FormatError, match=says) as caught:
        read_sessions(path, **options)
    assert "format" in options or str(path) in str(caught.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no such file"):
        read_sessions(tmp_path / "nothing.json")
    with pytest.raises(FormatError, match="known format"):
        read_sessions(tmp_path)
    (tmp_path / "a.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FormatError, match="UTF-8"):
        read_sessions(tmp_path / "a.json")
    (tmp_path / "a.json.xz").write_bytes(b"no archive")
    with pytest.raises(FormatError, match="can be read"):
        read_sessions(tmp_path / "a.json.xz")


@pytest.mark.parametrize(
    "text",
    ["2026-01-05", "2026/01/05", "5 January 2026", "5 Jan 2026", "January 5, 2026", "05.01.2026"],
)
def test_dates_as_people_write_them(text: str) -> None:
    assert naive_or_aware(text) == datetime(2026, 1, 5)
    assert naive_or_aware("soon") is None


def test_every_format_says_what_it_is() -> None:
    assert len(FORMATS) == 20
    assert all(known.about and known.name == name for name, known in FORMATS.items())
    assert all(isinstance(known, Reader) for known in FORMATS.values())
