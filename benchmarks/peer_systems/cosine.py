"""The floor: exact cosine over one vector for each turn, in numpy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from peer_systems.base import Adapter, Place, Question, Turn, place_of
from peer_systems.embedder import Vectors, embedder


class Cosine(Adapter):
    """A matrix and its product with the question."""

    def start(self, *, reopen: bool) -> None:
        """Start empty, or read the matrix."""
        self._keys: list[str] = []
        self._parts: list[Vectors] = []
        if reopen:
            held = np.load(self.folder / "vectors.npz")
            self._keys, self._matrix = held["keys"].tolist(), held["matrix"]

    def add(self, turns: Sequence[Turn]) -> None:
        """Encode turns."""
        self._keys += [turn.key for turn in turns]
        self._parts.append(embedder().documents([turn.line for turn in turns]))

    def ready(self) -> None:
        """Put the rows together and write them."""
        self._matrix = np.concatenate(self._parts)
        np.savez(self.folder / "vectors.npz", keys=np.array(self._keys), matrix=self._matrix)

    def search(self, question: Question, k: int) -> list[Place]:
        """Order all turns by their cosine."""
        scores = self._matrix @ embedder().query(question.text)
        return [place_of(self._keys[row]) for row in np.argsort(-scores, kind="stable")[:k]]
