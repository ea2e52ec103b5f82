"""Terms: what counts as a word, and that hashes are the same everywhere."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuonuo_memory.text.terms import stem, term_id, terms, words

CASES = {
    "case and stop words": ("What is the Name of ADA's dog?", ["nam", "ada", "dog"]),
    "numbers": ("$1,200.50 on 2024-05-03", ["1200.50", "2024-05-03", "2024", "05", "03"]),
    "versions": ("v2.3.1 and 10.0", ["v2.3.1", "v2", "10.0"]),
    "hyphens": ("state-of-the-art", ["state-of-the-art", "stat", "art"]),
    "hosts": ("api.example.com", ["api.example.com", "api", "exampl", "com"]),
    "curly apostrophe": ("don’t ask Ada’s cat", ["ask", "ada", "cat"]),
    "japanese": ("猫が好き", ["猫が", "が好", "好き", "猫", "好"]),
    "chinese": (
        "我女儿学小提琴",
        ["我女", "女儿", "儿学", "学小", "小提", "提琴", *"女儿学小提琴"],
    ),
    "hindi": ("मेरी बेटी", ["बेटी"]),
    "tamil": ("என் மகள்", ["என்", "மகள்"]),
    "bengali": ("আমার মেয়ে", ["আমার", "মেয়ে"]),
    "arabic vowels": ("مُحَمَّد", ["محمد"]),
    "hebrew points": ("שָׁלוֹם", ["שלום"]),
    "full and half width": ("２０２５ ﾊﾞｲｵﾘﾝ", ["2025", "バイ", "イオ", "オリ", "リン"]),
    "decomposed": ("Gro\u0308\u00dfe I\u0307zmir", ["grösse", "izmir"]),
    "french": ("Qu'est-ce que l'instrument ?", ["instrument"]),
    "german": ("Was ist mit der Katze?", ["katz"]),
    "thai": ("แมวดำ", ["แม", "มว", "วดํ", "ดํา"]),
    "korean": ("바이올린을", ["바이", "이올", "올린", "린을"]),
    "mixed": ("我女儿学violin", ["我女", "女儿", "儿学", "女", "儿", "学", "violin"]),
    "emoji": ("❤️ cat", ["cat"]),
    "nothing": ("?! ...", []),
}


@pytest.mark.parametrize("name", CASES)
def test_words(name: str) -> None:
    text, expected = CASES[name]
    assert list(words(text)) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("studies", "study"),
        ("boxes", "box"),
        ("deployed", "deploys"),
        ("running", "runs"),
        ("moving", "move"),
        ("classes", "class"),
        ("cities", "city"),
        ("calling", "called"),
    ],
)
def test_forms_of_a_word_share_a_stem(one: str, other: str) -> None:
    assert stem(one) == stem(other)


@pytest.mark.parametrize("word", ["bus", "this", "sing", "red", "café", "x86", "glass"])
def test_words_that_only_look_inflected_stay(word: str) -> None:
    assert stem(word) == word


def test_ids_and_counts() -> None:
    ids, counts = terms("dog cat dog, Dogs")
    assert dict(zip(ids.tolist(), counts.tolist(), strict=True)) == {
        term_id("dog"): 3,
        term_id("cat"): 1,
    }
    assert ids.dtype == np.int64
    assert counts.dtype == np.int32
    assert term_id("dog") == PINNED


PINNED = 4144657192359730335


@given(st.text())
def test_any_text_has_ascending_terms(text: str) -> None:
    ids, counts = terms(text)
    assert len(ids) == len(counts)
    assert (ids[1:] > ids[:-1]).all()
    assert (counts > 0).all()
