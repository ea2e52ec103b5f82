"""Names by rules: what counts as one, its normal form, and which of them a question holds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuonuo_memory.text.names import (
    code,
    known_names,
    name_key,
    name_tokens,
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


FOUND = {
    "我妻子王丽在大学工作。": {"王丽"},
    "王丽的妹妹王芳领养了一只猫，叫墨墨。": {"王丽", "王芳", "墨墨"},
    "老赵的摊位是向刘女士租的。": {"老赵", "刘女士"},
    "我们搬到了杭州，周末我很高兴。": {"杭州"},
    "上司の田中さんは秋に話します。": {"田中"},
    "恵子の妹の由美がモモという猫を引き取りました。": {"恵子", "由美", "モモ"},
    "제 딸 서연이가 바이올린을 배워요.": {"서연"},
    "मेरी बेटी मीरा ने वायलिन बजाना शुरू किया।": {"मीरा"},
    "बिल्ली का नाम मोमो नाम है": {"मोमो"},
    "بدأت ابنتي لينا العزف.": {"لينا"},
    "Meine Tochter Lena spielt Geige in der Garage.": {"Lena"},
    "Oskar mietet seinen Stand von Frau Brandt.": {"Oskar", "Brandt"},
    "J'ai vu Claire à Nantes.": {"Claire", "Nantes"},
    "Kızım Lena'nın kedisi var.": {"Lena"},
    "我女儿Lena开始学violin了。": {"Lena"},
}


@pytest.mark.parametrize("text", FOUND)
def test_names_in_other_languages(text: str) -> None:
    assert FOUND[text] <= {name.text for name in names(text)}


@pytest.mark.parametrize(
    "text",
    [
        "周末我很高兴，高速公路很长。",
        "大家さんが家賃を上げました。",
        "Die neue Wohnung ist größer.",
    ],
)
def test_words_that_are_no_names(text: str) -> None:
    assert names(text) == []


def test_marks_tell_names_apart() -> None:
    assert normal("ガンダム") != normal("カンタム")
    assert normal("パパ") != normal("ババ")
    assert normal("İzmir") == normal("I\u0307zmir") == normal("izmir") == "izmir"


def test_a_question_without_spaces_holds_names() -> None:
    known = {"王丽", "墨墨"}
    found = known_names("王丽的猫墨墨在哪里？", lambda forms: [f in known for f in forms])
    assert found == ["王丽", "墨墨"]
    assert name_tokens("Lena上个月") == ["lena", "上", "个", "月"]


def test_pairs_of_characters_are_plain_words() -> None:
    assert ("花生", "~花生") in plain_words("我对花生过敏")
