"""txtai with `hybrid=True`: BM25 and vectors, content kept beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from txtai import Embeddings

from peer_systems.base import Adapter, Place, Question, Turn, place_of
from peer_systems.embedder import embedder


class Txtai(Adapter):
    """An index that is saved at the end."""

    def start(self, *, reopen: bool) -> None:
        """Make an empty index, or load one."""
        self._index: Any = Embeddings(
            method="external",
            transform=lambda texts: embedder().documents(list(texts)),
            content=True,
            hybrid=True,
        )
        self._empty = not reopen
        if reopen:
            self._index.load(str(self.folder / "index"))
            self._index.config["transform"] = lambda texts: embedder().documents(list(texts))
            self._index.model = self._index.loadvectors()

    def add(self, turns: Sequence[Turn]) -> None:
        """Index the first session, upsert the others."""
        rows = [(turn.key, {"text": turn.line} | turn.metadata, None) for turn in turns]
        (self._index.index if self._empty else self._index.upsert)(rows)
        self._empty = False

    def ready(self) -> None:
        """Save the index; a function cannot be saved with it."""
        transform = self._index.config.pop("transform")
        self._index.save(str(self.folder / "index"))
        self._index.config["transform"] = transform

    def search(self, question: Question, k: int) -> list[Place]:
        """Search by text."""
        return [place_of(one["id"]) for one in self._index.search(question.text, k)]

    def close(self) -> None:
        """Close the index."""
        self._index.close()
