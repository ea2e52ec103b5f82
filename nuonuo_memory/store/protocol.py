"""What the rest of the library asks of a store, whichever database holds the records.

`Store` is the reading side and opens transactions; `Transaction` is what can be done within
`Store.write()`. `nuonuo_memory.store.sqlite.store.Store` implements both for one SQLite file, and
`nuonuo_memory.store.factory` is the one place that chooses an implementation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Protocol, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

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
    TermRow,
)

VectorBatches: TypeAlias = Iterable[tuple[Ints, NDArray[np.floating[Any]]]]
"""Cue keys [n] and vectors [n, dimension], batch by batch."""


class Transaction(Protocol):
    """One write: everything in it is stored when the block ends, or nothing on an error."""

    def add_memories(self, rows: Sequence[MemoryRow]) -> list[int]:
        """Store memories; returns their keys, in order.

        Raises:
            DuplicateIdError: An id is taken, or a digest is in its namespace already.
            NamespaceError: A namespace is not allowed.
            InvalidInputError: Metadata that JSON cannot hold.
        """

    def add_cues(self, rows: Sequence[CueRow], vectors: NDArray[np.floating[Any]]) -> list[int]:
        """Store cues with their vectors [n, dimension]; returns their keys, in order.

        Raises:
            VectorError: The vectors do not fit.
            NotFoundError: A memory does not exist.
        """

    def add_mentions(self, rows: Sequence[MentionRow]) -> list[int]:
        """Store what memories mention; returns the keys, in order."""

    def add_links(self, rows: Sequence[LinkRow]) -> list[int]:
        """Store links between memories; returns their keys, in order."""

    def set_terms(self, rows: Sequence[TermRow]) -> None:
        """Store the hashed terms of memories, in place of any that they had."""

    def set_strengths(self, rows: Sequence[StrengthRow]) -> None:
        """Store strengths, in place of those that the memories had."""

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

    def delete_memories(self, keys: Iterable[int]) -> list[int]:
        """Remove memories and all that depends on them; returns the keys of those there were."""

    def delete_cues(self, memory_keys: Iterable[int], *, kinds: Sequence[str] | None = None) -> int:
        """Remove the cues of memories, all or those of some kinds; returns their number."""

    def delete_mentions(self, memory_keys: Iterable[int]) -> int:
        """Remove what memories mention; returns the number of mentions."""

    def delete_links(
        self,
        source_keys: Iterable[int],
        *,
        target_key: int | None = None,
        kinds: Sequence[str] | None = None,
    ) -> int:
        """Remove the links that leave memories: all, those to one memory, or of some kinds."""


EVERY_MEMORY: Final = Query()
"""The query that leaves nothing out."""

BATCH: Final = 20_000
"""Rows read at once: 15 MB of vectors of 384 dimensions."""


class Store(Protocol):
    """Durable records; usable from several threads. A write that returned is on the disk.

    Texts and metadata come checked: they hold no NUL and no surrogate, see
    `nuonuo_memory.inputs`. `Query()` means every memory. A reading call outside `write` sees one
    consistent state; within `write`, it sees what the transaction has written so far.
    """

    @property
    def path(self) -> Path | None:
        """The file, or `None` where the store is not one file."""

    @property
    def encoder_name(self) -> str:
        """Name of the encoder that the vectors come from."""

    @property
    def dimension(self) -> int:
        """Size of the vectors."""

    @property
    def calibration(self) -> float:
        """How the store's evidence reads, in log-odds; 0 where it was not measured."""

    @property
    def read_only(self) -> bool:
        """Whether writes are refused."""

    @property
    def erasure_pending(self) -> bool:
        """Whether forgotten bytes may still be readable in a file; `erase` tries again."""

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""

    # -------------------------------------------------------------------------- writing

    def write(self) -> AbstractContextManager[Transaction]:
        """Begin a transaction: all of it is on the disk when the block ends, or nothing.

        Raises:
            ReadOnlyStoreError: The store was opened to read only, or cannot be written to.
            StoreFullError: The disk is full.
            StoreBusyError: Another process kept it locked.
            ClosedError: The store was closed.
        """

    def replace_vectors(self, batches: VectorBatches, *, encoder_name: str, dimension: int) -> int:
        """Give every cue a vector of another encoder, in one write; returns their number.

        Args:
            batches: Every cue exactly once; it may read the texts from `load_cue_texts` as it
                goes, nothing comes in between.
            encoder_name: The encoder that the vectors come from.
            dimension: Their size.

        Raises:
            InvalidInputError: Some cues got no vector; nothing was changed.
            VectorError: The vectors do not fit; nothing was changed.
        """

    def set_calibration(self, offset: float) -> None:
        """Keep how the store's evidence reads; other processes see it when they open the store."""

    def erase(self, *, patience: float = 1.0) -> bool:
        """Make sure that nothing forgotten is left in any file; returns whether that is done.

        Args:
            patience: Seconds to wait for readers in other processes and threads.
        """

    def compact(self) -> bool:
        """Give the room of what was forgotten back to the disk; returns whether that is done."""

    def copy_to(self, to: Path, *, progress: Callable[[int, int], None] | None = None) -> None:
        """Write a whole copy of the store to a new file, consistent while others write.

        Args:
            to: The new file; there must be none.
            progress: Called with the amount copied and of all.

        Raises:
            InvalidInputError: There is such a file, or its folder does not exist.
            StoreError: The copy could not be written; no file is left.
        """

    # -------------------------------------------------------------------------- reading

    def snapshot(self) -> AbstractContextManager[None]:
        """Let all reading calls of this thread within the block see one state of the store.

        `version` is not held back; a write within the block is an error.
        """

    def get(self, ids: Sequence[str]) -> list[MemoryRow | None]:
        """Return the memories with these ids, in order; `None` where there is none."""

    def get_keys(self, keys: Iterable[int]) -> dict[int, MemoryRow]:
        """Return the memories with these keys, by key; those that are gone are left out."""

    def keys(self, ids: Sequence[str]) -> dict[str, int]:
        """Return the keys of these ids; those that are unknown are left out."""

    def cue_rows(self, keys: Iterable[int]) -> dict[int, CueRow]:
        """Return the cues with these keys, by key; those that are gone are left out."""

    def cues_of(self, memory_key: int) -> list[CueRow]:
        """Return the cues of a memory, oldest first."""

    def mentions_of(self, memory_key: int) -> list[MentionRow]:
        """Return what a memory mentions."""

    def links_of(self, memory_key: int) -> list[LinkRow]:
        """Return the links that leave a memory."""

    def find(
        self, query: Query = EVERY_MEMORY, *, limit: int | None = None, offset: int = 0
    ) -> list[MemoryRow]:
        """Return the memories meant, by time (`at`, else `created_at`), then key.

        Raises:
            FilterError: `query.where` cannot be understood.
        """

    def find_keys(self, query: Query = EVERY_MEMORY) -> Ints:
        """Return the keys of the memories meant, ascending, int64 [n]."""

    def count(self, query: Query = EVERY_MEMORY) -> int:
        """Return how many memories are meant."""

    def counts(self, query: Query = EVERY_MEMORY) -> Counts:
        """Return how much belongs to the memories meant: cues, links, mentions, namespaces.

        A link belongs to the memory that it leaves.
        """

    def existing_digests(self, namespace: Sequence[str], digests: Sequence[str]) -> dict[str, int]:
        """Return memory keys by digest, of those digests that the namespace holds already."""

    def namespaces(self, prefix: Sequence[str] = ()) -> list[NamespaceRow]:
        """Return the namespaces at or below a prefix, in order of their labels."""

    def namespace_keys(self, namespace: Sequence[str], *, prefix: bool = False) -> list[int]:
        """Return the keys of a namespace or, with `prefix`, of it and all below."""

    # -------------------------------------------------------------------------- loading

    def load_cues(
        self, *, memory_keys: Ints | None = None, size: int = BATCH
    ) -> Iterator[CueBatch]:
        """Yield all cues with their vectors, or those of some memories."""

    def load_cue_texts(
        self, *, memory_keys: Ints | None = None, size: int = 1000
    ) -> Iterator[list[CueRow]]:
        """Yield all cues with their texts, or those of some memories."""

    def load_terms(
        self, *, memory_keys: Ints | None = None, size: int = BATCH
    ) -> Iterator[TermBatch]:
        """Yield the hashed terms of all memories, or of some."""

    def load_attributes(
        self, *, memory_keys: Ints | None = None, size: int = BATCH
    ) -> Iterator[AttributeBatch]:
        """Yield namespace, role, session, turn, time and id of all memories, or of some."""

    def load_mentions(
        self, *, memory_keys: Ints | None = None, size: int = BATCH
    ) -> Iterator[list[MentionRow]]:
        """Yield all mentions, or those of some memories."""

    def load_links(
        self, *, memory_keys: Ints | None = None, into: bool = False, size: int = BATCH
    ) -> Iterator[list[LinkRow]]:
        """Yield all links, or those that leave some memories (`into`: lead to them)."""

    def load_strengths(
        self, *, memory_keys: Ints | None = None, size: int = BATCH
    ) -> Iterator[list[StrengthRow]]:
        """Yield the strengths of all memories that have one, or of some."""

    # ------------------------------------------------------------------------ following

    def version(self) -> int:
        """Return the number of the last change of any process; cheap enough to ask each time."""

    def changes(self, since: int) -> list[Change]:
        """Return the changes after a version, in order; one `reload` when it is too long ago."""

    # -------------------------------------------------------------------------- closing

    def close(self) -> None:
        """Close the files; a second call does nothing."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
