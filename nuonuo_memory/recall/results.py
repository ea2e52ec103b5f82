"""From ranked keys to the answer that the caller sees: texts, cues, groups and paths."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from nuonuo_memory.options import Asked
from nuonuo_memory.recall.candidates import Look
from nuonuo_memory.store.convert import memory_of
from nuonuo_memory.store.rows import Ints, MemoryRow
from nuonuo_memory.store.sqlite.store import Store
from nuonuo_memory.types import Cue, Hit, Hop

PathOf = Callable[[int], tuple[Hop, ...]]
"""From the place of a memory in the ranking to the steps that led to it."""

Nearness = Callable[[Ints], NDArray[np.float64]]
"""From cues to the cosine of each with the question, 0 for a cue of -1."""

EACH_GROUP = 10
"""Memories looked at for each group that is asked for; several of the best share a group."""


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


@dataclass(frozen=True, slots=True)
class Chosen:
    """A memory to return: its place in the ranking, its row, and the score that it goes by."""

    rank: int
    row: MemoryRow
    score: float


def hits(
    store: Store, ranking: Ranking, ask: Asked, *, second: float, near: Nearness
) -> tuple[Hit, ...]:
    """Return the `ask.k` best memories, or the best memory of each of the `ask.k` best groups.

    A group goes by its best memory and, `second` times as much, its second-best.
    """
    found = _in_order(store, ranking, page=max(ask.k, 16))
    if ask.group_by is None:
        chosen = list(islice(found, ask.k))
    else:
        chosen = _best_of_groups(found, ask.group_by, k=ask.k, second=second)
    places = np.searchsorted(ranking.look.keys, [one.row.key for one in chosen])
    fired = ranking.look.cues[places]
    cues = store.cue_rows(fired.tolist())
    result = []
    for one, key, similarity in zip(chosen, fired.tolist(), near(fired).tolist(), strict=True):
        cue = cues.get(key)
        result.append(
            Hit(
                memory=memory_of(one.row),
                score=one.score,
                similarity=similarity,
                cue=Cue(one.row.text, "text") if cue is None else Cue(cue.text, cue.kind),
                path=ranking.path(one.rank),
            )
        )
    return tuple(result)


def _best_of_groups(
    found: Iterator[Chosen], group_by: str, *, k: int, second: float
) -> list[Chosen]:
    """The best memory of each of the k best groups.

    A group is worth the mean of its best memory and, `second` times as much, its second-best. Of
    one whose second lies deeper than was looked, it is taken to be as good as the last seen.
    """
    groups: dict[str, list[Chosen]] = {}
    last = 0.0
    for seen, one in enumerate(found):
        if seen >= k * EACH_GROUP and len(groups) >= k:
            break
        groups.setdefault(_group(one.row, group_by), []).append(one)
        last = one.score

    def worth(members: Sequence[Chosen]) -> float:
        runner_up = members[1].score if len(members) > 1 else last
        return (members[0].score + second * runner_up) / (1 + second)

    best = sorted(groups.values(), key=worth, reverse=True)[:k]
    return [replace(members[0], score=worth(members)) for members in best]


def _in_order(store: Store, ranking: Ranking, page: int) -> Iterator[Chosen]:
    for start in range(0, len(ranking.keys), page):
        part = ranking.keys[start : start + page].tolist()
        rows = store.get_keys(part)
        for place, key in enumerate(part, start):
            if key in rows:  # else forgotten by another process since the ranking
                yield Chosen(place, rows[key], float(ranking.scores[place]))


def _group(row: MemoryRow, by: str) -> str:
    """What tells a memory's group; one that lacks the property is a group of its own."""
    value = row.session if by == "session" else row.metadata.get(by)
    return json.dumps([row.id] if value is None else [value, by], sort_keys=True)
