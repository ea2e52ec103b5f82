"""What goes into the store and what comes out: records and batches of arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Ints: TypeAlias = NDArray[np.int64]
Op: TypeAlias = Literal["add", "update", "delete", "cues", "links", "strengths", "reload"]


@dataclass(frozen=True, slots=True)
class MemoryRow:
    """One memory.

    Attributes:
        id: The public id, unique in the store.
        namespace: Whose memory it is.
        text: The target.
        metadata: JSON values by name.
        role: Who said it.
        session: The conversation it belongs to.
        turn: Its place in the session, from 0.
        at: When it was said, in seconds since 1970 (UTC).
        digest: What makes it the same message as another; unique in its namespace.
        created_at: When it was stored; 0 in a row to add means now.
        updated_at: When its text or metadata last changed; 0 in a row to add means now.
        key: Given by the store; ignored in a row to add.
        namespace_key: Given by the store; ignored in a row to add.
    """

    id: str
    namespace: tuple[str, ...]
    text: str
    metadata: Mapping[str, Any] = field(default_factory=dict)
    role: str | None = None
    session: str | None = None
    turn: int | None = None
    at: float | None = None
    digest: str | None = None
    created_at: float = 0.0
    updated_at: float = 0.0
    key: int = 0
    namespace_key: int = 0


@dataclass(frozen=True, slots=True)
class CueRow:
    """One cue without its vector; `key` is given by the store."""

    memory_key: int
    kind: str
    text: str
    key: int = 0


@dataclass(frozen=True, slots=True)
class TermRow:
    """The hashed terms of one memory: ids [n] int64 and counts [n] int32."""

    memory_key: int
    ids: Ints
    counts: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class MentionRow:
    """A name (or another thing) that a memory speaks of.

    Attributes:
        name: Its normal form, by which memories are tied.
        kind: `about` when the memory is about it, else `mention`.
        weight: How surely, in (0, 1].
        text: As written, for people to read.
    """

    memory_key: int
    name: str
    kind: str = "mention"
    weight: float = 1.0
    text: str = ""
    key: int = 0


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A directed tie from one memory to another."""

    source_key: int
    target_key: int
    kind: str = "user"
    label: str = ""
    weight: float = 1.0
    key: int = 0


@dataclass(frozen=True, slots=True)
class StrengthRow:
    """How much a memory was of use.

    Attributes:
        uses: How often.
        used_at: When last, in seconds since 1970 (UTC).
        strength: What consolidation made of it; 1 before the first pass.
    """

    memory_key: int
    uses: int = 0
    used_at: float | None = None
    strength: float = 1.0


@dataclass(frozen=True, slots=True)
class NamespaceRow:
    """A namespace and how many memories it holds."""

    key: int
    path: tuple[str, ...]
    memories: int


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the change log.

    Attributes:
        seq: Its number; they grow, with gaps.
        op: `add` (the memory with all its cues, terms, mentions and links), `update` (the same,
            read it anew), `cues` (cues came or went), `links` (its own links came or went),
            `delete`, `strengths` (of any memories: read them all anew), or `reload`: drop what you
            know and load everything.
        memory_key: The memory, 0 for `strengths` and `reload`.
        namespace_key: Its namespace, 0 likewise.
    """

    seq: int
    op: Op
    memory_key: int
    namespace_key: int


@dataclass(frozen=True, slots=True)
class CueBatch:
    """Cues in order of key: three int64 arrays [n] and their vectors [n, d] float16."""

    keys: Ints
    memory_keys: Ints
    namespace_keys: Ints
    vectors: NDArray[np.float16]


@dataclass(frozen=True, slots=True)
class TermBatch:
    """Terms of n memories; those of memory i are `[pointers[i]:pointers[i + 1]]`.

    Attributes:
        memory_keys: [n] int64.
        namespace_keys: [n] int64.
        pointers: [n + 1] int64.
        ids: [nnz] int64.
        counts: [nnz] int32.
    """

    memory_keys: Ints
    namespace_keys: Ints
    pointers: Ints
    ids: Ints
    counts: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class AttributeBatch:
    """What ranking needs to know of n memories, in order of key.

    Attributes:
        keys: [n] int64.
        namespace_keys: [n] int64.
        turns: [n] int64, -1 where there is none.
        at: [n] float64 seconds since 1970 (UTC), NaN where there is none.
        roles: n strings or `None`.
        sessions: n strings or `None`.
        ids: n strings.
    """

    keys: Ints
    namespace_keys: Ints
    turns: Ints
    at: NDArray[np.float64]
    roles: tuple[str | None, ...]
    sessions: tuple[str | None, ...]
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """Which memories are meant; every condition must hold.

    Attributes:
        namespace: Theirs; `None` is any.
        prefix: Include all namespaces below it.
        where: A filter on metadata, see `nuonuo_memory.store.where`.
        since: Earliest time, inclusive: `at`, or `created_at` where there is none.
        until: Latest time, inclusive.
        session: The conversation they belong to.
    """

    namespace: tuple[str, ...] | None = None
    prefix: bool = False
    where: Mapping[str, Any] | None = None
    since: float | None = None
    until: float | None = None
    session: str | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """How much the store holds; `cues_by_kind` maps a cue's kind to its number."""

    memories: int
    cues: int
    links: int
    mentions: int
    namespaces: int
    cues_by_kind: Mapping[str, int]
    bytes: int
