"""Names by rules: what counts as one, its normal form, and which of them a question holds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuonuo_memory.text.names import (
    code,
    known_names,
    name_key,
    name_words,
    names,
    normal,
    phrases,
    plain_words,
    title_forms,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("She was a daughter of Boso the Elder.", ["Boso the Elder"]),
        ("The film was directed by J. R. Smith in May 1990.", ["J. R. Smith", "May 1990"]),
        ("In London, Ada met Dr. Grey.", ["London", "Ada", "Dr. Grey"]),
        ("He is from the University of St. Gallen", ["University of St. Gallen"]),
        ("However, it rained on Monday.", []),
        ("", []),
    ],
)
def test_names_of_a_sentence(text: str, expected: list[str]) -> None:
    found = [name.text for name in names(text)]
    assert [name for name in found if name in expected] == [
        name for name in expected if name in found
    ]
    assert set(expected) - {"May 1990"} <= set(found)


def test_compound_names_give_their_parts() -> None:
    assert [name.form for name in names("a song by Simon and Garfunkel")] == [
        "simon and garfunkel",
        "simon",
        "garfunkel",
    ]


def test_forms_ignore_accents_case_possessives_and_punctuation() -> None:
    assert normal("Bảo Long's") == normal("BAO LONG") == "bao long"
    assert normal("O’Connor") == normal("O'Connor")


def test_titles_lose_parentheses_tails_and_articles() -> None:
    assert title_forms("Young, New South Wales") == ["young new south wales", "young"]
    assert title_forms("The Lawful Cheater (film)") == [
        "the lawful cheater film",
        "the lawful cheater",
        "lawful cheater film",
        "lawful cheater",
    ]


def test_a_question_gives_the_longest_names_that_are_known() -> None:
    known = {"fortunella", "lothair ii", "lothair"}
    found = known_names(
        "was fortunella made before Lothair II died?", lambda forms: [f in known for f in forms]
    )
    assert found == ["lothair ii", "fortunella"]


def test_plain_words_are_stems_apart_from_names() -> None:
    forms = [form for _, form in plain_words("We went camping and the campers sang")]
    assert all(form.startswith("~") for form in forms)
    assert len(plain_words("one two three four five " * 3, most=2)) == 2


def test_keys_are_stable() -> None:
    assert name_key("ada") == name_key("ada") != name_key("adam")
    assert -(2**63) <= name_key("ada") < 2**63


@given(st.text(max_size=80))
def test_any_text_can_be_read(text: str) -> None:
    for name in names(text):
        assert text[name.start :].startswith(name.text.split()[0]) or name.text in text
        assert name.form == normal(name.text)
    assert all(form for _, _, form in phrases(text))


@pytest.mark.parametrize(
    "slip", ["lothar", "lothairr", "lothiar", "lothalr", "olthair", "lothai", "lothair"]
)
def test_words_one_slip_apart_share_a_part_of_their_codes(slip: str) -> None:
    assert set(code("lothair")) & set(code(slip))


def test_codes_of_other_words_share_nothing() -> None:
    assert not set(code("lothair")) & set(code("lothringen"))
    assert not set(code("1914")) & set(code("1915"))
    assert not set(code("cat")) & set(code("bat"))
    assert not set(code("seen")) & set(code("seven"))


def test_words_that_tell_names_apart() -> None:
    assert name_words("duke of the two of sicilies") == ["duke", "two", "sicilies"]
