"""Stored text made safe to print: characters that steer a terminal are shown as escapes."""

from __future__ import annotations

import re

_STEERING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 without tab and newline, DEL, C1
    "\u202a-\u202e\u2066-\u2069"  # change the direction of writing
    "\ud800-\udfff\ufffe\uffff]"  # no characters: neither UTF-8 nor XML can hold them
)


def visible(text: str) -> str:
    r"""Return a text with every control character written out, as `\x1b` or `\u202e`.

    Tabs and newlines stay. The result is safe on a terminal and, once escaped, in XML.
    """
    return _STEERING.sub(lambda found: _escape(found[0]), text)


def one_line(text: str, most: int | None = None) -> str:
    """Return a text on one line, made visible, of at most `most` characters."""
    line = visible(" ".join(text.split()))
    return line if most is None or len(line) <= most else f"{line[: most - 1]}…"


def json_safe(document: str) -> str:
    """Return a JSON document whose strings hold no control character as it is."""
    return _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", document)


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
