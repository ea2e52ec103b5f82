"""Patterns of times in words: phrases with their spaces, two orders of the same words."""

from __future__ import annotations

import regex

from nuonuo_memory.text.normalise import folded


def spaced(phrase: str) -> str:
    """Return a phrase as a pattern that takes any space between its words."""
    return regex.escape(folded(phrase).replace("’", "'")).replace(r"\ ", " ").replace(" ", r"\s?")


def beside(last: str, noun: str) -> str:
    """Return a pattern for "last" before or after a noun."""
    return rf"(?:{last})\s?(?:{noun})|(?:{noun})\s?(?:{last})"


def again(pattern: str) -> str:
    """Return a pattern with its group of a number under another name."""
    return pattern.replace("P<n>", "P<n2>")


def again_all(pattern: str) -> str:
    """Return a pattern with all of its groups under other names."""
    return regex.sub(r"P<(\w+)>", r"P<\g<1>2>", pattern)
