"""From ranked keys to the answer that the caller sees: texts, cues, groups and paths."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nuonuo_memory.convert import memory_of
from nuonuo_memory.looking import Look
from nuonuo_memory.options import Asked
from nuonuo_memory.store.records import Store
from nuonuo_memory.store.rows import Ints, MemoryRow
from nuonuo_memory.types import Cue, Hit, Hop

PathOf = Callable[[int], tuple[Hop, ...]]
"""From the place of a memory in the ranking to the steps that led to it."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """Memories, best first.

    Attributes:
        keys: int64 [n].
        scores: float64 [n], falling.
        look: What the question itself finds in these memories.
        path: How each was reached.
    """

    keys: Ints
    scores: NDArray[np.float64]
    look: Look
    path: PathOf


def hits(store: Store, ranking: Ranking, ask: Asked) -> tuple[Hit, ...]:
    """Return the `ask.k` best memories, or the best memory of each of the `ask.k` best groups."""
    rows = _chosen(store, ranking, ask)
    places = np.searchsorted(ranking.look.keys, [row.key for _, row in rows])
    cues = store.cue_rows(ranking.look.cues[places].tolist())
    found = []
    for (rank, row), place in zip(rows, places.tolist(), strict=True):
        cue = cues.get(int(ranking.look.cues[place]))
        found.append(
            Hit(
                memory=memory_of(row),
                score=float(ranking.scores[rank]),
                similarity=float(ranking.look.similarity[place]),
                cue=Cue(row.text, "text") if cue is None else Cue(cue.text, cue.kind),
                path=ranking.path(rank),
            )
        )
    return tuple(found)


def _chosen(store: Store, ranking: Ranking, ask: Asked) -> list[tuple[int, MemoryRow]]:
    """The memories to return, each with its place in the ranking."""
    seen: set[str] = set()
    chosen: list[tuple[int, MemoryRow]] = []
    for rank, row in _in_order(store, ranking.keys, page=max(ask.k, 16)):
        group = _group(row, ask.group_by)
        if group in seen:
            continue
        seen.add(group)
        chosen.append((rank, row))
        if len(chosen) == ask.k:
            break
    return chosen


def _in_order(store: Store, keys: Ints, page: int) -> Iterator[tuple[int, MemoryRow]]:
    for start in range(0, len(keys), page):
        part = keys[start : start + page].tolist()
        rows = store.get_keys(part)
        for place, key in enumerate(part, start):
            if key in rows:  # else forgotten by another process since the ranking
                yield place, rows[key]


def _group(row: MemoryRow, by: str | None) -> str:
    """What tells a memory's group; one that lacks the property is a group of its own."""
    if by is None:
        return row.id
    value = row.session if by == "session" else row.metadata.get(by)
    return json.dumps([row.id] if value is None else [value, by], sort_keys=True)
