"""mcp-memory-service: its sqlite-vec storage, by its hybrid search of words and vectors."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from typing import Any

from peer_systems.base import Adapter, Place, Question, Turn, place_of


class McpMemory(Adapter):
    """One memory for each turn. Needs a Python whose sqlite3 loads extensions."""

    def start(self, *, reopen: bool) -> None:  # noqa: ARG002 - a file is opened the same way
        """Open the file."""
        os.environ |= {
            "MCP_MEMORY_USE_ONNX": "0",
            "MCP_MEMORY_BASE_DIR": str(self.folder),
            "MCP_SEMANTIC_DEDUP_ENABLED": "false",
            "HOME": str(self.folder),
        }
        from mcp_memory_service.storage.sqlite_vec import SqliteVecMemoryStorage

        self._loop = asyncio.new_event_loop()
        self._storage: Any = SqliteVecMemoryStorage(
            str(self.folder / "memory.db"), embedding_model="all-MiniLM-L6-v2"
        )
        self._loop.run_until_complete(self._storage.initialize())

    def add(self, turns: Sequence[Turn]) -> None:
        """Store a session's turns."""
        from mcp_memory_service.models.memory import Memory
        from mcp_memory_service.utils.hashing import generate_content_hash

        for turn in turns:
            memory = Memory(
                content=turn.line,
                content_hash=generate_content_hash(turn.line),
                tags=[turn.session],
                metadata={"key": turn.key, "at": turn.at},
            )
            self._loop.run_until_complete(self._storage.store(memory))

    def search(self, question: Question, k: int) -> list[Place]:
        """Search by text."""
        found = self._loop.run_until_complete(
            self._storage.retrieve_hybrid(question.text, n_results=k)
        )
        return [place_of(one.memory.metadata["key"]) for one in found]

    def close(self) -> None:
        """Close the file."""
        self._storage.conn.close()
        self._loop.close()
