"""Questions to the store about memories: by id, by key, by namespace and filter."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

import numpy as np
from sqlalchemy import ColumnElement, Connection, Select, bindparam, func, select, true
from sqlalchemy.dialects import sqlite

from nuonuo_memory.store import namespaces as paths
from nuonuo_memory.store.hashes import narrow_hash, wide_hash
from nuonuo_memory.store.rows import (
    Counts,
    CueRow,
    Ints,
    LinkRow,
    MemoryRow,
    MentionRow,
    NamespaceRow,
    Query,
)
from nuonuo_memory.store.sqlite.namespace_rows import within
from nuonuo_memory.store.sqlite.schema import (
    contents,
    cues,
    links,
    memories,
    mentions,
    namespaces,
)
from nuonuo_memory.store.sqlite.where_sql import where_clause

T = TypeVar("T")
CHUNK = 5000  # values in one IN list; SQLite allows 32,766 variables


def chunked(values: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """The values in lists of at most `size`."""
    rest = iter(values)
    while chunk := list(islice(rest, size)):
        yield chunk


_memory_columns = (
    select(
        memories.c.key,
        memories.c.namespace_key,
        memories.c.turn,
        memories.c.at,
        memories.c.created_at,
        memories.c.updated_at,
        contents.c.id,
        contents.c.text,
        contents.c.role,
        contents.c.session,
        contents.c.digest,
        contents.c.metadata,
        namespaces.c.path,
    )
    .join_from(memories, contents, contents.c.key == memories.c.content_key)
    .join(namespaces, namespaces.c.key == memories.c.namespace_key)
)


def _memory_row(row: Any) -> MemoryRow:  # noqa: ANN401  a row of `_memory_columns`
    key, namespace_key, turn, at, created, updated, id_, text, role, session, digest, data, path = (
        row
    )
    return MemoryRow(
        id=id_,
        namespace=paths.decode(path),
        text=text,
        metadata=json.loads(data) if isinstance(data, str) else data,
        role=role,
        session=session,
        turn=turn,
        at=at,
        digest=digest,
        created_at=created,
        updated_at=updated,
        key=key,
        namespace_key=namespace_key,
    )


def _by_key(statement: Select[Any], key: ColumnElement[int]) -> str:
    """The SQL of a statement for the keys of a JSON list, its one parameter.

    Each recall asks for some keys; building and compiling the statement anew for every list takes
    five times as long as SQLite does.
    """
    listed = select(func.json_each(bindparam("keys")).table_valued("value").c.value)
    return str(statement.where(key.in_(listed)).compile(dialect=sqlite.dialect()))


_MEMORIES_BY_KEY = _by_key(_memory_columns, memories.c.key)
_CUES_BY_KEY = _by_key(
    select(cues.c.key, cues.c.memory_key, cues.c.kind, cues.c.text).where(cues.c.live), cues.c.key
)


def _listed(keys: Iterable[int]) -> tuple[str]:
    return (json.dumps([int(key) for key in keys]),)


def _has_id(ids: Sequence[str]) -> ColumnElement[bool]:
    return memories.c.id_hash.in_([wide_hash(id_) for id_ in ids])


def by_id(connection: Connection, ids: Sequence[str]) -> dict[str, MemoryRow]:
    """The memories that there are among these ids."""
    found = {}
    for chunk in chunked(ids):
        for row in connection.execute(_memory_columns.where(_has_id(chunk))):
            found[row.id] = _memory_row(row)
    return found


def by_key(connection: Connection, keys: Iterable[int]) -> dict[int, MemoryRow]:
    """The memories that there are among these keys."""
    found = connection.exec_driver_sql(_MEMORIES_BY_KEY, _listed(keys))
    return {row[0]: _memory_row(row) for row in found}


def keys_by_id(connection: Connection, ids: Sequence[str]) -> dict[str, int]:
    """The keys of those ids that there are."""
    found: dict[str, int] = {}
    for chunk in chunked(ids):
        statement = select(contents.c.id, memories.c.key).join_from(
            memories, contents, contents.c.key == memories.c.content_key
        )
        statement = statement.where(_has_id(chunk))
        found.update((id_, key) for id_, key in connection.execute(statement))
    return found


_time = func.coalesce(memories.c.at, memories.c.created_at)


def _conditions(query: Query) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if query.namespace is not None:
        conditions.append(within(query.namespace, prefix=query.prefix))
    if query.where:
        conditions.append(where_clause(query.where))
    if query.since is not None:
        conditions.append(_time >= query.since)
    if query.until is not None:
        conditions.append(_time <= query.until)
    if query.session is not None:
        conditions.append(memories.c.session_hash == narrow_hash(query.session))
        conditions.append(contents.c.session == query.session)
    return conditions


def find(
    connection: Connection, query: Query, *, limit: int | None, offset: int
) -> list[MemoryRow]:
    """The memories meant, by time and then key."""
    statement = _memory_columns.where(*_conditions(query)).order_by(_time, memories.c.key)
    if limit is not None:
        statement = statement.limit(limit)
    if offset:
        statement = statement.offset(offset)
    return [_memory_row(row) for row in connection.execute(statement)]


def _joined(statement: Select[Any], query: Query) -> Select[Any]:
    joined = statement.select_from(memories)
    if query.where or query.session is not None:
        joined = joined.join(contents, contents.c.key == memories.c.content_key)
    if query.namespace is not None:
        joined = joined.join(namespaces, namespaces.c.key == memories.c.namespace_key)
    return joined.where(*_conditions(query))


def find_keys(connection: Connection, query: Query) -> Ints:
    """The keys of the memories meant, ascending, int64 [n]."""
    statement = _joined(select(memories.c.key), query)
    keys = np.array(connection.execute(statement).scalars().all(), dtype=np.int64)
    keys.sort()
    return keys


def count(connection: Connection, query: Query) -> int:
    """How many memories are meant."""
    return int(connection.execute(_joined(select(func.count()), query)).scalar_one())


def counts(connection: Connection, query: Query) -> Counts:
    """How much belongs to the memories meant; the bytes are not counted."""
    every = query == Query()
    meant = _joined(select(memories.c.key), query)

    def owned(owner: ColumnElement[int]) -> ColumnElement[bool]:
        return true() if every else owner.in_(meant)

    def number(*conditions: ColumnElement[bool]) -> int:
        return int(connection.execute(select(func.count()).where(*conditions)).scalar_one())

    kinds = (
        select(cues.c.kind, func.count())
        .where(cues.c.live, owned(cues.c.memory_key))
        .group_by(cues.c.kind)
    )
    by_kind = {kind: held for kind, held in connection.execute(kinds)}  # noqa: C416  a row, not a pair
    used = select(memories.c.namespace_key).where(owned(memories.c.key))
    return Counts(
        memories=count(connection, query),
        cues=sum(by_kind.values()),
        links=number(links.c.live, owned(links.c.source_key)),
        mentions=number(mentions.c.live, owned(mentions.c.memory_key)),
        namespaces=number(namespaces.c.live, true() if every else namespaces.c.key.in_(used)),
        cues_by_kind=dict(sorted(by_kind.items())),
        bytes=0,
    )


def cues_by_key(connection: Connection, keys: Iterable[int]) -> dict[int, CueRow]:
    """The cues that there are among these keys."""
    found = connection.exec_driver_sql(_CUES_BY_KEY, _listed(keys))
    return {key: CueRow(memory_key, kind, text, key) for key, memory_key, kind, text in found}


def cues_of(connection: Connection, memory_key: int) -> list[CueRow]:
    """The cues of a memory, in order of key."""
    statement = (
        select(cues.c.key, cues.c.kind, cues.c.text)
        .where(cues.c.memory_key == memory_key, cues.c.live)
        .order_by(cues.c.key)
    )
    return [
        CueRow(memory_key, kind, text, key) for key, kind, text in connection.execute(statement)
    ]


def mentions_of(connection: Connection, memory_key: int) -> list[MentionRow]:
    """What a memory mentions, in order of key."""
    statement = select(mentions).where(mentions.c.memory_key == memory_key, mentions.c.live)
    return [
        MentionRow(row.memory_key, row.name, row.kind, row.weight, row.text, row.key)
        for row in connection.execute(statement.order_by(mentions.c.key))
    ]


def links_of(connection: Connection, memory_key: int) -> list[LinkRow]:
    """The ties that leave a memory, in order of key."""
    statement = select(links).where(links.c.source_key == memory_key, links.c.live)
    return [
        LinkRow(row.source_key, row.target_key, row.kind, row.label, row.weight, row.key)
        for row in connection.execute(statement.order_by(links.c.key))
    ]


def namespace_rows(connection: Connection, prefix: Sequence[str]) -> list[NamespaceRow]:
    """The namespaces at or below a prefix, in order of their labels."""
    statement = (
        select(namespaces.c.key, namespaces.c.path, func.count(memories.c.key))
        .join_from(namespaces, memories, isouter=True)
        .where(within(prefix, prefix=True))
        .group_by(namespaces.c.key)
        .order_by(namespaces.c.path)
    )
    return [
        NamespaceRow(key, paths.decode(path), number)
        for key, path, number in connection.execute(statement)
    ]


def namespace_keys(connection: Connection, namespace: Sequence[str], *, prefix: bool) -> list[int]:
    """The keys of a namespace or, with `prefix`, of it and all below, ascending."""
    statement = select(namespaces.c.key).where(within(namespace, prefix=prefix))
    return list(connection.execute(statement.order_by(namespaces.c.key)).scalars())


def existing_digests(
    connection: Connection, namespace: Sequence[str], digests: Sequence[str]
) -> dict[str, int]:
    """Memory keys by digest, of those digests that the namespace has already."""
    found: dict[str, int] = {}
    for chunk in chunked(digests):
        by_hash = {wide_hash(digest): digest for digest in chunk}
        statement = (
            select(memories.c.digest_hash, memories.c.key)
            .join_from(memories, namespaces)
            .where(within(namespace, prefix=False), memories.c.digest_hash.in_(list(by_hash)))
        )
        found.update((by_hash[hashed], key) for hashed, key in connection.execute(statement))
    return found
