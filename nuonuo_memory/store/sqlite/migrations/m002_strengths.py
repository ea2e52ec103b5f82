"""Version 2: how much memories were of use."""

from __future__ import annotations

from sqlalchemy import Connection


def migrate(connection: Connection) -> None:
    """Add the table of strengths; no memory has one yet."""
    connection.exec_driver_sql(
        """
        CREATE TABLE strengths (
            memory_key INTEGER NOT NULL,
            uses INTEGER NOT NULL,
            used_at FLOAT,
            strength FLOAT NOT NULL,
            PRIMARY KEY (memory_key)
        )
        """
    )
