"""From turns to cues: nothing truncated, nothing twice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuonuo_memory.config import CueConfig
from nuonuo_memory.text.cues import cues_of_text, cues_of_turn, question_cues
from nuonuo_memory.text.sentences import MAX_TOKENS, estimated_tokens
from nuonuo_memory.types import Cue

CONFIG = CueConfig(assistant_sentences=True, questions=True)


def texts(cues: list[Cue], kind: str) -> list[str]:
    return [cue.text for cue in cues if cue.kind == kind]


def test_a_short_turn_is_one_cue() -> None:
    assert cues_of_text("Ada lives in Bern.", config=CONFIG) == [Cue("Ada lives in Bern.", "turn")]


def test_sentences_and_question_are_cues() -> None:
    cues = cues_of_turn(
        "Sure! Ada lives in Bern now. She works for the zoo.",
        role="assistant",
        previous_question="Where does Ada live?",
        config=CONFIG,
    )
    assert texts(cues, "turn") == ["Sure! Ada lives in Bern now. She works for the zoo."]
    assert texts(cues, "sentence") == ["Ada lives in Bern now.", "She works for the zoo."]
    assert texts(cues, "question") == ["Where does Ada live?"]


def test_what_the_user_says_has_no_question() -> None:
    cues = cues_of_turn("It rained.", role="user", previous_question="How was it?", config=CONFIG)
    assert texts(cues, "question") == []


def test_config_switches_kinds_off() -> None:
    plain = CueConfig(sentences=False, questions=False)
    cues = cues_of_turn(
        "It rained. It poured.", role="assistant", previous_question="How was it?", config=plain
    )
    assert [cue.kind for cue in cues] == ["turn"]


def test_a_long_turn_is_segments() -> None:
    long = " ".join(f"Chapter {number} of the report is short." for number in range(60))
    cues = cues_of_text(long, config=CONFIG)
    assert texts(cues, "turn") == []
    assert len(texts(cues, "segment")) > 3
    assert len(texts(cues, "sentence")) == 60
    again = cues_of_text("The same sentence over and over. " * 60, config=CONFIG)
    assert len(texts(again, "sentence")) == 1


def test_scraps_join_and_courtesies_are_left_out() -> None:
    cues = cues_of_text("Yes. Thanks! Rex. He is our dog and two years old.", config=CONFIG)
    assert texts(cues, "sentence") == ["Rex. He is our dog and two years old."]
    assert texts(cues_of_text("He came home late. Rex.", config=CONFIG), "sentence") == []
    assert [cue.kind for cue in cues_of_text("Thanks!", config=CONFIG)] == ["turn"]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("好的。谢谢！我女儿开始学小提琴了。她很喜欢。", ["我女儿开始学小提琴了。", "她很喜欢。"]),
        ("Ja, genau. Danke! Wir ziehen nach Bern um.", ["Wir ziehen nach Bern um."]),
        ("そうですね。娘がバイオリンを習い始めました。", ["娘がバイオリンを習い始めました。"]),
        ("Да, спасибо! Мы переехали в Казань.", ["Мы переехали в Казань."]),
    ],
)
def test_courtesies_of_other_languages_are_left_out(said: str, told: list[str]) -> None:
    cues = cues_of_turn(said, role="user", previous_question=None, config=CONFIG)
    assert texts(cues, "sentence") == told


def test_what_is_asked_in_other_scripts_is_a_question() -> None:
    pasted = "نص طويل ملصق هنا بلا سؤال. " * 60
    assert question_cues(f"{pasted} هل هذا جيد؟", config=CONFIG) == ["هل هذا جيد؟"]


def test_a_long_question_stands_by_what_it_asks() -> None:
    pasted = "Some pasted paragraph that goes on. " * 60
    assert question_cues(f"Is it good? {pasted} Or is it bad?", config=CONFIG) == [
        "Is it good?",
        "Or is it bad?",
    ]
    begun = question_cues(pasted, config=CONFIG)
    assert len(begun) == 1
    assert pasted.startswith(begun[0])
    assert question_cues("  ", config=CONFIG) == []


@given(text=st.text(max_size=2000), question=st.none() | st.text(max_size=1500))
def test_no_cue_is_empty_repeated_or_longer_than_the_encoder_reads(
    text: str, question: str | None
) -> None:
    cues = cues_of_turn(text, role="assistant", previous_question=question, config=CONFIG)
    folded = [" ".join(cue.text.casefold().split()) for cue in cues]
    assert len(set(folded)) == len(folded)
    assert all(cue.text.strip() for cue in cues)
    assert all(estimated_tokens(cue.text) <= MAX_TOKENS for cue in cues)
    assert bool(text.strip()) or not cues
