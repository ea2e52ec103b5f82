"""YantrikDB with vectors given, its own ranking."""

from __future__ import annotations

import json
from collections.abc import Sequence

import yantrikdb

from peer_systems.base import Adapter, Place, Question, Turn, place_of
from peer_systems.embedder import DIMENSION, embedder


class Yantrik(Adapter):
    """One record for each turn; its ids are kept beside it."""

    def start(self, *, reopen: bool) -> None:
        """Open the file."""
        self._db = yantrikdb.YantrikDB(str(self.folder / "memory.db"), embedding_dim=DIMENSION)
        ids = self.folder / "ids.json"
        self._keys: dict[str, str] = json.loads(ids.read_text()) if reopen else {}

    def add(self, turns: Sequence[Turn]) -> None:
        """Record a session's turns."""
        vectors = embedder().documents([turn.line for turn in turns])
        for turn, vector in zip(turns, vectors, strict=True):
            made = self._db.record(turn.line, embedding=vector.tolist(), metadata=turn.metadata)
            self._keys[made] = turn.key

    def ready(self) -> None:
        """Write the ids."""
        (self.folder / "ids.json").write_text(json.dumps(self._keys))

    def search(self, question: Question, k: int) -> list[Place]:
        """Recall by text and vector."""
        found = self._db.recall(
            query=question.text,
            query_embedding=embedder().query(question.text).tolist(),
            top_k=k,
            skip_reinforce=True,
        )
        return [place_of(self._keys[one["rid"]]) for one in found if one["rid"] in self._keys]

    def close(self) -> None:
        """Close the file."""
        self._db.close()
