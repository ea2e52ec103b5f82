"""Patterns of times in words: phrases with their spaces, two orders of the same words."""

from __future__ import annotations

from typing import Any

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


class _Second:
    """A match whose groups may be those of the pattern's second alternative."""

    def __init__(self, match: Any) -> None:  # noqa: ANN401
        self._named: dict[str, str | None] = match.groupdict()

    def groupdict(self) -> dict[str, str | None]:
        """Return the groups by their first names."""
        first = {name: text for name, text in self._named.items() if not name.endswith("2")}
        return {name: text or self._named.get(f"{name}2") for name, text in first.items()}

    def __getitem__(self, name: str) -> str | None:
        return self.groupdict()[name]


def either(read: Any) -> Any:  # noqa: ANN401
    """Return a reading of a pattern that says the same in two orders."""
    return lambda match, now: read(_Second(match), now)
