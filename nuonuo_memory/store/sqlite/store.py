"""The durable store: what is written, read, followed and erased."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from nuonuo_memory.errors import ReadOnlyStoreError, StoreBusyError, StoreFullError
from nuonuo_memory.platform import whole_file
from nuonuo_memory.store.protocol import BATCH, EVERY_MEMORY, VectorBatches
from nuonuo_memory.store.rows import (
    AttributeBatch,
    Change,
    Counts,
    CueBatch,
    CueRow,
    Ints,
    LinkRow,
    MemoryRow,
    MentionRow,
    NamespaceRow,
    Query,
    StrengthRow,
    TermBatch,
)
from nuonuo_memory.store.sqlite import changes, loaders, queries
from nuonuo_memory.store.sqlite.connect import Database
from nuonuo_memory.store.sqlite.copying import copy_database
from nuonuo_memory.store.sqlite.erasure import drop_blanked, erase, left_undone, worth_compacting
from nuonuo_memory.store.sqlite.open_file import open_database
from nuonuo_memory.store.sqlite.transaction import SqliteTransaction
from nuonuo_memory.store.sqlite.watch import Watch

_log = logging.getLogger(__name__)


class Store:
    """Durable records in one SQLite file, or in memory; usable from several threads.

    Made by `Store.open`. A write that returned is on the disk.

    Attributes:
        path: The file, or `None` in memory.
        encoder_name: Name of the encoder that the vectors come from.
        dimension: Their size.
        read_only: Whether writes are refused.
        erasure_pending: Whether forgotten bytes may still be in the write-ahead log, because
            another process kept reading it; `erase` tries again, as does the next write.
    """

    def __init__(self, database: Database, meta: dict[str, str], *, read_only: bool) -> None:
        self._database = database
        self.path: Path | None = database.path
        self.read_only = read_only
        self.encoder_name: str = meta["encoder_name"]
        self.dimension: int = int(meta["dimension"])
        self.calibration: float = float(meta.get("calibration", 0.0))
        self.erasure_pending: bool = False
        self._weighs = meta.get("schema_version") != "1" or not read_only
        self._watch = Watch(database)

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str] | None,
        *,
        encoder_name: str | None = None,
        dimension: int | None = None,
        read_only: bool = False,
        timeout: float = 5.0,
    ) -> Self:
        """Open a store, or make one where there is none.

        Args:
            path: The file, or `None` for a store in memory.
            encoder_name: Checked against the one stored; `None` takes what is stored.
            dimension: Checked likewise.
            read_only: Write nothing, and refuse to.
            timeout: Seconds to wait for another process's write.

        Raises:
            NotAStoreError: The path is a folder, another kind of file, or a damaged store.
            SchemaVersionError: A newer version wrote it.
            EncoderMismatchError: Its vectors come from another encoder.
            ReadOnlyStoreError: The file or folder cannot be written to.
            StoreBusyError: Another process kept it locked.
            StoreError: The folder or, to read only, the file does not exist.
            InvalidInputError: A new store needs the encoder's name and dimension.
        """
        database, meta = open_database(
            path,
            encoder_name=encoder_name,
            dimension=dimension,
            read_only=read_only,
            timeout=timeout,
        )
        store = cls(database, meta, read_only=read_only)
        if not read_only and left_undone(database):
            store.erase(patience=0.0)
        _log.debug(
            "opened %s%s: schema version %s, vectors of %s",
            database.name,
            " to read only" if read_only else "",
            meta.get("schema_version"),
            store.encoder_name,
        )
        return store

    # -------------------------------------------------------------------------- writing

    @contextmanager
    def write(self) -> Iterator[SqliteTransaction]:
        """One transaction: on leaving, all of it is on the disk; on an error, none of it.

        When it forgot something, the log is cut to nothing afterwards; see `erasure_pending`.

        Raises:
            ReadOnlyStoreError: The store was opened to read only, or the file cannot be written.
            StoreFullError: The disk is full.
            StoreBusyError: Another process kept it locked.
            ClosedError: The store was closed.
        """
        if self.read_only:
            raise ReadOnlyStoreError(
                f"expected a store that was opened for writing, got {self._database.name} opened "
                "with read_only=True; open it again without"
            )
        with self._database.writing() as connection:
            writer = SqliteTransaction(connection, dimension=self.dimension)
            yield writer
            version = writer.finish()
        self._watch.wrote(version)
        if writer.forgets or self.erasure_pending:
            # Not a reason to fail a write that is on the disk: next time will do.
            with suppress(StoreBusyError, StoreFullError):
                if worth_compacting(self._database):
                    drop_blanked(self._database)
            self.erase()

    def replace_vectors(
        self,
        batches: VectorBatches,
        *,
        encoder_name: str,
        dimension: int,
    ) -> int:
        """Give every cue a vector of another encoder, in one write; gives their number.

        Args:
            batches: Cue keys [n] and vectors [n, dimension], every cue exactly once; it may read
                the texts from `load_cue_texts` as it goes, nothing comes in between.
            encoder_name: The encoder that they come from.
            dimension: Their size.

        Raises:
            InvalidInputError: Some cues got no vector; nothing was changed.
            VectorError: The vectors do not fit; nothing was changed.
        """
        with self.write() as writer:
            done = writer.replace_vectors(batches, encoder_name=encoder_name, dimension=dimension)
            writer.forgets = True
        self.encoder_name = encoder_name
        self.dimension = dimension
        self.calibration = 0.0
        return done

    def set_calibration(self, offset: float) -> None:
        """Keep how the store's evidence reads; other processes see it when they open the store."""
        with self.write() as writer:
            writer.set_calibration(offset)
        self.calibration = offset

    def erase(self, *, patience: float = 1.0) -> bool:
        """Make sure that nothing forgotten is left in any file; writes that forget do it already.

        Args:
            patience: Seconds to wait for readers in other processes and threads.

        Returns:
            Whether it is done; if not, call it again when they have finished reading.
        """
        if self.read_only:
            return True
        self.erasure_pending = not erase(self._database, patience=patience)
        if self.erasure_pending:
            _log.info(
                "what was forgotten may still be in the log of %s, which others read; the next "
                "write or erase() tries again",
                self._database.name,
            )
        return not self.erasure_pending

    def compact(self) -> bool:
        """Give the room of all that was forgotten back to the disk, at the cost of a rewrite.

        Writes that forget do it by themselves when more is forgotten than is left.

        Returns:
            Whether it is done; if not, another process was in the way, see `erase`.
        """
        drop_blanked(self._database)
        return self.erase()

    def copy_to(self, to: Path, *, progress: Callable[[int, int], None] | None = None) -> None:
        """Write a whole copy of the store to a new file, as it is at this moment.

        Writers go on meanwhile; what they write is not in the copy.

        Args:
            to: The new file; there must be none.
            progress: Called with the number of pages copied and of all.

        Raises:
            InvalidInputError: There is such a file, or it cannot be made.
            StoreError: The copy could not be written; no file is left.
        """
        with whole_file(to, "a copy at", replace=False) as part:
            copy_database(self._database, part, progress=progress)

    # -------------------------------------------------------------------------- reading

    def snapshot(self) -> AbstractContextManager[None]:
        """Let all reading calls of this thread within the block see one state of the store."""
        return self._database.snapshot()

    def get(self, ids: Sequence[str]) -> list[MemoryRow | None]:
        """The memories with these ids, in order; `None` where there is none."""
        with self._database.reading() as connection:
            found = queries.by_id(connection, ids)
        return [found.get(id_) for id_ in ids]

    def get_keys(self, keys: Iterable[int]) -> dict[int, MemoryRow]:
        """The memories with these keys, by key; those that are gone are left out."""
        with self._database.reading() as connection:
            return queries.by_key(connection, keys)

    def keys(self, ids: Sequence[str]) -> dict[str, int]:
        """The keys of these ids; those that are unknown are left out."""
        with self._database.reading() as connection:
            return queries.keys_by_id(connection, ids)

    def cue_rows(self, keys: Iterable[int]) -> dict[int, CueRow]:
        """The cues with these keys, by key; those that are gone are left out."""
        with self._database.reading() as connection:
            return queries.cues_by_key(connection, keys)

    def cues_of(self, memory_key: int) -> list[CueRow]:
        """The cues of a memory, oldest first."""
        with self._database.reading() as connection:
            return queries.cues_of(connection, memory_key)

    def mentions_of(self, memory_key: int) -> list[MentionRow]:
        """What a memory mentions."""
        with self._database.reading() as connection:
            return queries.mentions_of(connection, memory_key)

    def links_of(self, memory_key: int) -> list[LinkRow]:
        """The ties that leave a memory."""
        with self._database.reading() as connection:
            return queries.links_of(connection, memory_key)

    def find(
        self, query: Query = EVERY_MEMORY, *, limit: int | None = None, offset: int = 0
    ) -> list[MemoryRow]:
        """The memories meant, by time (`at`, else `created_at`), then key.

        Raises:
            FilterError: `query.where` cannot be understood.
        """
        with self._database.reading() as connection:
            return queries.find(connection, query, limit=limit, offset=offset)

    def find_keys(self, query: Query = EVERY_MEMORY) -> Ints:
        """The keys of the memories meant, ascending, int64 [n]."""
        with self._database.reading() as connection:
            return queries.find_keys(connection, query)

    def count(self, query: Query = EVERY_MEMORY) -> int:
        """How many memories are meant."""
        with self._database.reading() as connection:
            return queries.count(connection, query)

    def existing_digests(self, namespace: Sequence[str], digests: Sequence[str]) -> dict[str, int]:
        """Memory keys by digest, of those digests that the namespace holds already."""
        with self._database.reading() as connection:
            return queries.existing_digests(connection, namespace, digests)

    def namespaces(self, prefix: Sequence[str] = ()) -> list[NamespaceRow]:
        """The namespaces at or below a prefix, in order of their labels."""
        with self._database.reading() as connection:
            return queries.namespace_rows(connection, prefix)

    def namespace_keys(self, namespace: Sequence[str], *, prefix: bool = False) -> list[int]:
        """The keys of a namespace or, with `prefix`, of it and all below; `[]` when unknown."""
        with self._database.reading() as connection:
            return queries.namespace_keys(connection, namespace, prefix=prefix)

    def counts(self, query: Query = EVERY_MEMORY) -> Counts:
        """How much belongs to the memories meant; a link belongs to the memory that it leaves."""
        with self._database.reading() as connection:
            found = queries.counts(connection, query)
        return replace(found, bytes=self._bytes())

    def _bytes(self) -> int:
        if self.path is None:
            return 0
        files = [self.path.with_name(self.path.name + end) for end in ("", "-wal", "-shm")]
        return sum(file.stat().st_size for file in files if file.exists())

    # -------------------------------------------------------------------------- loading

    def load_cues(
        self, *, memory_keys: Ints | None = None, size: int = BATCH
    ) -> Iterator[CueBatch]:
        """All cues with their vectors, or those of some memories, in batches."""
        return loaders.cue_batches(
            self._database, dimension=self.dimension, size=size, memory_keys=memory_keys
        )

    def load_cue_texts(
        self, *, memory_keys: Ints | None = None, size: int = 1000
    ) -> Iterator[list[CueRow]]:
        """All cues with their texts, or those of some memories, in batches."""
        return loaders.cue_text_batches(self._database, size=size, memory_keys=memory_keys)

    def load_terms(
        self, *, memory_keys: Ints | None = None, size: int = BATCH
    ) -> Iterator[TermBatch]:
        """The hashed terms of all memories, or of some, in batches."""
        return loaders.term_batches(self._database, size=size, memory_keys=memory_keys)

    def load_attributes(
        self, *, memory_keys: Ints | None = None, size: int = BATCH
    ) -> Iterator[AttributeBatch]:
        """Namespace, role, session, turn, time and id of all memories, or of some, in batches."""
        return loaders.attribute_batches(self._database, size=size, memory_keys=memory_keys)

    def load_mentions(
        self, *, memory_keys: Ints | None = None, size: int = BATCH
    ) -> Iterator[list[MentionRow]]:
        """All mentions, or those of some memories, in batches."""
        return loaders.mention_batches(self._database, size=size, memory_keys=memory_keys)

    def load_links(
        self, *, memory_keys: Ints | None = None, into: bool = False, size: int = BATCH
    ) -> Iterator[list[LinkRow]]:
        """All links, or those that leave some memories (`into`: lead to them), in batches."""
        return loaders.link_batches(self._database, size=size, memory_keys=memory_keys, into=into)

    def load_strengths(
        self, *, memory_keys: Ints | None = None, size: int = BATCH
    ) -> Iterator[list[StrengthRow]]:
        """The strengths of all memories that have one, or of some, in batches."""
        if not self._weighs:  # a file of version 1 that is only read has none
            return iter(())
        return loaders.strength_batches(self._database, size=size, memory_keys=memory_keys)

    # ------------------------------------------------------------------------ following

    def version(self) -> int:
        """Number of the last change that any process made; cheap enough to ask each time."""
        return self._watch.version()

    def changes(self, since: int) -> list[Change]:
        """The changes after a version, in order; one `reload` when it is too long ago."""
        with self._database.reading() as connection:
            return changes.since(connection, since)

    # -------------------------------------------------------------------------- closing

    def close(self) -> None:
        """Close the files; a second call does nothing."""
        self._watch.close()
        self._database.close()

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._database.closed

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
