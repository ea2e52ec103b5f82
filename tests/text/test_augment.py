"""Paraphrases by rule and by any function."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuonuo_memory.errors import EncoderError, InvalidInputError
from nuonuo_memory.text.augment import Augmenter, CallableAugmenter, RuleAugmenter, as_augmenter


@pytest.mark.parametrize(
    ("text", "among"),
    [
        ("Can you tell me how to fix the login?", "How to fix the login?"),
        ("I need to deploy the app", "Release the application"),
        ("The database is down", "The DB is down"),
        ("The DB is down", "The database is down"),
        ("The login page is broken", "Issue with login page"),
        ("I don't eat meat", "I do not eat meat"),
        ("My favorite MOVIE is Alien", "My preferred FILM is Alien"),
    ],
)
def test_rules(text: str, among: str) -> None:
    assert among in RuleAugmenter().paraphrase([text])[0]


@given(st.lists(st.text(max_size=250), max_size=5))
def test_bounded_different_and_the_same_each_time(texts: list[str]) -> None:
    found = RuleAugmenter(most=3).paraphrase(texts)
    assert found == RuleAugmenter(most=3).paraphrase(texts)
    assert len(found) == len(texts)
    for text, paraphrases in zip(texts, found, strict=True):
        folded = [p.casefold() for p in paraphrases]
        assert len(set(folded)) == len(folded) <= 3
        assert text.strip().casefold() not in folded


def test_english_words_in_other_languages_are_left_alone() -> None:
    found = RuleAugmenter().paraphrase(["Der Server und die App sind seit gestern kaputt, help!"])[
        0
    ]
    assert not any("host" in text or "application" in text or "assist" in text for text in found)


def test_long_texts_are_left_alone() -> None:
    assert RuleAugmenter().paraphrase(["deploy " * 100, " "]) == [[], []]


def test_a_function_writes_them() -> None:
    augmenter = CallableAugmenter(lambda text: ["", text, "Other  words", "other words", "More"])
    assert augmenter.paraphrase(["Words"]) == [["Other words", "More"]]
    assert isinstance(augmenter, Augmenter)
    nothing: list[str] = []
    assert CallableAugmenter(lambda _: nothing).paraphrase(["a"]) == [[]]


def test_what_a_function_does_wrong_is_told() -> None:
    with pytest.raises(EncoderError, match="ZeroDivisionError") as caught:
        CallableAugmenter(lambda _: [str(1 // 0)]).paraphrase(["a"])
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    with pytest.raises(EncoderError, match="list of texts, got str"):
        CallableAugmenter(lambda _: "one text").paraphrase(["a"])
    with pytest.raises(InvalidInputError, match="function"):
        CallableAugmenter("gpt")  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match="at least 1"):
        RuleAugmenter(most=0)


def test_as_augmenter() -> None:
    rules = RuleAugmenter()
    assert as_augmenter(rules) is rules
    assert as_augmenter(lambda text: [text + "!"]).paraphrase(["a"]) == [["a!"]]
