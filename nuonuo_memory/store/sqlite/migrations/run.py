"""Bringing a file of an older version up to date, one step and one transaction at a time."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final, NamedTuple

from sqlalchemy import Connection, update

from nuonuo_memory.store.sqlite import schema
from nuonuo_memory.store.sqlite.connect import Database
from nuonuo_memory.store.sqlite.migrations import m002_strengths

_log = logging.getLogger(__name__)


class Step(NamedTuple):
    """What brings a file to `version` from the version before it."""

    version: int
    migrate: Callable[[Connection], None]


STEPS: Final = (Step(2, m002_strengths.migrate),)
"""Every step, in order; the last one's version is `schema.SCHEMA_VERSION`."""


def version_of(connection: Connection) -> int:
    """Return the schema version of a file."""
    return int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())


def migrate(database: Database) -> None:
    """Take every step that a file still lacks.

    Raises:
        StoreError: The file cannot be written to; it has the version of the last whole step.
    """
    for step in STEPS:
        with database.writing() as connection:
            before = version_of(connection)
            if before >= step.version:  # taken already, perhaps by another process just now
                continue
            step.migrate(connection)
            _record(connection, step.version)
        _log.info("migrated %s from schema version %d to %d", database.name, before, step.version)


def _record(connection: Connection, version: int) -> None:
    connection.execute(
        update(schema.meta).where(schema.meta.c.name == "schema_version").values(value=str(version))
    )
    connection.exec_driver_sql(f"PRAGMA user_version={version}")
