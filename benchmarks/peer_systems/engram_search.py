"""engram-search without its cross-encoder, which is a model of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engram.backends.base import Document
from engram.retrieval.embedder import Embedder
from engram.retrieval.pipeline import RetrievalPipeline

from peer_systems.base import Adapter, Place, Question, Turn, place_of


class Engram(Adapter):
    """Its pipeline of vectors and BM25 over one document for each turn."""

    keeps_files = False

    def start(self, *, reopen: bool) -> None:  # noqa: ARG002 - its pipeline takes documents
        """Make the pipeline."""
        self._embedder = Embedder("minilm")
        self._pipeline = RetrievalPipeline(embedder=self._embedder, use_reranker=False)
        self._documents: list[Any] = []

    def add(self, turns: Sequence[Turn]) -> None:
        """Make a session's documents."""
        vectors = self._embedder.encode_documents([turn.line for turn in turns])
        self._documents += [
            Document(
                id=turn.key,
                text=turn.line,
                embedding=vector.tolist(),
                metadata={"session_id": turn.session, "timestamp": turn.at[:10]},
            )
            for turn, vector in zip(turns, vectors, strict=True)
        ]

    def search(self, question: Question, k: int) -> list[Place]:
        """Search by text, with the date of the question."""
        found = self._pipeline.search(
            question.text, self._documents, top_k=k, question_date=question.asked[:10]
        )
        return [place_of(one.id) for one in found]
