"""dory-memory without a model: words that seed a graph, and activation that spreads over it.

Its vectors come from Ollama, a server, and are left out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from dory import DoryMemory, activation

from peer_systems.base import Adapter, Place, Question, Turn, place_of


class Dory(Adapter):
    """One node for each turn; their ids are kept beside it."""

    @staticmethod
    def encoder() -> Callable[[str], object]:
        """Return nothing to time: a question is words."""
        return len

    def start(self, *, reopen: bool) -> None:
        """Open the file."""
        self._memory: Any = DoryMemory(db_path=str(self.folder / "memory.db"))
        ids = self.folder / "ids.json"
        self._keys: dict[str, str] = json.loads(ids.read_text()) if reopen else {}

    def add(self, turns: Sequence[Turn]) -> None:
        """Observe a session's turns."""
        for turn in turns:
            self._keys[self._memory.observe(turn.line, node_type="EVENT")] = turn.key

    def ready(self) -> None:
        """Write the ids."""
        (self.folder / "ids.json").write_text(json.dumps(self._keys))

    def search(self, question: Question, k: int) -> list[Place]:
        """Take what the words find, then what activation reaches."""
        graph = self._memory.graph
        seeds = activation.find_seeds(question.text, graph)
        reached = activation.spread(seeds, graph)
        rest = sorted(set(reached) - set(seeds), key=lambda node: -reached[node])
        return [place_of(self._keys[node]) for node in [*seeds, *rest] if node in self._keys][:k]

    def close(self) -> None:
        """Close the file."""
        self._memory.close()
