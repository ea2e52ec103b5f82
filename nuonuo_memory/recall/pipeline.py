"""The reading side: from questions to memories, best first, and how sure they are.

request → encode → scope → candidates → features → evidence → (associate) → rank → results
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nuonuo_memory.core import Core
from nuonuo_memory.encoders.base import encode_checked, unit
from nuonuo_memory.engine.vectors.search import Candidates, nearest, similarities
from nuonuo_memory.recall.association import Walker
from nuonuo_memory.recall.confidence import Calibration, confidence
from nuonuo_memory.recall.features import first_pass
from nuonuo_memory.recall.rank import Ranked, rank
from nuonuo_memory.recall.request import RecallRequest
from nuonuo_memory.recall.results import hits
from nuonuo_memory.recall.scope import Query, Scope, query_of
from nuonuo_memory.store.rows import Ints
from nuonuo_memory.text.question import read_question
from nuonuo_memory.types import Recall


def answer(core: Core, texts: Sequence[str], request: RecallRequest) -> list[Recall]:
    """Return one answer for each question.

    Args:
        core: The open memory.
        texts: The questions; one, which may be empty, where the request holds a vector.
        request: What the call asks for.
    """
    core.require_open()
    if not texts:
        return []
    core.verify_encoder()
    directions = encode(core, texts, request).cpu()
    with core.lock:
        core.follow()
        scope = scope_of(core, request)
        centre = core.centre(scope.groups)
        queries = [
            query_of(
                read_question(text, now=request.now),
                direction[None],
                index=core.index,
                scope=scope,
                centre=centre,
                beta=core.config.ranking.beta,
            )
            for text, direction in zip(texts, directions, strict=True)
        ]
        near = candidates(core, queries, request)
        return [
            _result(core, query, _ranked(core, query, found, request), request)
            for query, found in zip(queries, near, strict=True)
        ]


def encode(core: Core, texts: Sequence[str], request: RecallRequest) -> Tensor:
    """Return the questions' unit vectors, float32 [n, dimension]."""
    if request.vector is None:
        return encode_checked(core.encoder, texts, queries=True)
    return torch.from_numpy(unit(request.vector, core.encoder.dimension))[None]


def scope_of(core: Core, request: RecallRequest) -> Scope:
    """Return where a request looks."""
    selection = request.selection
    groups = core.index.groups(
        core.store, selection.namespace or core.namespace, prefix=selection.prefix
    )
    allowed = torch.from_numpy(core.store.find_keys(selection)) if request.filtered else None
    return Scope(groups, allowed)


def candidates(core: Core, queries: Sequence[Query], request: RecallRequest) -> list[Candidates]:
    """Return the cues nearest to each question; each table has one row."""
    scope = queries[0].scope
    found = nearest(
        core.index.cues,
        torch.cat([query.centred for query in queries]),
        groups=[scope.groups] * len(queries),
        k=max(core.config.ranking.cue_candidates, 4 * request.k),
        allowed=scope.allowed,
    )
    return [Candidates(*(column[row : row + 1] for column in found)) for row in range(len(queries))]


def _ranked(core: Core, query: Query, near: Candidates, request: RecallRequest) -> Ranked:
    config = core.config
    if request.hops:
        walker = Walker(query, request, core.store, config.ranking, config.association)
        return walker.follow(near)
    first = first_pass(query, near, bm25_candidates=config.ranking.bm25_candidates)
    return rank(query, first, request, store=core.store, config=config.ranking)


def _result(core: Core, query: Query, ranked: Ranked, request: RecallRequest) -> Recall:
    sure = confidence(ranked, query.overlap, Calibration(core.store.calibration))
    found = hits(
        core.store,
        ranked,
        request,
        runner_up_weight=core.config.ranking.runner_up_weight,
        cosines=partial(_cosines, core, query),
    )
    return Recall(
        query=query.question.text,
        hits=found if sure >= request.min_confidence else (),
        confidence=sure,
        energy=ranked.distribution.energy,
        entropy=ranked.distribution.entropy,
        margin=ranked.distribution.margin,
    )


def _cosines(core: Core, query: Query, cues: Ints) -> NDArray[np.float64]:
    """Return the cosine of each cue with the question, 0 for a cue of -1."""
    cosines = np.zeros(len(cues))
    held = cues >= 0
    asked = similarities(core.index.cues, query.direction, torch.from_numpy(cues[held]))
    cosines[held] = asked.cpu().numpy()
    return cosines
