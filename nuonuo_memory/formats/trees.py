"""Conversations that are kept as trees, because turns were edited or answered anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from nuonuo_memory.formats.texts import require

Node = TypeVar("Node")


def branch(
    nodes: Mapping[str, Node],
    leaf: object,
    parent_of: Callable[[Node], object],
    *,
    where: str,
    roots: frozenset[object] = frozenset({None}),
) -> list[tuple[str, Node]]:
    """Return the nodes from the root to a leaf: what a reader of the chat sees.

    Args:
        nodes: By id.
        leaf: The id that the branch ends with.
        parent_of: The id of a node's parent.
        where: File and record, for messages.
        roots: What stands for no parent.

    Raises:
        FormatError: A parent is missing, or the nodes go in a circle.
    """
    found: list[tuple[str, Node]] = []
    seen: set[object] = set()
    place = leaf
    require(place is None or isinstance(place, str), where, "the id of a last message", place)
    while place not in roots:
        known = isinstance(place, str) and place in nodes
        require(known, where, "nodes that lead to a root", place)
        require(place not in seen, where, "nodes that lead to a root, and no circle", place)
        seen.add(place)
        key = str(place)
        found.append((key, nodes[key]))
        place = parent_of(nodes[key])
        require(place is None or isinstance(place, str), where, "a parent's id", place)
    found.reverse()
    return found
