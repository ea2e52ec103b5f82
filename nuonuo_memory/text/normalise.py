"""One form for what is written in several: Unicode's normal forms and small spelling variants."""

from __future__ import annotations

import unicodedata

import regex

RULES = 2
"""Version of the rules that stored words and names were derived by: `terms`, `names` and what they
call. Version 1 knew English; a store of an older version must derive its words and names anew."""

_INVISIBLE = regex.compile(r"[\p{Cf}\ufe00-\ufe0f]+")
_FOREIGN_DIGIT = regex.compile(r"[^\P{Nd}0-9]")
_POINTS = regex.compile(r"[\u0610-\u061a\u064b-\u065f\u0670\u0640\u0591-\u05bd\u05bf-\u05c7]+")
_STRESS = regex.compile(r"(?<=\p{Cyrillic})[\u0300\u0301]")
_LATIN_OR_GREEK_MARKS = regex.compile(r"(?<=[\p{Latin}\p{Greek}]\p{Mn}*)\p{Mn}")
_VARIANTS = str.maketrans(
    {
        "ı": "i",  # Turkish: without a locale, I and ı and İ and i are one letter
        "ё": "е",  # Russian: mostly written without its dots
        "أ": "ا",  # Arabic: the alefs, the final ya and ta marbuta are written loosely
        "إ": "ا",
        "آ": "ا",
        "ٱ": "ا",
        "ى": "ي",
        "ة": "ه",
        "ی": "ي",  # the same letter on a Persian keyboard
        "ک": "ك",
        "\u093c": None,  # Hindi: the nukta is often left out
        "ँ": "ं",
        "՚": "'",
        "’": "’",
    }
)


def folded(text: str) -> str:
    """Return the form that words are compared in.

    Lower case; full- and half-width forms, digits of all scripts, and spellings that the same
    writer mixes are one (NFKC; vowel points, joiners and soft hyphens left out). Accents of Latin
    letters stay.
    """
    if text.isascii():
        return text.casefold()
    wide = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text))
    # twice: the case of some letters only shows in their compatible form, and the reverse
    lower = unicodedata.normalize("NFKC", wide.casefold()).replace("i\u0307", "i")
    # the nukta of Hindi stands apart only in the decomposed form of some letters
    plain = _POINTS.sub("", _STRESS.sub("", lower)).translate(_VARIANTS)
    return _FOREIGN_DIGIT.sub(
        lambda match: str(unicodedata.digit(match.group(), match.group())), plain
    )


def unaccented(text: str) -> str:
    """Return `folded` without the accents of Latin and Greek letters.

    Marks of other scripts tell letters apart and stay: か and が, क and कि are different.
    """
    if text.isascii():
        return text.casefold()
    apart = unicodedata.normalize("NFD", folded(text))
    return unicodedata.normalize("NFC", _LATIN_OR_GREEK_MARKS.sub("", apart))
