"""Records of programs: LangChain, LlamaIndex, OpenAI, Anthropic, ShareGPT, and documents."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from nuonuo_memory.errors import FormatError
from nuonuo_memory.formats import read

Write = Callable[..., Path]


def turns(path: Path, **options: Any) -> list[tuple[str, str]]:
    return [
        (one.role, one.content) for session in read(path, **options) for one in session.messages
    ]


HELLO = [("user", "Hello"), ("assistant", "Good day")]


def lines(*records: object) -> str:
    return "\n".join(map(json.dumps, records))


def test_messages_of_langchain_as_the_package_writes_them(write: Write) -> None:
    messages = pytest.importorskip("langchain_core.messages")
    dumpd = pytest.importorskip("langchain_core.load").dumpd
    call = {"name": "look", "args": {}, "id": "c", "type": "tool_call"}
    thought = [{"type": "reasoning", "reasoning": "hm"}, {"type": "text", "text": "Good day"}]
    said = [
        messages.SystemMessage("Be brief."),
        messages.HumanMessage("Hello", name="Ada", id="h1"),
        messages.AIMessage("", tool_calls=[call]),
        messages.ToolMessage("21", tool_call_id="c"),
        messages.AIMessage(thought, id="run-1"),
        messages.ChatMessage("As the guide says.", role="guide"),
    ]
    expected = [*HELLO, ("guide", "As the guide says.")]
    for written in (messages.messages_to_dict(said), dumpd(said), [dumpd(one) for one in said]):
        found = read(write(json.loads(json.dumps(written))))
        assert found.formats == ("langchain",)
        made = found.sessions[0].messages
        assert [(one.role, one.content) for one in made] == expected
        assert (made[0].name, made[0].id, made[1].id) == ("Ada", "h1", "run-1")


def test_chats_of_llama_index_as_the_package_writes_them(write: Write) -> None:
    llms = pytest.importorskip("llama_index.core.llms")
    said = [("system", "Be brief."), ("user", "Hello"), ("tool", "21"), ("assistant", "Good day")]
    written = [
        json.loads(llms.ChatMessage(role=role, content=text).model_dump_json())
        for role, text in said
    ]
    store = {"store": {"ada": written}, "class_name": "SimpleChatStore"}
    memory = {"chat_store": store, "chat_store_key": "ada", "class_name": "ChatMemoryBuffer"}
    rows = [{"key": "ada", "timestamp": 1771012800, "data": one} for one in written]
    table = {"db_data": rows, "table_name": "llama_index_memory"}
    for kept in (
        store,
        memory,
        {"class_name": "SimpleComposableMemory", "primary_memory": memory},
        rows,
        {"class_name": "Memory", "sql_store": table},
    ):
        found = read(write(kept))
        assert found.formats == ("llama-index",)
        assert [one.id for one in found] == ["ada"]
        assert turns(write(kept)) == HELLO
    with pytest.raises(FormatError, match="expected a list of messages under 'ben'"):
        read(write({**store, "store": {"ada": written, "ben": 3}}))


def test_states_of_langgraph(write: Write) -> None:
    said = [{"type": "human", "content": "Hello", "id": "h"}]
    more = [*said, {"type": "ai", "content": "Good day", "id": "a"}]
    config = {"configurable": {"thread_id": 9}}
    states = [
        {"values": {"messages": said}, "config": config},
        {"values": {"messages": more}, "config": config},
    ]
    assert [(one.id, len(one)) for one in read(write(states))] == [("9", 2)]
    checkpoint = {"channel_values": {"messages": more}, "ts": "2026-02-13T20:00:00+00:00"}
    (session,) = read(write(checkpoint))
    assert (session.at, len(session)) == (datetime(2026, 2, 13, 20, tzinfo=UTC), 2)
    assert [one.id for one in read(write({"values": {"messages": more}, "thread_id": "t"}))] == [
        "t"
    ]
    with pytest.raises(FormatError, match="message 2: expected a message of LangChain"):
        read(write({"values": {"messages": [*more[:1], {"type": "other", "content": "x"}]}}))
    assert turns(write(lines(more, said), "runs.jsonl")) == [*HELLO, ("user", "Hello")]


CALL = {"id": "c", "type": "function", "function": {"name": "w", "arguments": "{}"}}


@pytest.mark.parametrize(
    "messages",
    [
        [{"role": "assistant", "tool_calls": [CALL]}],
        [{"role": "assistant", "content": None, "tool_calls": [CALL]}],
        [{"role": "assistant", "function_call": {"name": "w", "arguments": "{}"}}],
        [{"role": "tool", "tool_call_id": "c", "content": "21"}],
        [{"role": "tool", "tool_call_id": "c"}],
        [{"role": "function", "name": "w", "content": "21"}],
        [{"role": "developer", "content": "Be brief."}],
        [{"role": "user", "content": [{"type": "tool_result", "content": "21"}]}],
        [{"role": "assistant", "content": [{"type": "redacted_thinking", "data": "x"}]}],
        [{"role": "assistant", "content": [{"type": "server_tool_use", "name": "web_search"}]}],
        [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:…"}}]}],
    ],
)
def test_calls_of_tools_and_their_answers_are_no_turns(
    write: Write, messages: list[dict[str, Any]]
) -> None:
    talk = {
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Hello"},
            *messages,
            {"role": "assistant", "content": "Good day"},
        ]
    }
    assert turns(write(talk)) == HELLO
    assert turns(write(lines(talk, {"messages": messages}), "tune.jsonl")) == HELLO
    assert turns(write(talk["messages"])) == HELLO


def test_what_a_model_refuses_is_said(write: Write) -> None:
    refused = {"role": "assistant", "content": None, "refusal": "I cannot help with that."}
    assert turns(write([{"role": "user", "content": "Hello"}, refused])) == [
        ("user", "Hello"),
        ("assistant", "I cannot help with that."),
    ]


def test_requests_of_a_batch_and_bodies(write: Write) -> None:
    said = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Good day"}]
    record = {"custom_id": "r1", "method": "POST", "body": {"model": "m", "messages": said}}
    assert [
        one.id for one in read(write(lines(record, record | {"custom_id": "r2"}), "b.jsonl"))
    ] == [
        "r1",
        "r2",
    ]


def test_a_reply_of_anthropic_alone(write: Write) -> None:
    reply = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude",
        "content": [{"type": "thinking", "thinking": "x"}, {"type": "text", "text": "Good day"}],
        "stop_reason": "end_turn",
    }
    assert turns(write(reply)) == [("assistant", "Good day")]


def test_responses_with_their_input(write: Write) -> None:
    output = {
        "type": "message",
        "id": "msg_1",
        "role": "assistant",
        "content": [{"type": "output_text", "text": "Good day"}],
    }
    for given in ("Hello", [{"role": "user", "content": "Hello"}]):
        assert turns(write({"object": "response", "input": given, "output": [output]})) == HELLO
    named = {"object": "response", "conversation": {"id": "conv_1"}, "output": [output]}
    assert [one.id for one in read(write(named))] == ["conv_1"]
    called = [output, {"type": "web_search_call", "id": "ws", "status": "completed"}]
    assert turns(write(called)) == [("assistant", "Good day")]
    with pytest.raises(FormatError, match="record 2: expected an item with a type"):
        read(write([output, {"id": "x"}]))


@pytest.mark.parametrize("key", ["conversations", "conversation", "items"])
def test_sharegpt_roles(write: Write, key: str) -> None:
    said = [
        {"from": "system", "value": "Be brief."},
        {"from": "human", "value": "Hello"},
        {"from": "function_call", "value": "{}"},
        {"from": "observation", "value": "21"},
        {"from": "gpt", "value": "Good day"},
    ]
    found = read(write({"id": "x_0", key: said}))
    assert found.formats == ("sharegpt",)
    assert [one.id for one in found] == ["x_0"]
    assert turns(write({key: said})) == HELLO
    assert turns(write(lines(*said), "one.jsonl")) == HELLO
    with pytest.raises(FormatError, match="message 6: expected a turn with from and value"):
        read(write({key: [*said, {"from": " ", "value": "x"}]}))


def mbox(*messages: str) -> str:
    return "".join(
        f"From ada@ex.org Fri Feb 13 20:05:0{place} 2026\n{one}\n\n"
        for place, one in enumerate(messages)
    )


@pytest.mark.parametrize(
    ("written", "at"),
    [
        ("Fri, 13 Feb 2026 21:05:00 +0100", "2026-02-13T20:05:00+00:00"),
        ("Fri, 13 Feb 2026 21:05:00 +0100 (CET)", "2026-02-13T20:05:00+00:00"),
        ("Fri, 13 Feb 2026 21:05:00 +0100 (GMT+01:00)", "2026-02-13T20:05:00+00:00"),
        ("13 Feb 2026 15:05:00 EST", "2026-02-13T20:05:00+00:00"),
        ("Fri, 13 Feb 2026 20:05:00 -0000", "2026-02-13T20:05:00+00:00"),
        ("Fri, 13 Feb 2026 20:05:00 UT", "2026-02-13T20:05:00+00:00"),
    ],
)
def test_dates_of_mail(write: Write, written: str, at: str) -> None:
    path = write(f"From: a@b.c\nDate: {written}\nSubject: Hi\n\nbody\n", "one.eml")
    found = read(path, timezone="Asia/Tokyo")
    (memory,) = found.sessions[0].memories
    assert memory.at is not None
    assert (memory.at.isoformat(), found.zoneless) == (at, False)


def test_a_zone_that_is_none_is_no_guess(write: Write) -> None:
    path = write("From: a@b.c\nDate: Fri, 13 Feb 2026 21:05:00 XYZ\nSubject: Hi\n\nb\n", "one.eml")
    with pytest.raises(FormatError, match="Date: expected a time"):
        read(path)


def test_an_mbox_keeps_places_and_leaves_out_quotes(write: Write) -> None:
    one = (
        "From: Ada <a@b.c>\nSubject: One\nMessage-ID: <1@b.c>\n\nNew words.\n\n"
        ">From here it is stuffed.\n\nOn Fri, 13 Feb 2026, Ben wrote:\n> old words\n\n-- \nAda"
    )
    two = "From: Ben <b@b.c>\nSubject: Two\n\nFrom now on\nit rains."
    (session,) = read(write(mbox(one, two, "Subject:\n\n"), "all.mbox"), skip_bad=True)
    assert [(dict(m.metadata or {})["place"], m.text) for m in session.memories] == [
        ("message 1", "One\nNew words.\n\nFrom here it is stuffed."),
        ("message 2", "Two\nFrom now on\nit rains."),
    ]
    assert session.memories[0].id == "mail:<1@b.c>"
    with pytest.raises(FormatError, match=r"all\.mbox, line \d+, message 3: expected .* a sender"):
        read(write(mbox(one, two, "Subject:\n\n"), "all.mbox"))


def test_a_large_mbox_takes_no_time_with_the_square(write: Write) -> None:
    one = "From: Ada <a@b.c>\nSubject: {}\n\n" + "word " * 400
    path = write(mbox(*(one.format(number) for number in range(3_000))), "all.mbox")
    assert len(read(path).sessions[0].memories) == 3_000


def test_captions_in_odd_forms(write: Write) -> None:
    text = (
        "WEBVTT - a talk\n\nSTYLE\n::cue { color: red }\n\nREGION\nid:r\n\n"
        "1\n00:01.000 --> 00:02.000 line:0\n<v.loud Ada Lenz>Hello &amp; <c.red>welcome</c>.\n\n"
        "01:00:03.500 --> 01:00:04.000\n<00:03.600>Hello again.\n"
        "01:00:05.000 --> 01:00:06.000\nHello again.\n\n01:00:07.000 --> 01:00:08.000\n \n"
    )
    (session,) = read(write(text, "talk.vtt"))
    found = [
        (one.text, (one.metadata or {})["place"], (one.metadata or {}).get("speaker"))
        for one in session.memories
    ]
    assert found == [
        ("Hello & welcome.", "00:00:01", "Ada Lenz"),
        ("Hello again.", "01:00:03", None),
    ]
    assert (session.memories[1].metadata or {})["until"] == "01:00:06"
    numbered = "1\n00:00:01,000 --> 00:00:02,000\nOne\n2\n00:00:02,000 --> 00:00:03,000\nTwo\n"
    (session,) = read(write(numbered, "film.srt"))
    assert [one.text for one in session.memories] == ["One Two"]


def test_notes_in_odd_forms(write: Write) -> None:
    text = "---\ntitle: 'Beds'\ndate: 2026-02-13\n---\n\nBeans.\n"
    (session,) = read(write(text.replace("\n", "\r\n"), "n.md"))
    assert (session.memories[0].text, session.memories[0].at) == (
        "Beans.",
        datetime(2026, 2, 13, tzinfo=UTC),
    )
    wrong = write("---\ndate: soon\n---\n\nBeans.\n", "n.md")
    with pytest.raises(FormatError, match=r"n\.md, line 1, date: expected a time"):
        read(wrong)
    found = read(wrong, skip_bad=True)
    assert (found.sessions[0].memories[0].at, len(found.skipped)) == (None, 1)
    (session,) = read(write("---\nno end\n\n# A\nx\n", "n.md"))
    assert [one.text for one in session.memories] == ["---\nno end", "A\nx"]
    assert read(write("# A heading\nwords\n", "readme")).formats == ("notes",)
