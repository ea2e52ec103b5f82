"""One form for what is written in several."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuonuo_memory.inputs import message_of, new_memory_of, text_of
from nuonuo_memory.text.normalise import folded, unaccented

NFD = "NFD"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("２０２５", "2025"),  # full width
        ("ﾊﾞｲｵﾘﾝ", "バイオリン"),  # half width
        ("٢٠٢٥", "2025"),  # Arabic digits
        ("२०२५", "2025"),  # Hindi digits
        (unicodedata.normalize(NFD, "Größe"), "Größe"),
        (unicodedata.normalize(NFD, "İzmir"), "izmir"),
        ("IŞIK", "ışık"),
        ("ёлка", "елка"),
        ("мо́й", "мой"),
        ("مُحَمَّد", "محمد"),
        ("مـــحمد", "محمد"),
        ("أحمد", "احمد"),
        ("फ़ोन", "फोन"),
        ("co\u00adoperate", "cooperate"),
        ("می\u200cروم", "میروم"),
    ],
)
def test_spellings_of_one_word_are_one(one: str, other: str) -> None:
    assert folded(one) == folded(other)


@pytest.mark.parametrize(
    ("one", "other"), [("ガンダム", "カンタム"), ("パパ", "ババ"), ("कि", "की"), ("май", "маи")]
)
def test_marks_that_tell_letters_apart_stay(one: str, other: str) -> None:
    assert unaccented(one) != unaccented(other)


def test_only_latin_and_greek_lose_their_accents() -> None:
    assert unaccented("Bảo Großé Άλφα") == "bao grosse αλφα"
    assert folded("café") == "café"


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    assert folded(folded(text)) == folded(text)


def test_texts_come_in_composed() -> None:
    apart = unicodedata.normalize(NFD, "Größe")
    assert text_of(apart) == "Größe"
    assert new_memory_of(apart).text == "Größe"
    assert message_of({"role": "user", "content": apart, "name": apart}).content == "Größe"
    assert message_of({"role": "user", "content": [{"type": "text", "text": apart}]}).content == (
        "Größe"
    )
