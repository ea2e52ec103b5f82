"""Which language a text is in: by its script first, then by a small detector.

Only Latin letters need the detector, and it is loaded with the first text that is not plainly
English, so that English costs nothing.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import regex

from nuonuo_memory.text.normalise import folded
from nuonuo_memory.text.wordlists import LATIN, words_of

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

_READ = 600  # characters that are looked at
_WORD = regex.compile(r"[\p{L}\p{M}]+(?:['’][\p{L}\p{M}]+)?")
_SCRIPTS = (
    ("ko", regex.compile(r"\p{Hangul}")),
    ("ja", regex.compile(r"[\p{Hiragana}\p{Katakana}]")),
    ("zh", regex.compile(r"\p{Han}")),
    ("ru", regex.compile(r"\p{Cyrillic}")),
    ("ar", regex.compile(r"\p{Arabic}")),
    ("hi", regex.compile(r"\p{Devanagari}")),
    ("he", regex.compile(r"\p{Hebrew}")),
    ("el", regex.compile(r"\p{Greek}")),
    ("th", regex.compile(r"\p{Thai}")),
    ("ta", regex.compile(r"\p{Tamil}")),
    ("te", regex.compile(r"\p{Telugu}")),
    ("bn", regex.compile(r"\p{Bengali}")),
    ("my", regex.compile(r"\p{Myanmar}")),
    ("km", regex.compile(r"\p{Khmer}")),
    ("lo", regex.compile(r"\p{Lao}")),
    ("ka", regex.compile(r"\p{Georgian}")),
    ("hy", regex.compile(r"\p{Armenian}")),
    ("am", regex.compile(r"\p{Ethiopic}")),
)
_LATIN_LETTER = regex.compile(r"\p{Latin}")
_NOT_RUSSIAN = regex.compile(r"[іїєґўјљњџћђ]")
_NOT_ARABIC = regex.compile(r"[پچژگټڈڑٹںےۓ]")
_FEW = 4  # different words; of fewer, one may be a name
_LIKELY = 0.8  # of the detector, where a function word speaks for what it says too
_SURE = 0.95  # of the detector, where no function word speaks for what it says
_LETTERS_WEIGH = 3
"""A sign of a script without capitals stands for about as much text as three Latin letters."""


@lru_cache(maxsize=16_384)
def language_of(text: str) -> str:
    """Return the ISO 639-1 code of a text's language; `en` where nothing speaks for another.

    A text in two scripts is of the one that holds more of it. Ukrainian, Persian, Urdu and other
    languages that share a script with one that has lists are `und`.
    """
    head = text[:_READ]
    if head.isascii():
        return _latin(head)
    latin = len(_LATIN_LETTER.findall(head))
    counts = {code: len(pattern.findall(head)) for code, pattern in _SCRIPTS}
    if counts["ja"] and counts["ja"] * 8 >= counts["zh"]:
        counts["ja"] += counts["zh"]
    best = max(counts, key=lambda code: counts[code])
    if counts[best] * _LETTERS_WEIGH <= latin or not counts[best]:
        return _latin(head)
    lower = head.casefold()
    if (best == "ru" and _NOT_RUSSIAN.search(lower)) or (
        best == "ar" and _NOT_ARABIC.search(lower)
    ):
        return "und"
    return best


def is_english(text: str) -> bool:
    """Say whether a text is in English, as far as its words tell."""
    return language_of(text) == "en"


def _latin(text: str) -> str:
    """Tell the languages in Latin letters apart."""
    tokens = {folded(word).replace("’", "'") for word in _WORD.findall(text)}
    if not tokens:
        return "en"
    hits = {code: sum(token in words_of(code, "stop") for token in tokens) for code in LATIN}
    english = hits["en"]
    most = max(hits.values())
    if english >= 2 and english == most:
        return "en"
    if not english and not most and len(tokens) < 2:
        return "en"  # a single word, mostly a name
    guess, sure = _detected(text)
    if guess == "en":
        return "en"
    if hits[guess] > english and (len(tokens) >= _FEW or sure >= _LIKELY):
        return guess
    if hits[guess] == english and sure >= _SURE and (len(tokens) >= 4 or not text.isascii()):
        return guess
    return "en"


def _detected(text: str) -> tuple[str, float]:
    code, sure = _detector().classify(text)
    return str(code), float(sure)


@lru_cache(maxsize=1)
def _detector() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    detector = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    detector.set_languages(LATIN)
    return detector
