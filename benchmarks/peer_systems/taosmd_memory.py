"""taosmd: its vector memory with a local model."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from taosmd.vector_memory import VectorMemory

from peer_systems.base import Adapter, Place, Question, Turn, place_of


class Taosmd(Adapter):
    """One entry for each turn."""

    def start(self, *, reopen: bool) -> None:  # noqa: ARG002 - a file is opened the same way
        """Open the file."""
        self._loop = asyncio.new_event_loop()
        self._memory: Any = VectorMemory(str(self.folder / "memory.db"), embed_mode="local")
        self._loop.run_until_complete(self._memory.init())

    def add(self, turns: Sequence[Turn]) -> None:
        """Add a session's turns."""
        for turn in turns:
            about = {"key": turn.key, "at": turn.at}
            self._loop.run_until_complete(self._memory.add(turn.line, metadata=about))

    def search(self, question: Question, k: int) -> list[Place]:
        """Search by text."""
        found = self._loop.run_until_complete(self._memory.search(question.text, limit=k))
        about = [one.get("metadata") for one in found]
        kept = [json.loads(one) if isinstance(one, str) else one for one in about]
        return [place_of(one["key"]) for one in kept]

    def close(self) -> None:
        """Close the loop."""
        self._loop.close()
