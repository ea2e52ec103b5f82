"""From what a question brings up to an order: the evidence for each memory, summed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

import numpy as np
import torch
from numpy.typing import NDArray

from nuonuo_memory.answering import EACH_GROUP, Ranking
from nuonuo_memory.attributes import AttributeTable
from nuonuo_memory.config import RankingConfig
from nuonuo_memory.engine.confidence import Calibration, evidence_logit, probability
from nuonuo_memory.looking import Look, Looker, Shared
from nuonuo_memory.options import Asked
from nuonuo_memory.store.rows import Ints
from nuonuo_memory.text.question import Asked as AskedFor
from nuonuo_memory.text.question import speaks_of_self

TextsOf = Callable[[Sequence[int]], Mapping[int, str]]
"""From cues to their texts."""

_FIRST = 5
"""Memories that confidence looks at."""
_NEUTRAL_COVERAGE = 0.5
_NEUTRAL_INFORMATION = 5.0


def rank(
    asked_for: AskedFor,
    looker: Looker,
    first: Look,
    *,
    said: TextsOf,
    config: RankingConfig,
    ask: Asked,
) -> tuple[Ranking, float]:
    """Rank what a question brought up, and say how sure it is that the answer is there.

    A rough look chooses the memories that are looked at closely. The turns before and after a good
    memory are candidates too, and their evidence counts for it.
    """
    attributes = looker.index.attributes
    shared = looker.shared()

    def alone(look: Look, keys: Ints) -> NDArray[np.float64]:
        """The evidence for memories that were looked at, without that for the turns beside them."""
        base = look.base(config.lexical)[np.searchsorted(look.keys, keys)]
        gained = _asked_for(attributes, keys, asked_for, config)
        return base + config.session * looker.sessions(shared, keys) + gained

    wanted = ask.k * (EACH_GROUP if ask.group_by else 2)
    best = first.best(max(config.kept, wanted), alone(first, first.keys))
    keys = looker.around(best.keys)
    keys = keys[looker.place.admits(keys)]
    look = looker.at(looker.around(keys), first.peak)
    base = look.base(config.lexical)
    scores = alone(look, keys)
    for step, weight in ((-1, config.previous), (1, config.following)):
        scores = scores + weight * _beside(attributes, keys, step, look, base)
    if asked_for.speaker == "user" and config.own:
        scores = scores + config.own * _own(look.cues[np.searchsorted(look.keys, keys)], said)
    order = np.lexsort((keys, -scores))
    sure = confidence(look, keys[order[:_FIRST]], shared)
    return Ranking(keys[order], scores[order], look, lambda _: ()), sure


def confidence(
    look: Look, first: Ints, shared: Shared, calibration: Calibration | None = None
) -> float:
    """Say how likely it is that the memory holds an answer, from 0 to 1.

    Args:
        look: What the question finds.
        first: Keys of the best memories, all of them looked at.
        shared: The question's words in the memories.
        calibration: How this store's evidence reads.
    """
    if not len(first):
        return 0.0
    places = np.searchsorted(look.keys, first)
    similarity = look.summed[places].max()
    worded = len(shared.idf) > 0  # else a vector was given, and words say nothing
    covered = shared.covered(first) if worded else _NEUTRAL_COVERAGE
    information = look.lexical[places].max() if worded else _NEUTRAL_INFORMATION
    logit = evidence_logit(*(torch.tensor(float(x)) for x in (similarity, covered, information)))
    return float(probability(logit, calibration))


def _beside(
    attributes: AttributeTable, keys: Ints, step: int, look: Look, base: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The evidence for the turn beside each memory, 0 where there is none."""
    others = attributes.neighbours(keys, step)
    places = np.searchsorted(look.keys, others).clip(0, len(look.keys) - 1)
    return np.where(look.keys[places] == others, base[places], 0.0) if len(keys) else base[:0]


def _own(cues: Ints, said: TextsOf) -> NDArray[np.float64]:
    """1 for each memory whose best cue states something in the first person, else 0."""
    texts = said(cues[cues >= 0].tolist())
    return np.array([speaks_of_self(texts.get(cue, "")) for cue in cues.tolist()], dtype=float)


def _asked_for(
    attributes: AttributeTable, keys: Ints, ask: AskedFor, config: RankingConfig
) -> NDArray[np.float64]:
    """What a memory gains by being strong, or of the speaker or time that the question asks for."""
    held = attributes.of(keys)
    gain = config.strength * (held.strengths - 1.0)
    user = np.isin(held.roles, attributes.role_codes(["user"]))
    if ask.speaker == "user":
        gain += config.speaker * user
    elif ask.speaker == "assistant":
        gain += config.assistant * (~user & (held.roles >= 0))
    if ask.period is not None:
        near = [
            0.0 if np.isnan(at) else ask.period.nearness(datetime.fromtimestamp(at, UTC))
            for at in held.at.tolist()
        ]
        gain += config.period * np.array(near)
    return gain
