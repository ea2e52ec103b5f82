"""Languages told apart, and the lists of those that have them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuonuo_memory.text.language import language_of
from nuonuo_memory.text.wordlists import LANGUAGES, lists, words_of

SAID = {
    "en": "My daughter started playing the violin last month.",
    "de": "Meine Tochter hat letzten Monat angefangen, Geige zu spielen.",
    "fr": "Ma fille a commencé le violon le mois dernier.",
    "es": "Mi hija empezó a tocar el violín el mes pasado.",
    "pt": "Minha filha começou a tocar violino no mês passado.",
    "it": "Mia figlia ha cominciato a suonare il violino il mese scorso.",
    "nl": "Mijn dochter is vorige maand begonnen met vioolspelen.",
    "ru": "Моя дочь в прошлом месяце начала играть на скрипке.",
    "tr": "Kızım geçen ay keman çalmaya başladı.",
    "ar": "بدأت ابنتي العزف على الكمان الشهر الماضي.",
    "hi": "मेरी बेटी ने पिछले महीने वायलिन बजाना शुरू किया।",
    "zh": "我女儿上个月开始学小提琴了。",
    "ja": "娘が先月バイオリンを習い始めました。",
    "ko": "우리 딸이 지난달부터 바이올린을 배우기 시작했어요.",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_is_told_and_has_its_lists(language: str) -> None:
    assert language_of(SAID[language]) == language
    assert len(words_of(language, "stop")) > 20
    assert words_of(language, "first_person")
    assert words_of(language, "second_person")
    assert words_of(language, "courtesies")
    assert language == "en" or (lists(language)["told"] and lists(language)["told_to_me"])


@pytest.mark.parametrize("text", ["", "Ada", "See ya Nate!", "Ha, ha!", "42", "Wow", "Die hard"])
def test_what_tells_nothing_is_english(text: str) -> None:
    assert language_of(text) == "en"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Я їду до Києва", "und"),
        ("من به تهران می‌روم، چه خبر؟", "und"),
        ("שלום לך", "he"),
        ("我女儿Lena上个月开始学violin了。", "zh"),
        ("「こんにちは」と漢字漢字漢字", "ja"),
    ],
)
def test_scripts_that_several_languages_share(text: str, language: str) -> None:
    assert language_of(text) == language


@given(st.text())
def test_any_text_has_a_language(text: str) -> None:
    assert language_of(text)
