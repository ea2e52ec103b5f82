"""Namespaces as one string each, made so that all below a namespace are one range of strings."""

from __future__ import annotations

from collections.abc import Sequence

from nuonuo_memory.errors import NamespaceError
from nuonuo_memory.store.hashes import narrow_hash

_END = "\x1f"  # ends every label
_AFTER_END = "\x20"  # the next code point
_ESCAPES = (("\x1e", "\x1e0"), (_END, "\x1e1"))


def checked(namespace: Sequence[str]) -> tuple[str, ...]:
    """The namespace as a tuple.

    Raises:
        NamespaceError: It is a bare string or empty, or a label is empty, holds NUL or is no text.
    """
    if isinstance(namespace, str) or not namespace:
        raise NamespaceError(
            f"expected a namespace as a non-empty tuple of labels, got {namespace!r}; "
            "write ('name',) for a single label"
        )
    for label in namespace:
        if not isinstance(label, str) or not label or "\0" in label:
            raise NamespaceError(
                f"expected every label of a namespace to be a non-empty string without NUL, "
                f"got {label!r} in {tuple(namespace)!r}"
            )
    return tuple(namespace)


def encode(namespace: Sequence[str]) -> str:
    """Labels, each ended by U+001F; `()` is the empty string."""
    parts = []
    for label in namespace:
        escaped = label
        for plain, code in _ESCAPES:
            escaped = escaped.replace(plain, code)
        parts.append(escaped + _END)
    return "".join(parts)


def decode(path: str) -> tuple[str, ...]:
    """The labels that `encode` was given."""
    labels = []
    for part in path.split(_END)[:-1]:
        label = part
        for plain, code in reversed(_ESCAPES):
            label = label.replace(code, plain)
        labels.append(label)
    return tuple(labels)


def hashes(namespace: Sequence[str]) -> list[int]:
    """Of the namespace's path (last) and of each one above it."""
    return [narrow_hash(encode(namespace[: i + 1])) for i in range(len(namespace))]


def end_of(path: str) -> str:
    """The first string after all paths at or below an encoded one, in order of code points."""
    return path[:-1] + _AFTER_END
