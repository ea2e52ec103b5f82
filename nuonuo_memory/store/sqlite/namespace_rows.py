"""Namespaces as rows: made with their first memory, gone with their last."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, false, insert, select

from nuonuo_memory.store import namespaces as paths
from nuonuo_memory.store.hashes import narrow_hash
from nuonuo_memory.store.sqlite.blanking import blank
from nuonuo_memory.store.sqlite.counters import reserve
from nuonuo_memory.store.sqlite.schema import ancestors, memories, namespaces


def within(namespace: Sequence[str], *, prefix: bool) -> ColumnElement[bool]:
    """A condition on `namespaces`: this one, or with `prefix` it and all below it."""
    if not namespace:
        return namespaces.c.live if prefix else false()
    path = paths.encode(namespace)
    found = select(ancestors.c.namespace_key).where(ancestors.c.hash == narrow_hash(path))
    if not prefix:
        found = found.where(ancestors.c.itself)
        return and_(namespaces.c.key.in_(found), namespaces.c.path == path)
    return and_(
        namespaces.c.key.in_(found),
        namespaces.c.path >= path,
        namespaces.c.path < paths.end_of(path),
    )


def namespace_keys(
    connection: Connection, wanted: Iterable[tuple[str, ...]]
) -> dict[tuple[str, ...], int]:
    """The key of each namespace, which `paths.checked` has seen; new ones are made."""
    found: dict[tuple[str, ...], int] = {}
    missing = []
    for namespace in wanted:
        known = select(namespaces.c.key).where(within(namespace, prefix=False))
        key = connection.execute(known).scalar()
        if key is None:
            missing.append(namespace)
        else:
            found[namespace] = key
    if missing:
        found.update(_make(connection, missing))
    return found


def _make(connection: Connection, wanted: list[tuple[str, ...]]) -> dict[tuple[str, ...], int]:
    first = reserve(connection, "namespaces", len(wanted))
    made = {namespace: first + i for i, namespace in enumerate(wanted)}
    above: list[dict[str, Any]] = []
    for namespace, key in made.items():
        hashes = paths.hashes(namespace)
        above += [
            {"hash": value, "namespace_key": key, "itself": i == len(hashes) - 1}
            for i, value in enumerate(hashes)
        ]
    connection.execute(
        insert(namespaces),
        [
            {"key": key, "live": True, "path": paths.encode(namespace)}
            for namespace, key in made.items()
        ],
    )
    connection.execute(insert(ancestors), above)
    return made


def remove_empty(connection: Connection, keys: list[int]) -> None:
    """Forget those of the namespaces that hold no memory any more."""
    held = exists().where(memories.c.namespace_key == namespaces.c.key)
    blank(connection, namespaces, namespaces.c.key.in_(keys), ~held)
    empty = select(namespaces.c.key).where(namespaces.c.key.in_(keys), ~namespaces.c.live)
    connection.execute(delete(ancestors).where(ancestors.c.namespace_key.in_(empty)))
