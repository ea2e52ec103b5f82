"""How a store's evidence reads, measured without labels: its own cues, asked as questions.

Each cue is asked with the conversation that it comes from left out, so that whatever is found is a
miss.
"""

from __future__ import annotations

import random

import numpy as np
import torch

from nuonuo_memory.core import Core
from nuonuo_memory.engine.vectors.search import nearest
from nuonuo_memory.recall.confidence import MODES, Calibration, calibrate, evidence
from nuonuo_memory.recall.features import first_pass, rescore
from nuonuo_memory.recall.scope import Scope, query_of
from nuonuo_memory.text.question import Question
from nuonuo_memory.types import Progress

_FEWEST = 16
"""Cues below which their mean says too little."""


def measure(core: Core, *, samples: int, seed: int, progress: Progress | None) -> Calibration:
    """Ask some cues with their conversation left out, and keep what their misses look like.

    A store of too few memories keeps no offset.
    """
    with core.lock:
        keys = core.follow().attributes.keys()
    chance = random.Random(seed)  # noqa: S311 - no secret
    chosen = chance.sample(keys.tolist(), min(samples, len(keys)))
    logits = []
    for number, key in enumerate(chosen, start=1):
        with core.lock:  # each by itself, so that nobody waits for all
            core.follow()
            logit = _miss(core, key, chance)
        if logit is not None:
            logits.append(logit)
        if progress is not None:
            progress(number, len(chosen))
    found = calibrate(torch.tensor(logits if len(logits) >= _FEWEST else []))
    core.store.set_calibration(found.offset)
    return found


def _miss(core: Core, key: int, chance: random.Random) -> float | None:
    """The evidence that one of a memory's cues finds elsewhere; `None` where nothing is."""
    attributes = core.index.attributes
    keys = attributes.keys()
    cues = core.store.cues_of(key)
    own = np.array([key])
    if not attributes.holds(own)[0]:
        return None  # forgotten meanwhile
    group = int(attributes.groups(own)[0])
    apart = attributes.sessions(keys) != attributes.sessions(own)[0]
    others = keys[apart & (attributes.groups(keys) == group)]
    if not cues or len(others) < MODES:
        return None
    cue = chance.choice(cues)
    vector = torch.from_numpy(core.index.vectors(np.array([cue.key])))
    config = core.config.ranking
    query = query_of(
        Question(cue.text, None, None, cue.text),
        vector,
        index=core.index,
        scope=Scope([group], torch.from_numpy(others)),
        centre=core.centre([group]),
        beta=config.beta,
    )
    near = nearest(
        core.index.cues,
        query.centred,
        groups=[query.scope.groups],
        k=config.cue_candidates,
        allowed=query.scope.allowed,
    )
    rough = first_pass(query, near, bm25_candidates=config.bm25_candidates)
    rough = rough.best(config.rerank_depth, rough.base(config.bm25_weight))
    features = rescore(query, rough.keys, rough.peak)
    best = np.argsort(-features.base(config.bm25_weight), kind="stable")[:MODES]
    return float(evidence(features, features.keys[best], query.overlap))
