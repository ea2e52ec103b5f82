"""The word lists of each language: data files beside this module, read when they are needed."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any

from nuonuo_memory.text.normalise import folded

LANGUAGES = (
    *("en", "de", "fr", "es", "pt", "it", "nl", "ru", "tr"),
    *("ar", "hi", "zh", "ja", "ko"),
)
"""The languages that have lists, by ISO 639-1 code."""

LATIN = ("en", "de", "fr", "es", "pt", "it", "nl", "tr")
"""Those of them that are written in Latin letters."""

_FOLDER = "data"


@lru_cache(maxsize=len(LANGUAGES))
def lists(language: str) -> Mapping[str, Any]:
    """Return all lists of a language; nothing for one that has none."""
    if language not in LANGUAGES:
        return {}
    name = f"{_FOLDER}/{language}.toml"
    text = files("nuonuo_memory.text").joinpath(name).read_text(encoding="utf-8")
    return tomllib.loads(text)


@lru_cache(maxsize=512)
def words_of(language: str, name: str) -> frozenset[str]:
    """Return a list of single words, folded: the words of a string, or the items of an array."""
    given = lists(language).get(name, "")
    return frozenset(folded(one) for one in (given.split() if isinstance(given, str) else given))


@lru_cache(maxsize=512)
def phrases_of(language: str, name: str) -> tuple[str, ...]:
    """Return a list of phrases, folded, longest first."""
    given = lists(language).get(name, ())
    found = {folded(one) for one in (given.split() if isinstance(given, str) else given)}
    return tuple(sorted(found, key=lambda one: (-len(one), one)))
