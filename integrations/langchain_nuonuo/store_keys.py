"""A store's namespaces and keys as a memory's, which allows less in a label and one id each."""

from __future__ import annotations

import hashlib
import re

from langgraph.store.base import MatchCondition

_UNSAFE = re.compile(r"[\x00-\x1f%]")
_ESCAPED = re.compile(r"%([0-9A-F]{2})")
_BLANK = "%7F"


def id_of(root: tuple[str, ...], namespace: tuple[str, ...], key: str) -> str:
    """Return the memory's id of an item: the same for the same namespace and key, and no other."""
    path = "\x00".join((*root, "", *namespace, "", key))
    return f"item-{hashlib.sha256(path.encode('utf-8', 'surrogatepass')).hexdigest()[:40]}"


def inner(root: tuple[str, ...], namespace: tuple[str, ...]) -> tuple[str, ...]:
    """Return the memory's namespace of a store's: under the root, control characters escaped."""
    return (*root, *(_escape(label) for label in namespace))


def outer(root: tuple[str, ...], namespace: tuple[str, ...]) -> tuple[str, ...]:
    """Return the store's namespace of a memory's."""
    return tuple(_restore(label) for label in namespace[len(root) :])


def _escape(label: str) -> str:
    safe = _UNSAFE.sub(lambda match: f"%{ord(match[0]):02X}", label)
    return safe if safe.strip() else safe + _BLANK  # the memory wants a visible character


def _restore(label: str) -> str:
    bare = label.removesuffix(_BLANK)
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), bare)


def matches(condition: MatchCondition, namespace: tuple[str, ...]) -> bool:
    """Whether a namespace starts or ends with a path in which `*` is any one label.

    Raises:
        ValueError: The condition is neither a prefix nor a suffix.
    """
    path = condition.path
    if condition.match_type not in ("prefix", "suffix"):
        raise ValueError(f"expected a match type of prefix or suffix, got {condition.match_type!r}")
    if len(path) > len(namespace):
        return False
    suffix = condition.match_type == "suffix"
    part = namespace[len(namespace) - len(path) :] if suffix else namespace[: len(path)]
    return all(wanted in ("*", label) for wanted, label in zip(path, part, strict=True))
