"""Words that two texts can share, as hashed terms for the lexical index."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

_TOKEN = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\w+(?:[.'’@\-]\w+)*")
_PART = re.compile(r"[^\W_]+")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uac00-\ud7af\u0e00-\u0e7f]+")
_POSSESSIVE = re.compile(r"['’]s?$")

STOP_WORDS = frozenset(
    """a am an and are as at be been being but by can can't could couldn't did didn't do does
    doesn't doing don't for from had has hasn't have haven't having he he's her hers him his how
    i i'd i'll i'm i've if in is isn't it it's its may me might mine must my not of on or our
    ours shall she she's should so than that that's the their theirs them then there there's
    these they they're this those to was wasn't we we're we've were what what's when where which
    who who's whom whose why will with won't would wouldn't you you're you've your yours
    """.split()  # noqa: SIM905
)
"""Words of questions and grammar, left out; rarer ones are weighed down by the index itself."""

_ES = ("xes", "ches", "shes", "sses", "zzes")
_ENDINGS = ("ing", "ed")
_VOWEL = re.compile(r"[aeiouy]")


def terms(text: str) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Reduce a text to its terms and how often each occurs.

    Returns:
        Ascending hashes of the terms, int64 `[n]`, and their counts, int32 `[n]`. Hashes have 64
        bits: among ten million different terms two agree with probability 3e-6.
    """
    counted = Counter(term_id(word) for word in words(text))
    ids = np.array(sorted(counted), dtype=np.int64)
    counts = np.array([counted[int(i)] for i in ids], dtype=np.int32)
    return ids, counts


def words(text: str) -> Iterator[str]:
    """Yield the words of a text that count, in order: lower case, stemmed, no stop words.

    A compound such as `state-of-the-art` or `api.example.com` gives itself and its parts; scripts
    without spaces give pairs of characters.
    """
    for match in _TOKEN.finditer(text.casefold()):
        token = match.group().replace("’", "'")
        if token in STOP_WORDS:
            continue
        if token[0].isdigit():
            token = token.replace(",", "")
        token = _POSSESSIVE.sub("", token)
        unspaced = _UNSPACED.findall(token)
        if unspaced:
            for run in unspaced:
                yield from (run[i : i + 2] for i in range(max(1, len(run) - 1)))
            token = _UNSPACED.sub(" ", token)
        parts = _PART.findall(token)
        if len(parts) > 1 and not unspaced:
            yield token
        if len(parts) == 1 or not token.replace(".", "").isdigit():
            alone = len(parts) == 1
            yield from (
                stem(part) for part in parts if alone or (len(part) > 1 and part not in STOP_WORDS)
            )


def stem(word: str) -> str:
    """Take plural, `-ing`, `-ed` and a silent `e` off an English word.

    The first steps of Porter (1980), shortened: as good within a percentage point as the Snowball
    stemmer for finding the turns of a conversation, and no dependency.
    """
    if len(word) < 4 or not word.isascii() or not word.isalpha():
        return word
    if (word.endswith("ies") and len(word) > 4) or word.endswith(_ES):
        word = word[:-2]
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for ending in _ENDINGS:
        rest = word.removesuffix(ending)
        if rest != word and len(rest) > 2 and _VOWEL.search(rest):
            double = rest[-1] == rest[-2] and rest[-1] not in "lsz"
            word = rest[:-1] if double else rest
            break
    if word.endswith("e") and len(word) > 3:
        return word[:-1]
    if word.endswith("y") and len(word) > 3 and word[-2] not in "aeiou":
        return word[:-1] + "i"
    return word


@lru_cache(maxsize=262_144)
def term_id(word: str) -> int:
    """Hash a word to a signed 64-bit number, the same on every machine."""
    digest = blake2b(word.encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
