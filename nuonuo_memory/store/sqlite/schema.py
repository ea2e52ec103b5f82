"""The tables of the durable store, in SQLAlchemy Core.

Keys are int64 and given out by `counters`, in the transaction that uses them, so a key is never
used twice, not even after its row is gone. Times are seconds since 1970 in UTC. Vectors are
little-endian float16, hashed terms little-endian int64 with int32 counts.

What a person may want forgotten is kept apart from what ties the rows together, because a B-tree
copies rows from page to page as it deletes and splits, and leaves bytes of them in the gaps.
`SENSITIVE` tables are therefore only ever appended to, which moves nothing, and forgetting
overwrites a row where it lies with as many zeros (`nuonuo_memory.store.sqlite.blanking`). All other
tables and all indexes hold keys, numbers, kinds and hashes alone.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

SCHEMA_VERSION: Final = 2
"""Written to `meta` and to SQLite's `user_version`; a higher one is refused."""

APPLICATION_ID: Final = 0x6E756F32
"""SQLite's `application_id` of our files (`nuo2` in ASCII)."""

FORMAT: Final = "nuonuo-memory"
"""Value of `meta.format`, for databases that have no application id."""

metadata: MetaData = MetaData()

_Key = BigInteger().with_variant(Integer, "sqlite")


def _key() -> Column[int]:
    return Column("key", _Key, primary_key=True, autoincrement=False)


def _live() -> Column[bool]:
    # 0 and 1 take the same room in SQLite's records, so clearing it moves nothing.
    return Column("live", Boolean, nullable=False)


meta: Table = Table(
    "meta",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

counters: Table = Table(
    "counters",
    metadata,
    Column("name", Text, primary_key=True),
    Column("last", _Key, nullable=False),
)

namespaces: Table = Table(
    "namespaces",
    metadata,
    _key(),
    _live(),
    Column("path", Text, nullable=False),  # see `paths.encode`
)

ancestors: Table = Table(
    "ancestors",
    metadata,
    # Of a namespace and of each one above it, so that all below one are found by an index.
    Column("hash", _Key, primary_key=True, autoincrement=False),
    Column(
        "namespace_key",
        _Key,
        ForeignKey("namespaces.key"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("itself", Boolean, nullable=False),
    Index("ancestors_namespace", "namespace_key"),
)

memories: Table = Table(
    "memories",
    metadata,
    _key(),
    Column("namespace_key", _Key, ForeignKey("namespaces.key"), nullable=False),
    Column("content_key", _Key, nullable=False),
    Column("id_hash", LargeBinary, nullable=False, unique=True),
    Column("digest_hash", LargeBinary),
    Column("session_hash", _Key),
    Column("turn", Integer),
    Column("at", Float),
    Column("created_at", Float, nullable=False),
    Column("updated_at", Float, nullable=False),
    UniqueConstraint("namespace_key", "digest_hash", name="memories_digest"),
    Index("memories_session", "namespace_key", "session_hash"),
)

contents: Table = Table(
    "contents",
    metadata,
    _key(),
    Column("id", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("role", Text),
    Column("session", Text),
    Column("digest", Text),
    Column("metadata", JSON(none_as_null=True), nullable=False),
)

cues: Table = Table(
    "cues",
    metadata,
    _key(),
    Column("memory_key", _Key, nullable=False),
    _live(),
    Column("kind", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("vector", LargeBinary, nullable=False),
    Index("cues_memory", "memory_key"),
)

terms: Table = Table(
    "terms",
    metadata,
    _key(),
    Column("memory_key", _Key, nullable=False),
    _live(),
    Column("ids", LargeBinary, nullable=False),
    Column("counts", LargeBinary, nullable=False),
    Index("terms_memory", "memory_key"),
)

mentions: Table = Table(
    "mentions",
    metadata,
    _key(),
    Column("memory_key", _Key, nullable=False),
    _live(),
    Column("name", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("weight", Float, nullable=False),
    Index("mentions_memory", "memory_key"),
)

links: Table = Table(
    "links",
    metadata,
    _key(),
    Column("source_key", _Key, nullable=False),
    Column("target_key", _Key, nullable=False),
    _live(),
    Column("kind", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("weight", Float, nullable=False),
    Index("links_source", "source_key"),
    Index("links_target", "target_key"),
)

strengths: Table = Table(
    "strengths",
    metadata,
    # Only of memories that were of use, or that a pass of consolidation has weighed.
    Column("memory_key", _Key, primary_key=True, autoincrement=False),
    Column("uses", _Key, nullable=False),
    Column("used_at", Float),
    Column("strength", Float, nullable=False),
)

changes: Table = Table(
    "changes",
    metadata,
    Column("seq", _Key, primary_key=True, autoincrement=False),
    Column("op", Text, nullable=False),
    Column("memory_key", _Key, nullable=False),
    Column("namespace_key", _Key, nullable=False),
)

SENSITIVE: Final[dict[Table, tuple[str, ...]]] = {
    contents: ("id", "text", "role", "session", "digest", "metadata"),
    namespaces: ("path",),
    cues: ("text", "vector"),
    terms: ("ids", "counts"),
    mentions: ("name", "text"),
    links: ("label",),
}
"""The tables that are only appended to, and their columns that forgetting overwrites."""

BLANKED: Final = "blanked"
"""The counter of rows that were overwritten since the file was last compacted."""

VACUUM_DUE: Final = "vacuum_due"
"""The counter that is 1 between dropping overwritten rows and rewriting the file."""

COUNTERS: Final = (
    *("namespaces", "memories", "contents", "cues", "terms", "mentions", "links", "changes"),
    BLANKED,
    VACUUM_DUE,
)
