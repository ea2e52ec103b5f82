"""Sentences cut into clauses by rule.

People mention a thing in passing ("…, by the way, I got a smoker today"): a clause of its own is
near a question about it where the whole sentence is not.
"""

from __future__ import annotations

import re

from nuonuo_memory.text.language import is_english
from nuonuo_memory.text.terms import length_in_words

_COMMAS = r"\s*[,;:—–]\s+|\s*[，、；：،؛՝፣፤]\s*"
_CUT = re.compile(_COMMAS)
_CUT_ENGLISH = re.compile(
    rf"{_COMMAS}|\s+(?:and|but|because|so|which|who|that|when|while|since|by the way)\s+",
    re.IGNORECASE,
)
_FEWEST_WORDS = 4


def clauses(sentence: str) -> list[str]:
    """Return the clauses of a sentence that have four words or more; none when it is one clause.

    They end at the commas of any script, and in English at joining words too. In scripts without
    spaces two characters count for a word.
    """
    cut = _CUT_ENGLISH if is_english(sentence) else _CUT
    parts = [part.strip() for part in cut.split(sentence)]
    parts = [part for part in parts if part]
    if len(parts) < 2:
        return []
    return [part for part in parts if length_in_words(part) >= _FEWEST_WORDS]
