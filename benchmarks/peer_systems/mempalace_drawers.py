"""MemPalace: exchanges filed as its integrations file them, searched as its server searches."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

import chromadb

from peer_systems.base import Adapter, Place, Question, Turn, place_of
from peer_systems.embedder import embedder


class _Function(chromadb.EmbeddingFunction[Any]):
    def __init__(self) -> None:
        pass

    def __call__(self, input: Any) -> Any:  # noqa: A002 - Chroma's name
        return list(embedder().documents(list(input)))

    @staticmethod
    def name() -> str:
        """As the palace calls the function that it would use."""
        return "default"

    def get_config(self) -> dict[str, Any]:
        """Nothing to keep."""
        return {}

    @staticmethod
    def build_from_config(config: dict[str, Any]) -> _Function:  # noqa: ARG004
        """Make it again."""
        return _Function()


def _use_the_same_weights() -> None:
    """Its own function fetches the same model as ONNX from the network: put this one in place."""
    import mempalace.embedding

    def function(*_: object, **__: object) -> _Function:
        return _Function()

    for module in [mempalace.embedding, *sys.modules.values()]:
        ours = getattr(module, "__name__", "").startswith("mempalace")
        if ours and hasattr(module, "get_embedding_function"):
            module.get_embedding_function = function  # type: ignore[attr-defined]


class MemPalace(Adapter):
    """One exchange for each turn; what is found is known again by its session and words."""

    def start(self, *, reopen: bool) -> None:  # noqa: ARG002 - a folder is opened the same way
        """Open the palace."""
        os.environ |= {
            "MEMPALACE_CONFIG_DIR": str(self.folder / "settings"),
            "HOME": str(self.folder),
        }
        import mempalace.searcher
        from mempalace.convo_miner import file_conversation_exchange
        from mempalace.palace import get_collection

        _use_the_same_weights()
        self._path = str(self.folder / "palace")
        self._drawers = get_collection(self._path, create=True)
        self._file, self._find = (
            file_conversation_exchange,
            mempalace.searcher.search_memories,
        )
        self._known: dict[tuple[str, str], str] = {}

    def add(self, turns: Sequence[Turn]) -> None:
        """File a session's turns."""
        for turn in turns:
            self._file(
                self._drawers,
                wing="peer",
                room="conversations",
                text=turn.line,
                source_file=turn.session,
                agent="peer",
                authored_at=turn.at or None,
                extra_metadata={"key": turn.key},
            )

    def search(self, question: Question, k: int) -> list[Place]:
        """Search by text."""
        found = self._find(question.text, palace_path=self._path, n_results=k)
        return [place_of(self._key(hit)) for hit in found["results"]]

    def _key(self, hit: dict[str, Any]) -> str:
        if not self._known:
            held = self._drawers.get(include=["documents", "metadatas"])
            documents = held["documents"] if isinstance(held, dict) else held.documents
            about = held["metadatas"] if isinstance(held, dict) else held.metadatas
            for text, one in zip(documents, about, strict=True):
                self._known[one["source_file"], text] = one["key"]
        for name in ("source_file", "source_path", "source"):
            if (hit.get(name), hit["text"]) in self._known:
                return self._known[hit[name], hit["text"]]
        return next(key for (_, text), key in self._known.items() if text == hit["text"])
