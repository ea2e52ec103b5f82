"""Chroma: a persistent collection with cosine distance, queried by text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import chromadb
from chromadb.config import Settings

from peer_systems.base import Adapter, Place, Question, Turn, place_in
from peer_systems.embedder import embedder


class _Function(chromadb.EmbeddingFunction[Any]):
    def __init__(self) -> None:
        pass

    def __call__(self, input: Any) -> Any:  # noqa: A002 - Chroma's name
        return list(embedder().documents(list(input)))

    @staticmethod
    def name() -> str:
        """Chroma keeps the name beside the collection."""
        return "minilm-from-wheel"

    def get_config(self) -> dict[str, Any]:
        """Nothing to keep."""
        return {}

    @staticmethod
    def build_from_config(config: dict[str, Any]) -> _Function:  # noqa: ARG004
        """Make it again."""
        return _Function()


class Chroma(Adapter):
    """One document for each turn."""

    def start(self, *, reopen: bool) -> None:  # noqa: ARG002 - a folder is opened the same way
        """Open the folder."""
        client = chromadb.PersistentClient(
            str(self.folder), settings=Settings(anonymized_telemetry=False)
        )
        self._turns = client.get_or_create_collection(
            "turns", embedding_function=_Function(), metadata={"hnsw:space": "cosine"}
        )

    def add(self, turns: Sequence[Turn]) -> None:
        """Add a session's documents."""
        self._turns.add(
            ids=[turn.key for turn in turns],
            documents=[turn.line for turn in turns],
            metadatas=[turn.metadata for turn in turns],
        )

    def search(self, question: Question, k: int) -> list[Place]:
        """Query by text."""
        found = self._turns.query(query_texts=[question.text], n_results=k)
        return [place_in(dict(one)) for one in (found["metadatas"] or [[]])[0]]
