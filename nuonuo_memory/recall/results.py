"""From ranked keys to the hits that a caller sees: texts, scores, cues, groups and paths."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from nuonuo_memory.recall.rank import GROUP_DEPTH, Ranked
from nuonuo_memory.recall.request import RecallRequest
from nuonuo_memory.store.convert import memory_of
from nuonuo_memory.store.protocol import Store
from nuonuo_memory.store.rows import Ints, MemoryRow
from nuonuo_memory.types import Cue, Hit

Cosines = Callable[[Ints], NDArray[np.float64]]
"""From cues to the cosine of each with the question, 0 for a cue of -1."""

SCORE_MIDPOINT = 0.84
SCORE_SLOPE = 3.6
"""Logistic regression of right against wrong hits, both weighed alike, over LoCoMo and LongMemEval
together (benchmarks/score_map.py)."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A memory to return: its place in the order, its row, and the evidence that it goes by."""

    place: int
    row: MemoryRow
    evidence: float


def score_of(evidence: float) -> float:
    """Return the score of a hit: a fixed map of its evidence to [0, 1], rising with it.

    The same evidence has the same score in every store and whatever else was found:
    sigmoid(slope * (evidence - midpoint)). At 0.5 a memory of the development conversations is as
    like the right ones as the wrong ones.
    """
    x = SCORE_SLOPE * (evidence - SCORE_MIDPOINT)
    return 1.0 / (1.0 + math.exp(-x)) if x > 0 else math.exp(x) / (1.0 + math.exp(x))


def hits(
    store: Store,
    ranked: Ranked,
    request: RecallRequest,
    *,
    runner_up_weight: float,
    cosines: Cosines,
) -> tuple[Hit, ...]:
    """Return the `k` best memories, or the best memory of each of the `k` best groups.

    A group goes by its best memory and, `runner_up_weight` times as much, its second-best.
    """
    found = _in_order(store, ranked, page=max(request.k, 16))
    if request.group_by is None:
        chosen = list(islice(found, request.k))
    else:
        chosen = _best_of_groups(
            found, request.group_by, k=request.k, runner_up_weight=runner_up_weight
        )
    places = np.searchsorted(ranked.features.keys, [one.row.key for one in chosen])
    fired = ranked.features.cues[places]
    cues = store.cue_rows(fired.tolist())
    result = []
    for one, key, similarity in zip(chosen, fired.tolist(), cosines(fired).tolist(), strict=True):
        cue = cues.get(key)
        result.append(
            Hit(
                memory=memory_of(one.row),
                score=score_of(one.evidence),
                similarity=similarity,
                cue=Cue(one.row.text, "text") if cue is None else Cue(cue.text, cue.kind),
                path=ranked.path(one.place),
            )
        )
    return tuple(result)


def _best_of_groups(
    found: Iterator[Chosen], group_by: str, *, k: int, runner_up_weight: float
) -> list[Chosen]:
    """Return the best memory of each of the k best groups.

    A group's evidence is the mean of its best memory's and, `runner_up_weight` times as much, its
    second-best's. Of one whose second lies deeper than was looked, it is taken to be as good as the
    last seen.
    """
    groups: dict[str, list[Chosen]] = {}
    last = 0.0
    for seen, one in enumerate(found):
        if seen >= k * GROUP_DEPTH and len(groups) >= k:
            break
        groups.setdefault(_group(one.row, group_by), []).append(one)
        last = one.evidence

    def worth(members: Sequence[Chosen]) -> float:
        runner_up = members[1].evidence if len(members) > 1 else last
        return (members[0].evidence + runner_up_weight * runner_up) / (1 + runner_up_weight)

    best = sorted(groups.values(), key=worth, reverse=True)[:k]
    return [replace(members[0], evidence=worth(members)) for members in best]


def _in_order(store: Store, ranked: Ranked, page: int) -> Iterator[Chosen]:
    for start in range(0, len(ranked.keys), page):
        part = ranked.keys[start : start + page].tolist()
        rows = store.get_keys(part)
        for place, key in enumerate(part, start):
            if key in rows:  # else forgotten by another process since the ranking
                yield Chosen(place, rows[key], float(ranked.evidence[place]))


def _group(row: MemoryRow, by: str) -> str:
    """Return what tells a memory's group; one that lacks the property is a group of its own."""
    value = row.session if by == "session" else row.metadata.get(by)
    return json.dumps([row.id] if value is None else [value, by], sort_keys=True)
