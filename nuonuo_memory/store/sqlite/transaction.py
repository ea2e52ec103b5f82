"""One write: everything in it is stored, or nothing."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, Table, bindparam, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from nuonuo_memory.errors import DuplicateIdError, InvalidInputError, NotFoundError
from nuonuo_memory.inputs import metadata_of
from nuonuo_memory.store.checks import vector_bytes
from nuonuo_memory.store.hashes import narrow_hash, wide_hash
from nuonuo_memory.store.namespaces import checked
from nuonuo_memory.store.rows import (
    CueRow,
    Ints,
    LinkRow,
    MemoryRow,
    MentionRow,
    Op,
    StrengthRow,
    TermRow,
)
from nuonuo_memory.store.sqlite import identity, removal
from nuonuo_memory.store.sqlite.blanking import blank
from nuonuo_memory.store.sqlite.changes import Log
from nuonuo_memory.store.sqlite.counters import reserve
from nuonuo_memory.store.sqlite.namespace_rows import namespace_keys
from nuonuo_memory.store.sqlite.queries import by_key, chunked
from nuonuo_memory.store.sqlite.schema import (
    contents,
    cues,
    links,
    memories,
    mentions,
    terms,
)
from nuonuo_memory.store.sqlite.strengths import put_strengths


class SqliteTransaction:
    """What can be done within `Store.write()`, see `nuonuo_memory.store.protocol.Transaction`.

    Attributes:
        forgets: Whether texts were removed, so that the store has to be erased after the commit.
    """

    def __init__(self, connection: Connection, *, dimension: int) -> None:
        self._connection = connection
        self._dimension = dimension
        self._log = Log()
        self.forgets: bool = False

    # ------------------------------------------------------------------------------- add

    def add_memories(self, rows: Sequence[MemoryRow]) -> list[int]:
        """Store memories; gives their keys, in order.

        Raises:
            DuplicateIdError: An id is taken, or a digest is in its namespace already.
            NamespaceError: A namespace is not allowed.
            InvalidInputError: Metadata that JSON cannot hold.
        """
        if not rows:
            return []
        self._check_ids([row.id for row in rows])
        groups = namespace_keys(self._connection, {checked(row.namespace) for row in rows})
        first = reserve(self._connection, "memories", len(rows))
        content = self._add_contents(rows)
        now = time.time()
        values = [
            {
                "key": first + i,
                "namespace_key": groups[tuple(row.namespace)],
                "content_key": content + i,
                "id_hash": wide_hash(row.id),
                "digest_hash": None if row.digest is None else wide_hash(row.digest),
                "session_hash": None if row.session is None else narrow_hash(row.session),
                "turn": row.turn,
                "at": row.at,
                "created_at": row.created_at or now,
                "updated_at": row.updated_at or row.created_at or now,
            }
            for i, row in enumerate(rows)
        ]
        try:
            self._connection.execute(insert(memories), values)
        except IntegrityError as error:
            raise DuplicateIdError(
                "expected digests that are new to their namespace, got one that is there already; "
                "ask `existing_digests` first"
            ) from error
        for i, row in enumerate(rows):
            self._log.note("add", first + i, groups[tuple(row.namespace)])
        return list(range(first, first + len(rows)))

    def _add_contents(self, rows: Sequence[MemoryRow]) -> int:
        first = reserve(self._connection, "contents", len(rows))
        values = [
            {
                "key": first + i,
                "id": row.id,
                "text": row.text,
                "role": row.role,
                "session": row.session,
                "digest": row.digest,
                "metadata": metadata_of(row.metadata),
            }
            for i, row in enumerate(rows)
        ]
        self._connection.execute(insert(contents), values)
        return first

    def _check_ids(self, ids: Sequence[str]) -> None:
        seen: set[str] = set()
        for id_ in ids:
            if id_ in seen:
                raise DuplicateIdError(f"expected each id once, got {id_!r} twice in one call")
            seen.add(id_)
        for chunk in chunked(ids):
            by_hash = {wide_hash(id_): id_ for id_ in chunk}
            taken = select(memories.c.id_hash).where(memories.c.id_hash.in_(list(by_hash)))
            found = self._connection.execute(taken.limit(1)).scalar()
            if found is not None:
                raise DuplicateIdError(
                    f"expected a new id, got {by_hash[found]!r}, which a memory has already; "
                    "update or replace that one, or choose another id"
                )

    def add_cues(self, rows: Sequence[CueRow], vectors: NDArray[np.floating[Any]]) -> list[int]:
        """Store cues with their vectors [n, dimension]; gives their keys, in order.

        Raises:
            VectorError: The vectors do not fit.
            NotFoundError: A memory does not exist.
        """
        blobs = vector_bytes(vectors, rows=len(rows), dimension=self._dimension)
        values = [
            {"memory_key": row.memory_key, "kind": row.kind, "text": row.text, "vector": blob}
            for row, blob in zip(rows, blobs, strict=True)
        ]
        return self._append(cues, values, op="cues")

    def add_mentions(self, rows: Sequence[MentionRow]) -> list[int]:
        """Store what memories mention; gives the keys, in order."""
        values = [
            {
                "memory_key": row.memory_key,
                "name": row.name,
                "text": row.text or row.name,
                "kind": row.kind,
                "weight": row.weight,
            }
            for row in rows
        ]
        return self._append(mentions, values, op="links")

    def add_links(self, rows: Sequence[LinkRow]) -> list[int]:
        """Store ties between memories; gives their keys, in order."""
        self._require({row.target_key for row in rows})
        values = [
            {
                "source_key": row.source_key,
                "target_key": row.target_key,
                "kind": row.kind,
                "label": row.label,
                "weight": row.weight,
            }
            for row in rows
        ]
        return self._append(links, values, op="links", owner="source_key")

    def set_terms(self, rows: Sequence[TermRow]) -> None:
        """Store the hashed terms of memories, in place of any that they had."""
        old = [row.memory_key for row in rows if not self._log.added(row.memory_key)]
        for chunk in chunked(old):
            self.forgets |= blank(self._connection, terms, terms.c.memory_key.in_(chunk)) > 0
        values = [
            {
                "memory_key": row.memory_key,
                "ids": np.ascontiguousarray(row.ids, dtype="<i8").tobytes(),
                "counts": np.ascontiguousarray(row.counts, dtype="<i4").tobytes(),
            }
            for row in rows
        ]
        self._append(terms, values, op="update")

    def _append(
        self, table: Table, values: list[dict[str, Any]], *, op: Op, owner: str = "memory_key"
    ) -> list[int]:
        if not values:
            return []
        self._note_all(op, {value[owner] for value in values})
        first = reserve(self._connection, table.name, len(values))
        for i, value in enumerate(values):
            value["key"] = first + i
            value["live"] = True
        self._connection.execute(insert(table), values)
        return list(range(first, first + len(values)))

    # ---------------------------------------------------------------------------- change

    def update_memory(
        self,
        key: int,
        *,
        text: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        at: float | None = None,
        digest: str | None = None,
    ) -> None:
        """Change what is given. A new text leaves cues and terms as they are: replace them too.

        Raises:
            NotFoundError: No memory has this key.
        """
        old = self._row(key)
        new = replace(
            old,
            text=old.text if text is None else text,
            metadata=old.metadata if metadata is None else metadata,
            at=old.at if at is None else at,
            digest=old.digest if digest is None else digest,
        )
        values: dict[str, Any] = {"at": new.at, "updated_at": time.time()}
        if (new.text, new.metadata, new.digest) != (old.text, old.metadata, old.digest):
            used = select(memories.c.content_key).where(memories.c.key == key)
            blank(self._connection, contents, contents.c.key == used.scalar_subquery())
            self.forgets = True
            values["content_key"] = self._add_contents([new])
            values["digest_hash"] = None if new.digest is None else wide_hash(new.digest)
        self._connection.execute(update(memories).where(memories.c.key == key).values(values))
        self._note_all("update", {key})

    def set_strengths(self, rows: Sequence[StrengthRow]) -> None:
        """Store strengths, in place of those that the memories had.

        Uses alone do not change what recall finds, and make no entry in the log.
        """
        self._require({row.memory_key for row in rows})
        if put_strengths(self._connection, rows):
            self._log.note_strengths()

    def _row(self, key: int) -> MemoryRow:
        row = by_key(self._connection, [key]).get(key)
        if row is None:
            raise NotFoundError(f"expected the key of a memory, got {key}")
        return row

    def replace_vectors(
        self,
        batches: Iterable[tuple[Ints, NDArray[np.floating[Any]]]],
        *,
        encoder_name: str,
        dimension: int,
    ) -> int:
        """Give every cue a vector of another encoder; gives their number.

        Args:
            batches: Cue keys [n] and vectors [n, dimension]; every cue exactly once.
            encoder_name: The encoder that they come from.
            dimension: Their size.

        Raises:
            InvalidInputError: Some cues got no vector.
            VectorError: The vectors do not fit.
        """
        statement = (
            update(cues)
            .where(cues.c.key == bindparam("cue_key"))
            .values(vector=bindparam("cue_vector"))
        )
        done: set[int] = set()
        for keys, vectors in batches:
            blobs = vector_bytes(vectors, rows=len(keys), dimension=dimension)
            numbers = [int(key) for key in keys]
            self._connection.execute(
                statement,
                [
                    {"cue_key": key, "cue_vector": blob}
                    for key, blob in zip(numbers, blobs, strict=True)
                ],
            )
            done.update(numbers)
        total = self._connection.execute(select(func.count()).where(cues.c.live)).scalar_one()
        if len(done) != total:
            raise InvalidInputError(
                f"expected a vector for each of the {total} cues, got {len(done)}; nothing changed"
            )
        identity.set_encoder(self._connection, encoder_name=encoder_name, dimension=dimension)
        self._dimension = dimension
        self._log.note_reload()
        return len(done)

    def set_calibration(self, offset: float) -> None:
        """Keep how the store's evidence reads, in log-odds."""
        identity.set_calibration(self._connection, offset)

    # ---------------------------------------------------------------------------- remove

    def delete_memories(self, keys: Iterable[int]) -> list[int]:
        """Remove memories and all that depends on them; gives the keys of those there were."""
        owners = self._owners(keys)
        removal.remove_memories(self._connection, owners)
        for key, group in owners.items():
            self._log.note("delete", key, group)
        self.forgets |= bool(owners)
        return sorted(owners)

    def delete_cues(self, memory_keys: Iterable[int], *, kinds: Sequence[str] | None = None) -> int:
        """Remove the cues of memories, all or those of some kinds; gives their number."""
        conditions = [] if kinds is None else [cues.c.kind.in_(list(kinds))]
        return self._delete(cues, "cues", memory_keys, *conditions)

    def delete_mentions(self, memory_keys: Iterable[int]) -> int:
        """Remove what memories mention; gives the number of mentions."""
        return self._delete(mentions, "links", memory_keys)

    def delete_links(
        self,
        source_keys: Iterable[int],
        *,
        target_key: int | None = None,
        kinds: Sequence[str] | None = None,
    ) -> int:
        """Remove the ties that leave memories, all, to one memory, or of some kinds."""
        conditions: list[ColumnElement[bool]] = []
        if kinds is not None:
            conditions = [links.c.kind.in_(list(kinds))]
        if target_key is not None:
            conditions.append(links.c.target_key == target_key)
        return self._delete(links, "links", source_keys, *conditions)

    def _delete(
        self,
        table: Table,
        op: Op,
        memory_keys: Iterable[int],
        *conditions: ColumnElement[bool],
    ) -> int:
        keys = [int(key) for key in memory_keys]
        gone = removal.remove_rows(self._connection, table, keys, *conditions)
        if gone:
            self._note_all(op, set(keys))
            self.forgets = True
        return gone

    # ------------------------------------------------------------------------------- log

    def _owners(self, keys: Iterable[int]) -> dict[int, int]:
        """Namespace keys by memory key, of the memories that there are."""
        owners: dict[int, int] = {}
        for chunk in chunked(int(key) for key in keys):
            statement = select(memories.c.key, memories.c.namespace_key)
            rows = self._connection.execute(statement.where(memories.c.key.in_(chunk)))
            owners.update((key, group) for key, group in rows)
        return owners

    def _require(self, keys: set[int]) -> dict[int, int]:
        """Namespace keys by memory key, of memories that must exist and are not new."""
        known = {key for key in keys if not self._log.added(key)}
        owners = self._owners(sorted(known))
        if len(owners) < len(known):
            raise NotFoundError(
                f"expected keys of memories that exist, got {min(known - owners.keys())}"
            )
        return owners

    def _note_all(self, op: Op, memory_keys: set[int]) -> None:
        for key, group in self._require(memory_keys).items():
            self._log.note(op, key, group)

    def finish(self) -> int:
        """Write the change log; gives the store's new version."""
        return self._log.write(self._connection)
