"""Exports of assistants: branches, tools, documents and marks, beyond what `data/` holds."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
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


def chatgpt(
    *nodes: tuple[str, str | None, str, object], leaf: str | None = None, **more: Any
) -> dict[str, Any]:
    """A conversation of ChatGPT from (id, parent, role, content) and fields of messages by id."""
    mapping: dict[str, Any] = {"root": {"id": "root", "message": None, "parent": None}}
    for place, (key, parent, role, said) in enumerate(nodes):
        plain = {"content_type": "text", "parts": [said]}
        mapping[key] = {
            "id": key,
            "parent": parent or "root",
            "children": [],
            "message": {
                "id": key,
                "author": {"role": role, "name": None, "metadata": {}},
                "create_time": 1770000000.5 + place,
                "content": plain if isinstance(said, str) else said,
                "status": "finished_successfully",
                "weight": 1.0,
                "metadata": {},
                "recipient": "all",
                **more.get(key, {}),
            },
        }
    for key, _, _, _ in nodes:
        parent = mapping[mapping[key]["parent"]]
        parent.setdefault("children", []).append(key)
    return {
        "title": "T",
        "create_time": 1770000000.5,
        "mapping": mapping,
        "current_node": leaf or nodes[-1][0],
        "conversation_id": "c",
    }


def test_chatgpt_an_edited_question_and_its_answers(write: Write) -> None:
    path = write(
        [
            chatgpt(
                ("u-old", None, "user", "Which oven for rey bread?"),
                ("a-old", "u-old", "assistant", "What is rey?"),
                ("u", None, "user", "Which oven for rye bread?"),
                ("a-1", "u", "assistant", "A gas oven."),
                ("a-2", "u", "assistant", "One with stone soles."),
                leaf="a-2",
            )
        ]
    )
    assert turns(path) == [
        ("user", "Which oven for rye bread?"),
        ("assistant", "One with stone soles."),
    ]


@pytest.mark.parametrize(
    ("content", "fields"),
    [
        ({"content_type": "code", "language": "unknown", "text": 'search("x")'}, "browser"),
        ({"content_type": "code", "language": "python", "text": "print(1)"}, "python"),
        ({"content_type": "text", "parts": ['{"prompt": "a cat"}']}, "dalle.text2im"),
        ({"content_type": "text", "parts": ["User likes rye."]}, "bio"),
        ({"content_type": "thoughts", "thoughts": [{"summary": "s", "content": "c"}]}, "all"),
        ({"content_type": "reasoning_recap", "content": "Thought for 3 s"}, "all"),
        ({"content_type": "model_editable_context", "model_set_context": "x"}, "all"),
        ({"content_type": "text", "parts": ["hidden"]}, {"channel": "analysis"}),
        (
            {"content_type": "text", "parts": ["hidden"]},
            {"metadata": {"is_visually_hidden_from_conversation": True}},
        ),
    ],
)
def test_chatgpt_what_is_not_for_the_user_is_no_turn(
    write: Write, content: object, fields: str | Mapping[str, Any]
) -> None:
    more = {"recipient": fields} if isinstance(fields, str) else dict(fields)
    talk = chatgpt(
        ("s", None, "system", ""),
        ("u", "s", "user", "Hello"),
        ("x", "u", "assistant", content),
        ("t", "x", "tool", "what the tool says"),
        ("a", "t", "assistant", "Good day"),
        x=more,
    )
    assert turns(write([talk])) == [("user", "Hello"), ("assistant", "Good day")]


def test_chatgpt_speech_and_pictures(write: Write) -> None:
    spoken = {
        "content_type": "multimodal_text",
        "parts": [
            {"content_type": "audio_transcription", "text": "How warm?", "direction": "in"},
            {"content_type": "audio_asset_pointer", "asset_pointer": "sediment://f"},
        ],
    }
    seen = {
        "content_type": "multimodal_text",
        "parts": [
            {"content_type": "image_asset_pointer", "asset_pointer": "file-service://f"},
            "What is this?",
        ],
    }
    files = {"metadata": {"attachments": [{"id": "f", "name": "oven.png"}, {"id": "g"}]}}
    path = write([chatgpt(("u", None, "user", spoken), ("v", "u", "user", seen), v=files)])
    assert turns(path) == [("user", "How warm?"), ("user", "What is this?\n[attached: oven.png]")]


def test_chatgpt_marks_of_sources(write: Write) -> None:
    said = (
        "It is warm【4:0†source】, they say 【3】. The 【note】 stays. "
        "See \ue200url\ue202the shop\ue202turn0search1\ue201 "
        "and \ue200navlist\ue202News\ue202turn0news1\ue201.:contentReference[oaicite:0]{index=0} "
        '\ue200entity\ue202["city","Bern","capital"]\ue201 \ue200entity\ue202[broken\ue201'
        "\ue200entity\ue202{}\ue201\ue203end\ue204"
    )
    path = write([chatgpt(("u", None, "user", "?"), ("a", "u", "assistant", said))])
    assert turns(path)[1][1] == (
        "It is warm, they say. The 【note】 stays. See the shop and. Bernend"
    )


@pytest.mark.parametrize(
    ("call", "shown"),
    [
        ({"name": "List", "type": "document", "content": "flour"}, "List\nflour"),
        ({"updates": [{"pattern": ".*", "replacement": "salt"}]}, "salt"),
        ({"comments": [{"pattern": "f", "comment": "which?"}]}, None),
        ([1], None),
        ("no JSON", None),
    ],
)
def test_chatgpt_canvas(write: Write, call: object, shown: str | None) -> None:
    text = call if isinstance(call, str) else json.dumps(call)
    content = {"content_type": "code", "language": "json", "text": text}
    talk = chatgpt(
        ("u", None, "user", "Write"),
        ("c", "u", "assistant", content),
        c={"recipient": "canmore.create_textdoc"},
    )
    assert turns(write([talk]))[1:] == ([("assistant", shown)] if shown else [])


def test_chatgpt_a_damaged_conversation_is_left_out_and_named(write: Write) -> None:
    good = chatgpt(("u", None, "user", "Hello"))
    circle = chatgpt(("x", "y", "user", "a"), ("y", "x", "user", "b"))
    path = write(json.dumps([good, circle, {**good, "mapping": 3}], indent=1))
    with pytest.raises(FormatError, match=r"line \d+, record 2: expected nodes .* no circle"):
        read(path)
    found = read(path, skip_bad=True)
    assert [one.id for one in found] == ["c"]
    assert ["record 2" in one.reason for one in found.skipped] == [True, False]


def test_chatgpt_without_a_current_node_the_last_answer_is_shown(write: Write) -> None:
    talk = chatgpt(
        ("u", None, "user", "Hello"),
        ("a", "u", "assistant", "Hi"),
        ("b", "u", "assistant", "Good day"),
    )
    del talk["current_node"]
    assert turns(write([talk])) == [("user", "Hello"), ("assistant", "Good day")]


def test_chatgpt_a_long_conversation_takes_no_time_with_the_square(write: Write) -> None:
    nodes = [
        (f"n{place}", f"n{place - 1}" if place else None, ("user", "assistant")[place % 2], "ok")
        for place in range(8_000)
    ]
    assert len(turns(write([chatgpt(*nodes)]))) == 8_000


def claude(*said: Mapping[str, Any], **more: Any) -> list[dict[str, Any]]:
    return [
        {
            "uuid": "c",
            "name": "",
            "created_at": "2026-02-13T20:00:00.123456Z",
            "chat_messages": [{"created_at": "2026-02-13T20:00:00Z", **one} for one in said],
            **more,
        }
    ]


def test_claude_before_branches_were_told(write: Write) -> None:
    """Older exports have a text alone, and no parents."""
    path = write(
        claude(
            {"uuid": "1", "sender": "human", "text": "Hello"},
            {"uuid": "2", "sender": "assistant", "text": "Good day"},
        )
    )
    assert turns(path) == [("user", "Hello"), ("assistant", "Good day")]


def test_claude_an_edited_question(write: Write) -> None:
    root = "00000000-0000-4000-8000-000000000000"
    said = [
        {"uuid": "1", "sender": "human", "text": "Helo", "parent_message_uuid": root},
        {"uuid": "2", "sender": "assistant", "text": "Helo?", "parent_message_uuid": "1"},
        {"uuid": "3", "sender": "human", "text": "Hello", "parent_message_uuid": root},
        {"uuid": "4", "sender": "assistant", "text": "Good day", "parent_message_uuid": "3"},
    ]
    assert turns(write(claude(*said))) == [("user", "Hello"), ("assistant", "Good day")]
    chosen = claude(*said, current_leaf_message_uuid="2")
    assert turns(write(chosen)) == [("user", "Helo"), ("assistant", "Helo?")]
    lost = [*said, {"uuid": "5", "sender": "human", "text": "x", "parent_message_uuid": "gone"}]
    with pytest.raises(FormatError, match="messages that all follow the first"):
        read(write(claude(*lost)))


def test_claude_words_hidden_by_blocks_are_not_taken_from_the_text(write: Write) -> None:
    """Where a message holds tools alone, its text says that they cannot be shown."""
    blocks = [{"type": "tool_use", "name": "artifacts", "input": {"content": "x"}}]
    text = "```\nThis block is not supported on your current device yet.\n```"
    said = {"uuid": "1", "sender": "assistant", "text": text, "content": blocks}
    hello = {"uuid": "0", "sender": "human", "text": "Hello"}
    assert turns(write(claude(hello, said))) == [("user", "Hello")]


def test_claude_code_sessions_of_a_folder(write: Write, tmp_path: Path) -> None:
    def line(session: str, kind: str, text: str, **more: Any) -> str:
        said = {"role": kind, "content": text}
        head = {"sessionId": session, "uuid": text, "timestamp": "2026-02-13T09:00:00.000Z"}
        return json.dumps({"type": kind, "message": said, **head, **more})

    write(line("a", "user", "one", cwd="/home/ada/oven"), "projects/oven/a.jsonl")
    write(
        "\n".join(
            [
                line("b", "user", "two"),
                line("b", "assistant", "three", isApiErrorMessage=True),
                line("b", "user", "[Request interrupted by user for tool use]"),
            ]
        ),
        "projects/oven/b.jsonl",
    )
    found = read(tmp_path / "projects")
    assert [(one.id, dict(one.metadata)) for one in found] == [
        ("a", {"project": "oven"}),
        ("b", {}),
    ]
    assert turns(tmp_path / "projects") == [("user", "one"), ("user", "two")]


def activity(title: str, answer: str | None = None, **more: Any) -> dict[str, Any]:
    made = {
        "header": "Gemini Apps",
        "title": title,
        "time": "2026-02-13T20:00:00.000Z",
        "products": ["Gemini Apps"],
        **more,
    }
    return made if answer is None else {**made, "safeHtmlItem": [{"html": answer}]}


@pytest.mark.parametrize(
    ("title", "asked"),
    [
        ("Prompted Say: hello", "Say: hello"),
        ("Asked why", "why"),
        ("Eingegebener Prompt: Hallo", "Hallo"),
        ("送信したメッセージ: こんにちは", "こんにちは"),
        ("Used an assistant feature", "Used an assistant feature"),
    ],
)
def test_gemini_prompts_in_other_languages(write: Write, title: str, asked: str) -> None:
    path = write([activity(title, "<p>Yes</p><style>p{}</style><br>no")])
    assert turns(path) == [("user", asked), ("assistant", "Yes\nno")]


def test_gemini_leaves_out_other_products(write: Write) -> None:
    other = {**activity("Searched for rye"), "header": "Search", "products": ["Search"]}
    path = write([other, activity("Prompted Hello", "Good day"), activity("Gave feedback")])
    assert turns(path) == [("user", "Hello"), ("assistant", "Good day")]
    with pytest.raises(FormatError, match="an answer in HTML"):
        read(write([activity("Prompted x", safeHtmlItem=[{"text": "x"}])]))


def test_open_webui_forms(write: Write) -> None:
    messages = {
        "a": {"id": "a", "parentId": None, "role": "user", "content": "Hello"},
        "b": {"id": "b", "parentId": "a", "role": "assistant", "content": "Good day"},
    }
    chat = {"title": "T", "history": {"messages": messages, "currentId": None}}
    alone = {"id": "o", "title": "", "chat": chat}
    found = read(write(alone))
    assert [(one.id, dict(one.metadata)) for one in found] == [("o", {"title": "T"})]
    assert turns(write(alone)) == [("user", "Hello"), ("assistant", "Good day")]
    assert [one.id for one in read(write([chat], "export.json"))] == ["export-1"]
    empty = {"chat": {"history": {"messages": {}, "currentId": None}}}
    assert turns(write([alone, empty])) == turns(write(alone))
    with pytest.raises(FormatError, match="record 2: expected a chat with a history"):
        read(write([alone, {"chat": {}}]))
    thought = '<details type="reasoning" done="true"><summary>S</summary>x</details>\n'
    called = '<details type="tool_calls" id="1">x</details>'
    messages["b"]["content"] = f"{thought}{called}Good <details>own</details> day"
    assert turns(write(alone))[1] == ("assistant", "Good <details>own</details> day")
