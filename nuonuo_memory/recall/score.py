"""The evidence for each memory, summed on the scale of a cosine.

Independent evidence is a memory's own: pooled similarity, words, session, speaker, time, strength.
Contextual evidence adds what the turns beside it say.
"""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from nuonuo_memory.config import RankingConfig
from nuonuo_memory.recall.features import Features, pair_similarity
from nuonuo_memory.recall.scope import Query
from nuonuo_memory.store.protocol import Store
from nuonuo_memory.store.rows import Ints
from nuonuo_memory.text.question import speaks_of_self

LARGEST_DIFFERENCE = 2.0
"""Two cosines differ by no more: from this discount on, no joined cue counts."""


def independent_evidence(
    query: Query, features: Features, keys: Ints, *, config: RankingConfig
) -> NDArray[np.float64]:
    """Return each memory's own evidence, float64 [n].

    Args:
        query: The question.
        features: What it found; holds all the memories.
        keys: The memories, ascending int64 [n].
        config: What each part counts.
    """
    base = features.base(config.bm25_weight)[np.searchsorted(features.keys, keys)]
    session = config.session_weight * query.overlap.session_share(keys)
    return base + session + _speaker_and_time(query, keys, config)


def contextual_evidence(
    query: Query, features: Features, keys: Ints, *, store: Store, config: RankingConfig
) -> NDArray[np.float64]:
    """Return each memory's evidence with that of the turns beside it, float64 [n].

    Args:
        query: The question.
        features: What it found; holds all the memories and the turns beside them.
        keys: The memories, ascending int64 [n].
        store: Holds the words of cues.
        config: What each part counts.
    """
    base = features.base(config.bm25_weight)
    scores = independent_evidence(query, features, keys, config=config)
    scores = scores + _gain_of_pairs(query, features, keys, config.pair_discount)
    for step, weight in ((-1, config.previous_weight), (1, config.next_weight)):
        scores = scores + weight * _beside(query, features, keys, step, base)
    if query.question.speaker == "user" and config.first_person_weight:
        cues = features.cues[np.searchsorted(features.keys, keys)]
        scores = scores + config.first_person_weight * _first_person(store, cues)
    return scores


def _beside(
    query: Query, features: Features, keys: Ints, step: int, base: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the base evidence of the turn `step` beside each memory, 0 where there is none."""
    others = query.index.attributes.neighbours(keys, step)
    places = np.searchsorted(features.keys, others).clip(0, len(features.keys) - 1)
    return np.where(features.keys[places] == others, base[places], 0.0) if len(keys) else base[:0]


def _gain_of_pairs(
    query: Query, features: Features, keys: Ints, discount: float
) -> NDArray[np.float64]:
    """Return what each memory gains by its best cue joined with that of the turn before.

    The joined cue is pooled with the memory's own as one more, less a discount.
    """
    gained = np.zeros(len(keys))
    if not len(keys) or discount >= LARGEST_DIFFERENCE:
        return gained
    own = np.searchsorted(features.keys, keys)
    before = query.index.attributes.neighbours(keys, -1)
    other = np.searchsorted(features.keys, before).clip(0, len(features.keys) - 1)
    held = (
        (features.keys[other] == before) & (features.cues[own] >= 0) & (features.cues[other] >= 0)
    )
    if held.any():
        own, other, beta = own[held], other[held], query.beta
        joined = pair_similarity(query, features, (own, other)) - discount
        pooled = features.pooled[own]
        gained[held] = np.logaddexp(beta * pooled, beta * joined) / beta - pooled
    return gained


def _first_person(store: Store, cues: Ints) -> NDArray[np.float64]:
    """Return 1 for each cue that states something in the first person, else 0."""
    texts = {key: row.text for key, row in store.cue_rows(cues[cues >= 0].tolist()).items()}
    return np.array([speaks_of_self(texts.get(cue, "")) for cue in cues.tolist()], dtype=np.float64)


def _speaker_and_time(query: Query, keys: Ints, config: RankingConfig) -> NDArray[np.float64]:
    """Return what a memory gains by its strength, or the speaker or time that is asked for."""
    question, attributes = query.question, query.index.attributes
    held = attributes.of(keys)
    gain = config.strength_weight * (held.strengths - 1.0)
    user = np.isin(held.roles, attributes.role_codes(["user"]))
    if question.speaker == "user":
        gain += config.asker_weight * user
    elif question.speaker == "assistant":
        gain += config.assistant_weight * (~user & (held.roles >= 0))
    if question.period is not None:
        near = [
            0.0 if np.isnan(at) else question.period.nearness(datetime.fromtimestamp(at, UTC))
            for at in held.at.tolist()
        ]
        gain += config.date_weight * np.array(near)
    return gain
