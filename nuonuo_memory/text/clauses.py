"""Sentences cut into clauses by rule.

People mention a thing in passing ("…, by the way, I got a smoker today"): a clause of its own is
near a question about it where the whole sentence is not.
"""

from __future__ import annotations

import re

_CUT = re.compile(
    r"\s*[,;:—–]\s+"
    r"|\s+(?:and|but|because|so|which|who|that|when|while|since|by the way)\s+",
    re.IGNORECASE,
)
_FEWEST_WORDS = 4


def clauses(sentence: str) -> list[str]:
    """Return the clauses of a sentence that have four words or more; none when it is one clause."""
    parts = [part.strip() for part in _CUT.split(sentence)]
    parts = [part for part in parts if part]
    if len(parts) < 2:
        return []
    return [part for part in parts if len(part.split()) >= _FEWEST_WORDS]
