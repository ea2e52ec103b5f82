"""The reading side: from questions to memories, best first, and how sure they are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from nuonuo_memory.convert import memory_of
from nuonuo_memory.core import Core
from nuonuo_memory.engine.retrieval import Retrieved, retrieve
from nuonuo_memory.options import Asked
from nuonuo_memory.text.encoder import encode_checked
from nuonuo_memory.text.lexical import terms
from nuonuo_memory.types import Cue, Hit, Hop, Recall, Stats
from nuonuo_memory.writing import unit


class Recalling:
    """Answers questions from the index and the store."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def recall(self, texts: Sequence[str], asked: Asked) -> list[Recall]:
        """Return one answer for each question."""
        core = self._core
        core.require_open()
        if not texts:
            return []
        queries = self.directions(texts, asked)
        with core.lock:
            index = core.follow()
            groups = core.store.namespace_keys(
                asked.query.namespace or core.namespace, prefix=asked.query.prefix
            )
            allowed = (
                torch.from_numpy(core.store.find_keys(asked.query)) if asked.filtered else None
            )
            found = retrieve(
                index.arena,
                queries.to(core.device),
                groups=[groups] * len(texts),
                k=asked.k,
                config=core.config.hopfield,
                allowed=allowed,
            )
        return [self._answer(text, row, found) for row, text in enumerate(texts)]

    def follow(self, text: str, ask: Asked) -> Recall:
        """Return what is tied by association to what a question brings to mind."""
        return self.recall([text], ask)[0]

    def directions(self, texts: Sequence[str], asked: Asked) -> Tensor:
        """Return the questions' unit vectors, float32 [n, dimension]."""
        if asked.vector is None:
            return encode_checked(self._core.encoder, texts, queries=True)
        return torch.from_numpy(unit(asked.vector, self._core.encoder.dimension))[None]

    def links(self, key: int) -> list[Hop]:
        """Return the associations that leave a memory, strongest first."""
        rows = self._core.store.links_of(key)
        names = self._core.store.get_keys([key, *(row.target_key for row in rows)])
        hops = [
            Hop(names[key].id, names[row.target_key].id, row.label, row.kind, row.weight)
            for row in rows
        ]
        return sorted(hops, key=lambda hop: -hop.weight)

    def vectors(self, keys: Sequence[int]) -> Tensor:
        """Return the direction of each memory's first cue, float32 [n, dimension]."""
        firsts = [self._core.store.cues_of(key)[0].key for key in keys]
        with self._core.lock:
            index = self._core.follow()
            return torch.from_numpy(index.vectors(np.array(firsts, dtype=np.int64)))

    def stats(self) -> Stats:
        """Return how much the memory holds."""
        core = self._core
        with core.lock:
            index = core.follow()
            counts = core.store.counts()
            return Stats(
                memories=counts.memories,
                cues=counts.cues,
                links=counts.links + counts.mentions,
                namespaces=counts.namespaces,
                encoder=core.encoder.name,
                dimension=core.encoder.dimension,
                device=str(core.device),
                engine_bytes=index.nbytes,
                store_bytes=counts.bytes,
                cues_by_kind=counts.cues_by_kind,
            )

    def _answer(self, text: str, row: int, found: Retrieved) -> Recall:
        keys = [key for key in found.memory_ids[row].tolist() if key >= 0]
        cue_keys = found.cue_ids[row].tolist()
        memories = self._core.store.get_keys(keys)
        cues = self._core.store.cue_rows(cue_keys[: len(keys)])
        hits = tuple(
            Hit(
                memory=memory_of(memories[key]),
                score=float(found.scores[row, place]),
                similarity=float(found.similarity[row, place]),
                cue=Cue(cues[cue_keys[place]].text, cues[cue_keys[place]].kind),
            )
            for place, key in enumerate(keys)
            if key in memories and cue_keys[place] in cues
        )
        return Recall(
            query=text,
            hits=hits,
            confidence=max((hit.similarity for hit in hits), default=0.0),
            energy=float(found.energy[row]),
            entropy=float(found.entropy[row]),
            margin=float(found.margin[row]),
        )


def question_terms(text: str) -> Tensor:
    """Return the hashed terms of a question, int64 [q]."""
    ids, _ = terms(text)
    return torch.from_numpy(np.ascontiguousarray(ids))
