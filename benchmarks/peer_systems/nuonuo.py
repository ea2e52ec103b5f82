"""nuonuo-memory: `observe` and `recall` with the defaults."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import datetime

import torch

from nuonuo_memory import Message, TextMemory
from nuonuo_memory.encoders.minilm import load_minilm
from peer_systems.base import Adapter, Place, Question, Turn


class _Cached:
    name = "all-MiniLM-L6-v2"
    dimension = 384

    def encode(self, texts: Sequence[str]) -> torch.Tensor:
        """Encode texts, each once for all systems."""
        from peer_systems.embedder import embedder

        return torch.from_numpy(embedder().documents(texts).copy())

    encode_queries = encode


class Nuonuo(Adapter):
    """`TextMemory`, told who speaks and when, asked with the date of the question."""

    def start(self, *, reopen: bool) -> None:  # noqa: ARG002 - a file is opened the same way
        """Open the file; its own encoder where vectors are not kept, as users have it."""
        cached = _Cached() if "PEERS_CACHE" in os.environ else None
        self._memory = TextMemory.open(self.folder / "memory.db", encoder=cached, device="cpu")

    def add(self, turns: Sequence[Turn]) -> None:
        """Observe a session."""
        messages = [Message(turn.role, turn.text, name=turn.name) for turn in turns]
        self._memory.observe(messages, session=turns[0].session, at=_moment(turns[0].at))

    def search(self, question: Question, k: int) -> list[Place]:
        """Recall turns."""
        hits = self._memory.recall(question.text, k=k, now=_moment(question.asked))
        return [(hit.memory.session or "", hit.memory.turn or 0) for hit in hits]

    def sessions(self, question: Question, k: int) -> list[str]:
        """Recall sessions."""
        hits = self._memory.recall(
            question.text, k=k, now=_moment(question.asked), group_by="session"
        )
        return [hit.memory.session or "" for hit in hits]

    @staticmethod
    def encoder() -> Callable[[str], object]:
        """Return the product's own encoder, which needs no sentence-transformers."""
        own = load_minilm(device="cpu")
        return lambda text: own.encode_queries([text])

    def close(self) -> None:
        """Close the file."""
        self._memory.close()


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
