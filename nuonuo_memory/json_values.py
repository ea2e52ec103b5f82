"""Texts and JSON values in the form that every database can keep."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, Final

from nuonuo_memory.errors import InvalidInputError, shown

MAX_DEPTH: Final = 50
"""Levels of lists and objects in metadata at most."""

_SURROGATES = re.compile("[\ud800-\udfff]")


def clean(text: str) -> str:
    """Return a text that UTF-8 can write.

    A lone surrogate becomes U+FFFD, and a pair of surrogates the character that it stands for.
    """
    if text.isascii() or not _SURROGATES.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def storable(text: str, what: str) -> str:
    """Return a text that is clean, see `clean`.

    Args:
        text: Any.
        what: What it is, for the message.

    Raises:
        InvalidInputError: It holds NUL, which not every database can store.
    """
    if "\x00" in text:
        raise InvalidInputError(f"{what} must not hold the character NUL; remove it")
    return clean(text)


def json_object(value: Mapping[Any, object], place: str, depth: int = 1) -> dict[str, Any]:
    """Return a mapping as a dict of JSON values: names are texts, numbers finite.

    Args:
        value: Any mapping.
        place: Where it stands, for messages.
        depth: Its level, from 1.

    Raises:
        InvalidInputError: A part of it is no JSON value, or lies deeper than `MAX_DEPTH`.
    """
    found: dict[str, Any] = {}
    for name, item in value.items():
        if not isinstance(name, str):
            raise InvalidInputError(f"the names in {place} must be str, got {shown(name)}")
        found[storable(name, f"a name in {place}")] = _json(item, f"{place}.{name:.40}", depth)
    return found


def _json(value: object, place: str, depth: int) -> Any:  # noqa: ANN401  JSON is of any type
    match value:
        case None | bool():
            return value
        case int():
            return _json_int(value, place)
        case float():
            if not math.isfinite(value):
                raise InvalidInputError(f"{place} must hold finite numbers, got {shown(value)}")
            return float(value)
        case str():
            return storable(value, place)
        case Mapping() | list() | tuple() if depth >= MAX_DEPTH:
            raise InvalidInputError(
                f"metadata must be at most {MAX_DEPTH} levels deep, got more at {place:.80}…"
            )
        case Mapping():
            return json_object(value, place, depth + 1)
        case list() | tuple():
            return [_json(item, f"{place}[{i}]", depth + 1) for i, item in enumerate(value)]
    raise InvalidInputError(
        "metadata must hold JSON values (str, finite numbers, bool, None, lists, dicts), got "
        f"{type(value).__name__} at {place}; convert it first"
    )


def _json_int(value: int, place: str) -> int:
    try:
        float(value)
    except OverflowError as error:
        raise InvalidInputError(
            f"{place} must hold numbers within the range of a float, got an int of "
            f"{value.bit_length()} bits"
        ) from error
    return int(value)
