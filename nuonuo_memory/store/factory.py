"""Opening a store: the one place that knows which databases there are."""

from __future__ import annotations

import os

from nuonuo_memory.store.protocol import Store
from nuonuo_memory.store.sqlite.store import Store as SqliteStore


def open_store(
    path: str | os.PathLike[str] | None,
    *,
    encoder_name: str | None = None,
    dimension: int | None = None,
    read_only: bool = False,
    timeout: float = 5.0,
) -> Store:
    """Open a store, or make one where there is none.

    Args:
        path: The file, or `None` for a store in memory.
        encoder_name: Checked against the one stored; `None` takes what is stored.
        dimension: Checked likewise.
        read_only: Write nothing, and refuse to.
        timeout: Seconds to wait for another process's write.

    Raises:
        StoreError: The store cannot be opened; its subclasses say why.
        InvalidInputError: The path is none, or a new store lacks the encoder's name and dimension.
    """
    return SqliteStore.open(
        path,
        encoder_name=encoder_name,
        dimension=dimension,
        read_only=read_only,
        timeout=timeout,
    )
