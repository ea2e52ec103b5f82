"""One write: everything in it is stored, or nothing."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Table, bindparam, delete, exists, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from nuonuo_memory.errors import DuplicateIdError, InvalidInputError, NotFoundError
from nuonuo_memory.store import identity, paths
from nuonuo_memory.store.changes import Log
from nuonuo_memory.store.checks import checked_metadata, vector_bytes
from nuonuo_memory.store.counters import reserve
from nuonuo_memory.store.queries import chunked
from nuonuo_memory.store.rows import CueRow, Ints, LinkRow, MemoryRow, MentionRow, Op, TermRow
from nuonuo_memory.store.schema import cues, links, memories, mentions, namespaces, terms


class Writer:
    """What can be done within `Store.write()`.

    Attributes:
        forgets: Whether texts were removed, so that the store has to be erased after the commit.
    """

    def __init__(self, connection: Connection, *, dimension: int) -> None:
        self._connection = connection
        self._dimension = dimension
        self._log = Log()
        self.forgets = False

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
        groups = self._namespace_keys({paths.checked(row.namespace) for row in rows})
        first = reserve(self._connection, "memories", len(rows))
        now = time.time()
        values = [
            {
                "key": first + i,
                "id": row.id,
                "namespace_key": groups[tuple(row.namespace)],
                "text": row.text,
                "role": row.role,
                "session": row.session,
                "turn": row.turn,
                "at": row.at,
                "metadata": checked_metadata(row.metadata),
                "digest": row.digest,
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
            self._note("add", first + i, groups[tuple(row.namespace)])
        return list(range(first, first + len(rows)))

    def _check_ids(self, ids: Sequence[str]) -> None:
        seen: set[str] = set()
        for id_ in ids:
            if id_ in seen:
                raise DuplicateIdError(f"expected each id once, got {id_!r} twice in one call")
            seen.add(id_)
        for chunk in chunked(ids):
            taken = select(memories.c.id).where(memories.c.id.in_(chunk)).limit(1)
            found = self._connection.execute(taken).scalar()
            if found is not None:
                raise DuplicateIdError(
                    f"expected a new id, got {found!r}, which a memory has already; update or "
                    "replace that one, or choose another id"
                )

    def _namespace_keys(self, wanted: set[tuple[str, ...]]) -> dict[tuple[str, ...], int]:
        by_path = {paths.encode(namespace): namespace for namespace in wanted}
        found: dict[tuple[str, ...], int] = {}
        for chunk in chunked(by_path):
            known = select(namespaces.c.path, namespaces.c.key).where(namespaces.c.path.in_(chunk))
            for path, key in self._connection.execute(known):
                found[by_path[path]] = key
        missing = [path for path, namespace in by_path.items() if namespace not in found]
        if missing:
            first = reserve(self._connection, "namespaces", len(missing))
            values = [{"key": first + i, "path": path} for i, path in enumerate(missing)]
            self._connection.execute(insert(namespaces), values)
            found.update((by_path[path], first + i) for i, path in enumerate(missing))
        return found

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
        return self._append(cues, "cues", values, op="cues")

    def add_mentions(self, rows: Sequence[MentionRow]) -> list[int]:
        """Store what memories mention; gives the keys, in order."""
        values = [
            {
                "memory_key": row.memory_key,
                "name": row.name,
                "kind": row.kind,
                "weight": row.weight,
            }
            for row in rows
        ]
        return self._append(mentions, "mentions", values, op="links")

    def add_links(self, rows: Sequence[LinkRow]) -> list[int]:
        """Store ties between memories; gives their keys, in order."""
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
        return self._append(links, "links", values, op="links", owner="source_key")

    def set_terms(self, rows: Sequence[TermRow]) -> None:
        """Store the hashed terms of memories, in place of any that they had."""
        if not rows:
            return
        self._delete_where(terms, "memory_key", [row.memory_key for row in rows])
        values = [
            {
                "memory_key": row.memory_key,
                "ids": np.ascontiguousarray(row.ids, dtype="<i8").tobytes(),
                "counts": np.ascontiguousarray(row.counts, dtype="<i4").tobytes(),
            }
            for row in rows
        ]
        self._insert(terms, values)
        self._note_all("update", {row.memory_key for row in rows})

    def _append(
        self,
        table: Table,
        counter: str,
        values: list[dict[str, Any]],
        *,
        op: Op,
        owner: str = "memory_key",
    ) -> list[int]:
        if not values:
            return []
        first = reserve(self._connection, counter, len(values))
        for i, value in enumerate(values):
            value["key"] = first + i
        self._insert(table, values)
        self._note_all(op, {value[owner] for value in values})
        return list(range(first, first + len(values)))

    def _insert(self, table: Table, values: list[dict[str, Any]]) -> None:
        try:
            self._connection.execute(insert(table), values)
        except IntegrityError as error:
            raise NotFoundError(
                f"expected {table.name} of memories that exist, got a key that no memory has"
            ) from error

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
        values: dict[str, Any] = {"updated_at": time.time()}
        if text is not None:
            values["text"] = text
        if metadata is not None:
            values["metadata"] = checked_metadata(metadata)
        if at is not None:
            values["at"] = at
        if digest is not None:
            values["digest"] = digest
        done = self._connection.execute(
            update(memories).where(memories.c.key == key).values(**values)
        )
        if done.rowcount == 0:
            raise NotFoundError(f"expected the key of a memory, got {key}")
        self.forgets = True
        self._note_all("update", {key})

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
        total = self._connection.execute(select(func.count()).select_from(cues)).scalar_one()
        if len(done) != total:
            raise InvalidInputError(
                f"expected a vector for each of the {total} cues, got {len(done)}; nothing changed"
            )
        identity.set_encoder(self._connection, encoder_name=encoder_name, dimension=dimension)
        self._dimension = dimension
        self._log.note_reload()
        return len(done)

    # ---------------------------------------------------------------------------- remove

    def delete_memories(self, keys: Iterable[int]) -> list[int]:
        """Remove memories and all that depends on them; gives the keys of those there were."""
        owners = self._owners(keys)
        if not owners:
            return []
        self._delete_where(memories, "key", list(owners))
        for chunk in chunked(set(owners.values())):
            left = exists().where(memories.c.namespace_key == namespaces.c.key)
            self._connection.execute(delete(namespaces).where(namespaces.c.key.in_(chunk), ~left))
        for key, group in owners.items():
            self._note("delete", key, group)
        self.forgets = True
        return sorted(owners)

    def delete_cues(
        self, memory_keys: Iterable[int], *, kinds: Sequence[str] | None = None
    ) -> None:
        """Remove the cues of memories, all or those of some kinds."""
        keys = [int(key) for key in memory_keys]
        self._delete_where(cues, "memory_key", keys, kinds=kinds)
        self._removed("cues", keys)

    def delete_mentions(self, memory_keys: Iterable[int]) -> None:
        """Remove what memories mention."""
        keys = [int(key) for key in memory_keys]
        self._delete_where(mentions, "memory_key", keys)
        self._removed("links", keys)

    def delete_links(
        self,
        source_keys: Iterable[int],
        *,
        target_key: int | None = None,
        kinds: Sequence[str] | None = None,
    ) -> int:
        """Remove the ties that leave memories: all, those to one memory, or those of some kinds."""
        keys = [int(key) for key in source_keys]
        gone = 0
        for chunk in chunked(keys):
            statement = delete(links).where(links.c.source_key.in_(chunk))
            if target_key is not None:
                statement = statement.where(links.c.target_key == target_key)
            if kinds is not None:
                statement = statement.where(links.c.kind.in_(list(kinds)))
            gone += self._connection.execute(statement).rowcount
        self._removed("links", keys)
        return gone

    def _removed(self, op: Op, memory_keys: Sequence[int]) -> None:
        self._note_all(op, set(memory_keys))
        self.forgets = True

    def _delete_where(
        self,
        table: Table,
        column: str,
        keys: Sequence[int],
        *,
        kinds: Sequence[str] | None = None,
    ) -> None:
        for chunk in chunked(keys):
            statement = delete(table).where(table.c[column].in_(chunk))
            if kinds is not None:
                statement = statement.where(table.c.kind.in_(list(kinds)))
            self._connection.execute(statement)

    # ------------------------------------------------------------------------------- log

    def _owners(self, keys: Iterable[int]) -> dict[int, int]:
        """Namespace keys by memory key, of the memories that there are."""
        owners: dict[int, int] = {}
        for chunk in chunked(int(key) for key in keys):
            statement = select(memories.c.key, memories.c.namespace_key)
            rows = self._connection.execute(statement.where(memories.c.key.in_(chunk)))
            owners.update((key, group) for key, group in rows)
        return owners

    def _note(self, op: Op, memory_key: int, namespace_key: int) -> None:
        self._log.note(op, memory_key, namespace_key)

    def _note_all(self, op: Op, memory_keys: set[int]) -> None:
        unknown = {key for key in memory_keys if not self._log.covers(key)}
        for key, group in self._owners(sorted(unknown)).items():
            self._note(op, key, group)

    def finish(self) -> int:
        """Write the change log; gives the store's new version."""
        return self._log.write(self._connection)
