"""Texts cut into sentences and segments by rule, with nothing lost.

Every function works on spans of the text, so that the pieces in their order hold each character
that is not white space, exactly once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

MAX_TOKENS = 240
"""Estimated tokens that one piece may have: below the 256 that the default encoder reads."""

LONGEST_SENTENCE = 1000
"""Characters after which a sentence is cut further: about 250 tokens of English."""

Span = tuple[int, int]

_LINE = re.compile(r"[^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+")
_END = re.compile(
    r"""(?:[.!?…]+["'”’»)\]*_]*(?=\s)|[。！？｡]+["'”’」』）】]*)\s*""",
)
_ABBREVIATIONS = frozenset(
    """mr mrs ms dr prof sr jr st mt vs etc e.g i.e cf al approx dept est fig inc ltd co corp no nos
    vol pp ca jan feb mar apr jun jul aug sep sept oct nov dec mon tue tues wed thu thur thurs
    fri sat sun gen col lt sgt capt rev hon gov pres univ ave blvd rd tel ext min max avg""".split()  # noqa: SIM905
)
_BEFORE_LOWER = frozenset(("a.m", "p.m", "etc", "u.s", "u.k", "inc", "ltd", "co", "jr", "sr"))
_LAST_WORD = re.compile(r"[\w.]+$")
_LIST_NUMBER = re.compile(r"\s*[#>*•\-]*\s*(?:\d{1,3}|[A-Za-z])[.)]$")
_SOFT = re.compile(r"[,;:—–)\]}|、，；：]\s+|\s+")
_PIECE = re.compile(r"[A-Za-z]+|[0-9]+|\S")


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
    """Estimate, from above, how many word pieces of the default encoder a text has."""
    pieces = _PIECE.findall(text)
    longer = [piece for piece in pieces if len(piece) > 1]
    plain = sum((len(piece) - 1) // 5 for piece in longer if piece[1:].islower())
    dense = sum((len(piece) - 1) // 2 for piece in longer if not piece[1:].islower())
    return len(pieces) + plain + dense


def fits(text: str, size: int) -> bool:
    """Whether a text has at most `size` characters and the tokens that one piece may have."""
    # no token is shorter than a character, so short texts need no estimate
    return len(text) <= size and (len(text) <= MAX_TOKENS or estimated_tokens(text) <= MAX_TOKENS)


def sentence_spans(text: str) -> list[Span]:
    """Find where the sentences of a text begin and end; see `sentences`."""
    spans: list[Span] = []
    for line in _LINE.finditer(text):
        for start, end in _in_line(text, line.start(), line.end()):
            trimmed = _trim(text, start, end)
            if trimmed is None:
                continue
            if fits(text[trimmed[0] : trimmed[1]], LONGEST_SENTENCE):
                spans.append(trimmed)
            else:
                spans.extend(_cut(text, trimmed, LONGEST_SENTENCE))
    return spans


def _in_line(text: str, start: int, end: int) -> Iterator[Span]:
    for match in _END.finditer(text, start, end):
        if match.end() < end and _ends_sentence(text, start, match):
            yield start, match.end()
            start = match.end()
    yield start, end


def _ends_sentence(text: str, start: int, match: re.Match[str]) -> bool:
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
