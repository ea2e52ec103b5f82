"""The tables of the durable store, in SQLAlchemy Core.

Keys are int64 and given out by `counters`, in the transaction that uses them, so a key is never
used twice, not even after its row is gone. Times are seconds since 1970 in UTC. Vectors are
little-endian float16, hashed terms little-endian int64 with int32 counts.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    JSON,
    BigInteger,
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

SCHEMA_VERSION: Final = 1
"""Written to `meta` and to SQLite's `user_version`; a higher one is refused."""

APPLICATION_ID: Final = 0x6E756F32
"""SQLite's `application_id` of our files (`nuo2` in ASCII)."""

FORMAT: Final = "nuonuo-memory"
"""Value of `meta.format`, for databases that have no application id."""

COUNTERS: Final = ("namespaces", "memories", "cues", "mentions", "links", "changes")

metadata = MetaData()

_Key = BigInteger().with_variant(Integer, "sqlite")


def _key() -> Column[int]:
    return Column("key", _Key, primary_key=True, autoincrement=False)


def _memory_key(name: str = "memory_key") -> Column[int]:
    return Column(name, _Key, ForeignKey("memories.key", ondelete="CASCADE"), nullable=False)


meta = Table(
    "meta",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

counters = Table(
    "counters",
    metadata,
    Column("name", Text, primary_key=True),
    Column("last", _Key, nullable=False),
)

namespaces = Table(
    "namespaces",
    metadata,
    _key(),
    # See `paths.encode`: everything below a namespace is one range of this index.
    Column("path", Text, nullable=False, unique=True),
)

memories = Table(
    "memories",
    metadata,
    _key(),
    Column("id", Text, nullable=False, unique=True),
    Column("namespace_key", _Key, ForeignKey("namespaces.key"), nullable=False),
    Column("text", Text, nullable=False),
    Column("role", Text),
    Column("session", Text),
    Column("turn", Integer),
    Column("at", Float),
    Column("metadata", JSON(none_as_null=True), nullable=False),
    Column("digest", Text),
    Column("created_at", Float, nullable=False),
    Column("updated_at", Float, nullable=False),
    UniqueConstraint("namespace_key", "digest", name="memories_digest"),
    Index("memories_session", "namespace_key", "session", "turn"),
)

cues = Table(
    "cues",
    metadata,
    _key(),
    _memory_key(),
    Column("kind", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("vector", LargeBinary, nullable=False),
    Index("cues_memory", "memory_key"),
)

terms = Table(
    "terms",
    metadata,
    Column(
        "memory_key",
        _Key,
        ForeignKey("memories.key", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("ids", LargeBinary, nullable=False),
    Column("counts", LargeBinary, nullable=False),
)

mentions = Table(
    "mentions",
    metadata,
    _key(),
    _memory_key(),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("weight", Float, nullable=False),
    Index("mentions_memory", "memory_key"),
)

links = Table(
    "links",
    metadata,
    _key(),
    _memory_key("source_key"),
    _memory_key("target_key"),
    Column("kind", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("weight", Float, nullable=False),
    Index("links_source", "source_key"),
    Index("links_target", "target_key"),
)

changes = Table(
    "changes",
    metadata,
    Column("seq", _Key, primary_key=True, autoincrement=False),
    Column("op", Text, nullable=False),
    # No foreign keys: the log outlives what it speaks of.
    Column("memory_key", _Key, nullable=False),
    Column("namespace_key", _Key, nullable=False),
)
