"""Everything in the store as arrays, in batches, for the engine to be filled from.

Each batch is read in a transaction of its own, so a slow consumer never holds back the log. Take
`Store.version()` before loading, and follow `Store.changes(version)` afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Select, select

from nuonuo_memory.store.rows import (
    AttributeBatch,
    CueBatch,
    CueRow,
    Ints,
    LinkRow,
    MentionRow,
    StrengthRow,
    TermBatch,
)
from nuonuo_memory.store.sqlite.connect import Database
from nuonuo_memory.store.sqlite.schema import (
    contents,
    cues,
    links,
    memories,
    mentions,
    strengths,
    terms,
)


def _pages(
    database: Database,
    statement: Select[Any],
    key: ColumnElement[int],
    *,
    size: int,
    memory_keys: Ints | None,
    owner: ColumnElement[int],
) -> Iterator[list[Any]]:
    """The rows of a statement whose first column is `key`, in pages ordered by it."""
    if memory_keys is not None:
        for start in range(0, len(memory_keys), 1000):
            some = memory_keys[start : start + 1000].tolist()
            with database.reading() as connection:
                rows = connection.execute(statement.where(owner.in_(some)).order_by(key)).all()
            if rows:
                yield list(rows)
        return
    after = -1
    while True:
        with database.reading() as connection:
            page = statement.where(key > after).order_by(key).limit(size)
            rows = connection.execute(page).all()
        if rows:
            after = rows[-1][0]
            yield list(rows)
        if len(rows) < size:
            return


def _ints(values: tuple[Any, ...]) -> Ints:
    return np.array(values, dtype=np.int64)


def cue_batches(
    database: Database, *, dimension: int, size: int, memory_keys: Ints | None = None
) -> Iterator[CueBatch]:
    """All cues, or those of some memories, with their vectors."""
    statement = select(
        cues.c.key, cues.c.memory_key, memories.c.namespace_key, cues.c.vector
    ).where(cues.c.live, memories.c.key == cues.c.memory_key)
    pages = _pages(
        database,
        statement,
        cues.c.key,
        size=size,
        memory_keys=memory_keys,
        owner=cues.c.memory_key,
    )
    for rows in pages:
        keys, owners, groups, vectors = zip(*rows, strict=True)
        matrix = np.frombuffer(b"".join(vectors), dtype="<f2").reshape(len(rows), dimension)
        yield CueBatch(_ints(keys), _ints(owners), _ints(groups), matrix)


def cue_text_batches(
    database: Database, *, size: int, memory_keys: Ints | None = None
) -> Iterator[list[CueRow]]:
    """All cues with their texts, or those of some memories."""
    statement = select(cues.c.key, cues.c.memory_key, cues.c.kind, cues.c.text).where(cues.c.live)
    pages = _pages(
        database,
        statement,
        cues.c.key,
        size=size,
        memory_keys=memory_keys,
        owner=cues.c.memory_key,
    )
    for rows in pages:
        yield [CueRow(owner, kind, text, key) for key, owner, kind, text in rows]


def term_batches(
    database: Database, *, size: int, memory_keys: Ints | None = None
) -> Iterator[TermBatch]:
    """The terms of all memories, or of some."""
    statement = select(
        terms.c.key, terms.c.memory_key, memories.c.namespace_key, terms.c.ids, terms.c.counts
    ).where(terms.c.live, memories.c.key == terms.c.memory_key)
    pages = _pages(
        database,
        statement,
        terms.c.key,
        size=size,
        memory_keys=memory_keys,
        owner=terms.c.memory_key,
    )
    for rows in pages:
        _, keys, groups, ids, counts = zip(*rows, strict=True)
        pointers = np.zeros(len(rows) + 1, dtype=np.int64)
        np.cumsum([len(blob) // 8 for blob in ids], out=pointers[1:])
        yield TermBatch(
            _ints(keys),
            _ints(groups),
            pointers,
            np.frombuffer(b"".join(ids), dtype="<i8"),
            np.frombuffer(b"".join(counts), dtype="<i4"),
        )


def attribute_batches(
    database: Database, *, size: int, memory_keys: Ints | None = None
) -> Iterator[AttributeBatch]:
    """Namespace, role, session, turn, time and id of all memories, or of some."""
    statement = select(
        memories.c.key,
        memories.c.namespace_key,
        memories.c.turn,
        memories.c.at,
        contents.c.role,
        contents.c.session,
        contents.c.id,
    ).join_from(memories, contents, contents.c.key == memories.c.content_key)
    pages = _pages(
        database,
        statement,
        memories.c.key,
        size=size,
        memory_keys=memory_keys,
        owner=memories.c.key,
    )
    for rows in pages:
        keys, groups, turns, at, roles, sessions, ids = zip(*rows, strict=True)
        yield AttributeBatch(
            _ints(keys),
            _ints(groups),
            _ints(tuple(-1 if turn is None else turn for turn in turns)),
            np.array(at, dtype=np.float64),
            roles,
            sessions,
            ids,
        )


def mention_batches(
    database: Database, *, size: int, memory_keys: Ints | None = None
) -> Iterator[list[MentionRow]]:
    """All mentions, or those of some memories."""
    statement = select(
        mentions.c.key,
        mentions.c.memory_key,
        mentions.c.name,
        mentions.c.kind,
        mentions.c.weight,
        mentions.c.text,
    ).where(mentions.c.live)
    pages = _pages(
        database,
        statement,
        mentions.c.key,
        size=size,
        memory_keys=memory_keys,
        owner=mentions.c.memory_key,
    )
    for rows in pages:
        yield [
            MentionRow(owner, name, kind, weight, text, key)
            for key, owner, name, kind, weight, text in rows
        ]


def link_batches(
    database: Database, *, size: int, memory_keys: Ints | None = None, into: bool = False
) -> Iterator[list[LinkRow]]:
    """All links, or those that leave some memories, or with `into` those that lead to them."""
    statement = select(
        links.c.key,
        links.c.source_key,
        links.c.target_key,
        links.c.kind,
        links.c.label,
        links.c.weight,
    ).where(links.c.live)
    pages = _pages(
        database,
        statement,
        links.c.key,
        size=size,
        memory_keys=memory_keys,
        owner=links.c.target_key if into else links.c.source_key,
    )
    for rows in pages:
        yield [
            LinkRow(source, target, kind, label, weight, key)
            for key, source, target, kind, label, weight in rows
        ]


def strength_batches(
    database: Database, *, size: int, memory_keys: Ints | None = None
) -> Iterator[list[StrengthRow]]:
    """The strengths of all memories that have one, or of some."""
    statement = select(
        strengths.c.memory_key, strengths.c.uses, strengths.c.used_at, strengths.c.strength
    )
    key = strengths.c.memory_key
    pages = _pages(database, statement, key, size=size, memory_keys=memory_keys, owner=key)
    for rows in pages:
        yield [StrengthRow(*row) for row in rows]
