"""Which messages of a run repeat what the run forgot."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuonuo_memory.agents.forgetting import forgot, forgotten_in, repeats


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Forget my PIN 4711.", True),
        ("It is 4711, forget that.", True),
        ("I have forgotten your PIN.", True),
        ("Please forget my number.", False),
        ("And I moved to Oslo.", False),
        ("", False),
    ],
)
def test_a_message_repeats_what_it_shares_a_word_with(text: str, expected: bool) -> None:
    assert repeats(text, ["My PIN is 4711"]) is expected
    assert not repeats(text, [])


def test_stop_words_alone_are_repeated_whole() -> None:
    assert repeats("Forget that it is me!", ["it is me"])
    assert not repeats("It was him.", ["it is me"])


@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=40), max_size=4))
def test_answers_give_the_texts_back_on_one_line(texts: list[str]) -> None:
    answer = "\n".join([*map(forgot, texts), "There is no memory with the id x."])
    assert forgotten_in([answer]) == [" ".join(text.split()) for text in texts]
