"""Texts cut into sentences and segments by rule, with nothing lost.

Every function works on spans of the text, so that the pieces in their order hold each character
that is not white space, exactly once.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

import regex

from nuonuo_memory.text.language import language_of
from nuonuo_memory.text.normalise import folded
from nuonuo_memory.text.wordlists import words_of

MAX_TOKENS = 240
"""Estimated tokens that one piece may have: below the 256 that the default encoder reads."""

LONGEST_SENTENCE = 1000
"""Characters after which a sentence is cut further: about 250 tokens of English."""

Span = tuple[int, int]

_LINE = re.compile(r"[^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+")
_END = regex.compile(
    r"""(?:[.!?…]+["'”’»)\]*_]*(?=\s)|(?:[。！？｡]|[^\P{STerm}\x00-\x7f])+["'”’」』）】]*)\s*""",
)
_ABBREVIATIONS = frozenset(
    """mr mrs ms dr prof sr jr st mt vs etc e.g i.e cf al approx dept est fig inc ltd co corp no nos
    vol pp ca jan feb mar apr jun jul aug sep sept oct nov dec mon tue tues wed thu thur thurs
    fri sat sun gen col lt sgt capt rev hon gov pres univ ave blvd rd tel ext min max avg""".split()  # noqa: SIM905
)
_BEFORE_LOWER = frozenset(("a.m", "p.m", "etc", "u.s", "u.k", "inc", "ltd", "co", "jr", "sr"))
_LAST_WORD = re.compile(r"[\w.]+$")
_LIST_NUMBER = re.compile(r"\s*[#>*•\-]*\s*(?:\d{1,3}|[A-Za-z])[.)]$")
_INITIAL = regex.compile(r"\s*(?:\p{L}{1,2}|\d{1,3})\.\s*$")
_STOPPED = regex.compile(
    r"(?<![\p{L}\p{N}])(?:(?P<number>\d{1,3})|(?P<initial>\p{Lu})"
    r"|(?P<word>\p{L}(?:\. ?\p{L}){1,3}|[\p{L}.°]*\p{L}))\.\s*$"
)
_BEFORE_ORDINAL = re.compile(
    r"\b(?:[aiv]m|[dj]e[mnrs]|d(?:as|ie)|jed(?:e[mnrs]?)|vom|zum|zur|beim|bis|ab|seit|nach|vor|ins|mein(?:e[mnrs]?)?)\s+$",
    re.IGNORECASE,
)
_SOFT = re.compile(r"[,;:—–)\]}|]\s+|[、，；：،؛]\s*|\s+")
_PIECE = re.compile(r"[A-Za-z0-9]+|\S")
_NO_WORD = re.compile(r"[b-df-hj-np-tv-xz]{4}|^[^aeiouy]+$", re.IGNORECASE)
_WORD = re.compile(r"[A-Za-z]+(?:['’][a-z]+)?")
_UNSEEN = regex.compile(r"[\p{Mn}\p{Cf}]+")
_LONG_WORD = 12
_SHORT_CODE = 4
_MOST_TOKENS_A_CHARACTER = 4  # a Korean syllable is three, and no character decomposes into more
_ENGLISH_SHARE = 20  # one word in so many is a function word in anything that is English prose
_OWN_RULES = ("en", "und")


def sentences(text: str) -> list[str]:
    """Cut a text into sentences.

    Lines end sentences too, so that lists, tables and code fall into their lines. A sentence of
    more than 1,000 characters, or more tokens than the default encoder reads, is cut further.
    """
    return [text[start:end] for start, end in sentence_spans(text)]


def segments(text: str, size: int) -> list[str]:
    """Cut a text at sentence ends into pieces of about `size` characters.

    A piece is longer than `size` only to take in a last scrap of at most a quarter of it, and
    never has more tokens than the default encoder reads.
    """
    return [text[start:end] for start, end in _segment_spans(text, size)]


def estimated_tokens(text: str) -> int:
    """Estimate, from above, how many word pieces of the default encoder a text has.

    English words are in its vocabulary, words of other languages fall into pieces of two letters
    and more, and other scripts into single characters (Korean syllables into two or three).
    """
    plain = text if text.isascii() else _UNSEEN.sub("", unicodedata.normalize("NFD", text))
    english = _reads_as_english(plain)
    return sum(_tokens_of(piece, english=english) for piece in _PIECE.findall(plain))


def _tokens_of(piece: str, *, english: bool) -> int:
    """Estimate the word pieces of a run of letters and digits, or of a single character."""
    size = len(piece)
    if size <= 2:
        return 1 if size == 1 or english else 2
    if piece[1:].islower() and piece.isalpha():
        if _NO_WORD.search(piece):
            return 1 + size * 3 // 4
        return 1 + ((size - 1) // 5 if english and size <= _LONG_WORD else size // 2)
    if size <= _SHORT_CODE and piece.isdigit():
        return 1 + (size - 1) // 2
    if size <= _SHORT_CODE and piece.isupper():
        return size
    return 1 + size * 3 // 4  # long numbers, keys, base64


@lru_cache(maxsize=4096)
def _reads_as_english(text: str) -> bool:
    """Say whether the words of a text are those of English prose."""
    found = _WORD.findall(text)
    stop = words_of("en", "stop")
    known = sum(word.replace("’", "'").lower() in stop for word in found)
    return known * _ENGLISH_SHARE >= len(found) and known > 0 and language_of(text) == "en"


def fits(text: str, size: int) -> bool:
    """Whether a text has at most `size` characters and the tokens that one piece may have."""
    if len(text) > size:
        return False
    # no token of ASCII is shorter than a character, so short texts need no estimate
    surely = len(text) if text.isascii() else _MOST_TOKENS_A_CHARACTER * len(text)
    return surely <= MAX_TOKENS or estimated_tokens(text) <= MAX_TOKENS


def sentence_spans(text: str) -> list[Span]:
    """Find where the sentences of a text begin and end; see `sentences`."""
    spans: list[Span] = []
    language = language_of(text)
    for line in _LINE.finditer(text):
        own = language in _OWN_RULES
        bounds = line.start(), line.end()
        for start, end in _in_line(text, *bounds) if own else _by_library(text, bounds, language):
            trimmed = _trim(text, start, end)
            if trimmed is None:
                continue
            if fits(text[trimmed[0] : trimmed[1]], LONGEST_SENTENCE):
                spans.append(trimmed)
            else:
                spans.extend(_cut(text, trimmed, LONGEST_SENTENCE))
    return spans


def _by_library(text: str, line: Span, language: str) -> Iterator[Span]:
    """Find the sentences of a line by the rules that `sentencex` has for its language."""
    import sentencex

    start, end = line
    at = start
    for piece in sentencex.segment(language, text[start:end]):
        at = min(at + len(piece), end)
        if not _INITIAL.match(text, start, at) and not _goes_on(text, (start, at, end), language):
            yield start, at
            start = at
    if start < end:
        yield start, end


def _goes_on(text: str, span: tuple[int, int, int], language: str) -> bool:
    """Say whether a full stop that `sentencex` takes for an end is that of an abbreviation.

    Args:
        text: The whole text.
        span: Where the sentence begins, where it is said to end, and where the line ends.
        language: Of the text.
    """
    start, at, end = span
    found = _STOPPED.search(text, max(start, at - 40), at)
    if found is None or at >= end:
        return False
    upper_follows = text[at].isupper()
    if found["number"]:
        return not upper_follows or (
            language == "de" and _BEFORE_ORDINAL.search(text, start, found.start()) is not None
        )
    if found["initial"]:
        return True
    word = folded(found["word"]).replace(" ", "")
    if word in words_of(language, "abbreviations") or word.endswith("str"):  # Hauptstr. 5
        return True
    return not upper_follows and (
        len(word) == 1 or word in words_of(language, "abbreviations_at_end")
    )


def _in_line(text: str, start: int, end: int) -> Iterator[Span]:
    for match in _END.finditer(text, start, end):
        if match.end() < end and _ends_sentence(text, start, match):
            yield start, match.end()
            start = match.end()
    yield start, end


def _ends_sentence(text: str, start: int, match: regex.Match[str]) -> bool:
    mark = text[match.start()]
    if mark != "." or text.startswith("..", match.start()):
        return True
    if _LIST_NUMBER.match(text, start, match.start() + 1):
        return False
    before = _LAST_WORD.search(text, max(start, match.start() - 40), match.start())
    word = before.group().casefold() if before else ""
    upper_follows = not text[match.end()].islower()
    if word in _BEFORE_LOWER:
        return upper_follows
    if "." in word:  # e.g. i.e. U.N.
        return upper_follows and word not in _ABBREVIATIONS
    return word not in _ABBREVIATIONS and not (len(word) == 1 and word.isalpha() and word != "i")


def _segment_spans(text: str, size: int) -> list[Span]:
    spans: list[Span] = []
    for piece in sentence_spans(text):
        if not fits(text[piece[0] : piece[1]], size):
            spans.extend(_cut(text, piece, size))
        elif spans and fits(text[spans[-1][0] : piece[1]], size):
            spans[-1] = (spans[-1][0], piece[1])
        else:
            spans.append(piece)
    if len(spans) > 1:
        start, end = spans[-2][0], spans[-1][1]
        if end - spans[-1][0] <= size // 4 and fits(text[start:end], size + size // 4 + 1):
            spans[-2:] = [(start, end)]
    return spans


def _cut(text: str, span: Span, size: int) -> list[Span]:
    """Cut a span at spaces, or anywhere where there is none, into parts that fit."""
    start, end = span
    spans: list[Span] = []
    while not fits(text[start:end], size):
        longest = min(size, end - start)
        while longest > 1 and not fits(text[start : start + longest], size):
            longest = longest * 4 // 5
        at = start + max(longest, 1)
        breaks = [m.end() for m in _SOFT.finditer(text, start + longest // 2, at)]
        part = _trim(text, start, breaks[-1] if breaks else at)
        if part is not None:
            spans.append(part)
        start = breaks[-1] if breaks else at
    rest = _trim(text, start, end)
    return [*spans, rest] if rest is not None else spans


def _trim(text: str, start: int, end: int) -> Span | None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return (start, end) if start < end else None
