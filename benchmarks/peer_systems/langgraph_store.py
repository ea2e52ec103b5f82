"""LangGraph: `InMemoryStore` with an index, on which langmem stands too."""

from __future__ import annotations

from collections.abc import Sequence

from langgraph.store.base import PutOp
from langgraph.store.memory import InMemoryStore

from peer_systems.base import Adapter, Place, Question, Turn, place_in
from peer_systems.embedder import DIMENSION, embedder


def _embed(texts: Sequence[str]) -> list[list[float]]:
    vectors: list[list[float]] = embedder().documents(list(texts)).tolist()
    return vectors


class LangGraph(Adapter):
    """One item for each turn; a session is put in one batch."""

    keeps_files = False

    def start(self, *, reopen: bool) -> None:  # noqa: ARG002 - there is nothing to reopen
        """Make an empty store."""
        self._store = InMemoryStore(index={"dims": DIMENSION, "embed": _embed, "fields": ["text"]})

    def add(self, turns: Sequence[Turn]) -> None:
        """Put a session's items."""
        self._store.batch(
            [PutOp(("turns",), turn.key, {"text": turn.line} | turn.metadata) for turn in turns]
        )

    def search(self, question: Question, k: int) -> list[Place]:
        """Search by text."""
        found = self._store.search(("turns",), query=question.text, limit=k)
        return [place_in(item.value) for item in found]
