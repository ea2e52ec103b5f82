"""Whose file is it: marking a new store, and recognising one when it is opened."""

from __future__ import annotations

import time
from pathlib import Path

from sqlalchemy import Connection, delete, insert, select, update

from nuonuo_memory.errors import (
    EncoderMismatchError,
    InvalidInputError,
    NotAStoreError,
    SchemaVersionError,
)
from nuonuo_memory.store.sqlite import schema


def is_empty(connection: Connection) -> bool:
    """Whether the database holds nothing at all, so that it may become a store."""
    tables = connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one()
    application = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
    return bool(tables == 0 and application == 0)


def initialise(connection: Connection, *, encoder_name: str, dimension: int) -> None:
    """Make the tables and say whose they are."""
    schema.metadata.create_all(connection)
    connection.execute(insert(schema.counters), [{"name": n, "last": 0} for n in schema.COUNTERS])
    values = {
        "format": schema.FORMAT,
        "schema_version": str(schema.SCHEMA_VERSION),
        "encoder_name": encoder_name,
        "dimension": str(dimension),
        "created_at": repr(time.time()),
    }
    connection.execute(
        insert(schema.meta), [{"name": name, "value": value} for name, value in values.items()]
    )
    connection.exec_driver_sql(f"PRAGMA application_id={schema.APPLICATION_ID}")
    connection.exec_driver_sql(f"PRAGMA user_version={schema.SCHEMA_VERSION}")


def check_size(connection: Connection, path: Path) -> None:
    """Refuse a file that ends within a page, which SQLite itself would fill up with zeros.

    Raises:
        NotAStoreError: The file was cut.
    """
    page = int(connection.exec_driver_sql("PRAGMA page_size").scalar_one())
    size = path.stat().st_size
    if size % page:
        raise NotAStoreError(
            f"the store at {path} is damaged (expected whole pages of {page} bytes, got {size} "
            "bytes); restore it from a copy"
        )


def recognise(connection: Connection, path: str) -> dict[str, str]:
    """The values of `meta`, once the file has shown to be a store that this version reads.

    Raises:
        NotAStoreError: The database is another application's, or lost its marks.
        SchemaVersionError: A newer version wrote it.
    """
    application = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
    if application != schema.APPLICATION_ID:
        raise NotAStoreError(
            f"expected a nuonuo-memory store at {path} (application id "
            f"{schema.APPLICATION_ID:#x}), got another SQLite database ({application:#x}); "
            "give the path of another file"
        )
    version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
    if version > schema.SCHEMA_VERSION:
        raise SchemaVersionError(
            f"expected schema version {schema.SCHEMA_VERSION} or older in {path}, got {version}; "
            "upgrade nuonuo-memory"
        )
    values = {row.name: row.value for row in connection.execute(select(schema.meta))}
    if values.get("format") != schema.FORMAT or not {"encoder_name", "dimension"} <= set(values):
        raise NotAStoreError(
            f"the store at {path} is damaged (its marks are missing); restore it from a copy"
        )
    return values


def check_encoder(
    values: dict[str, str], path: str, *, encoder_name: str | None, dimension: int | None
) -> None:
    """Refuse an encoder whose vectors cannot be compared with those stored.

    Raises:
        EncoderMismatchError: Name or dimension differ.
    """
    stored = (values["encoder_name"], int(values["dimension"]))
    given = (
        stored[0] if encoder_name is None else encoder_name,
        stored[1] if dimension is None else dimension,
    )
    if given != stored:
        raise EncoderMismatchError(
            f"the vectors in {path} come from the encoder {stored[0]!r} ({stored[1]} dimensions), "
            f"got {given[0]!r} ({given[1]} dimensions); open it with that encoder, or "
            "compute them anew with TextMemory.reencode(path, encoder) or `nuonuo reencode`"
        )


def check_new(encoder_name: str | None, dimension: int | None, path: str) -> tuple[str, int]:
    """Name and dimension for a new store.

    Raises:
        InvalidInputError: One of them is missing or makes no sense.
    """
    if not encoder_name or dimension is None or dimension < 1:
        raise InvalidInputError(
            f"expected the encoder's name and dimension for the new store at {path}, got "
            f"{encoder_name!r} and {dimension!r}"
        )
    return encoder_name, dimension


def set_encoder(connection: Connection, *, encoder_name: str, dimension: int) -> None:
    """Record which encoder the vectors come from; what was measured with another is void."""
    set_calibration(connection, None)
    for name, value in (("encoder_name", encoder_name), ("dimension", str(dimension))):
        connection.execute(
            update(schema.meta).where(schema.meta.c.name == name).values(value=value)
        )


def set_calibration(connection: Connection, offset: float | None) -> None:
    """Record how the store's evidence reads, or with `None` that nobody knows."""
    connection.execute(delete(schema.meta).where(schema.meta.c.name == "calibration"))
    if offset is not None:
        connection.execute(
            insert(schema.meta), [{"name": "calibration", "value": repr(float(offset))}]
        )
