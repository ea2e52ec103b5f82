"""A memory that is open: its parts, whose they are, and how they are closed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from types import TracebackType
from typing import Self, Unpack

from nuonuo_memory import inputs
from nuonuo_memory.encoders.base import Encoder
from nuonuo_memory.errors import NotFoundError
from nuonuo_memory.opening import open_core
from nuonuo_memory.options import OpenOptions
from nuonuo_memory.recall.pipeline import Recalling
from nuonuo_memory.store.rows import MemoryRow
from nuonuo_memory.text.augment import as_augmenter
from nuonuo_memory.types import Namespace
from nuonuo_memory.write.paraphrase import Paraphrasing
from nuonuo_memory.write.writer import Writing


class Opened:
    """Opens a store, holds the parts that work on it, and closes them."""

    def __init__(self, path: str | os.PathLike[str] | None, options: OpenOptions) -> None:
        given = options.get("augmenter")
        augmenter = None if given is None else as_augmenter(given)
        self._core = open_core(path, options)
        self._writing = Writing(self._core)
        self._recalling = Recalling(self._core)
        self._paraphrasing = None if augmenter is None else Paraphrasing(augmenter, self._writing)

    @classmethod
    def open(cls, path: str | os.PathLike[str], **options: Unpack[OpenOptions]) -> Self:
        """Open the memory kept in a file, or make one there; its folder must exist.

        Raises:
            StoreError: The file cannot be opened; its subclasses say why and what to do.
            InvalidInputError: An option's value is not allowed.
        """
        return cls(path, options)

    @classmethod
    def in_memory(cls, **options: Unpack[OpenOptions]) -> Self:
        """Make a memory that lasts as long as the object and leaves nothing on disk."""
        return cls(None, options)

    @property
    def encoder(self) -> Encoder:
        """What turns texts into vectors."""
        return self._core.encoder

    @property
    def namespace(self) -> Namespace:
        """Where calls that name no namespace remember and recall."""
        return self._core.namespace

    @property
    def path(self) -> str | None:
        """The file, or `None` in memory."""
        path = self._core.store.path
        return None if path is None else str(path)

    def flush(self) -> None:
        """Wait until the paraphrases asked for are stored."""
        if self._paraphrasing is not None:
            self._paraphrasing.flush()

    def close(self) -> None:
        """Finish what is under way and close the file; a second call does nothing."""
        if self._core.store.closed:
            return
        try:
            if self._paraphrasing is not None:
                self._paraphrasing.close()
        finally:
            self._core.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _row(self, id_: str) -> MemoryRow:
        self._core.require_open()
        row = self._core.store.get(inputs.ids_of(id_))[0]
        if row is None:
            raise NotFoundError(
                f"expected the id of a memory, got {id_!r}, which none has; it may have been "
                "forgotten"
            )
        return row

    def _key(self, id_: str) -> int:
        return self._row(id_).key

    def _paraphrase(self, rows: Sequence[MemoryRow]) -> None:
        if self._paraphrasing is not None:
            self._paraphrasing.add(rows)
