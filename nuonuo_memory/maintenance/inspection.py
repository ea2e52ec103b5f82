"""What can be seen of a memory without asking it a question: its ties, directions and size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from nuonuo_memory import inputs
from nuonuo_memory.core import Core
from nuonuo_memory.errors import InvalidInputError, NotFoundError
from nuonuo_memory.maintenance.diagnosis import Collision, Diagnosis, diagnose_cues
from nuonuo_memory.store.rows import Ints, Query
from nuonuo_memory.types import Hop, Namespace, Stats


def links(core: Core, key: int) -> list[Hop]:
    """Return the links that leave a memory, strongest first."""
    rows = core.store.links_of(key)
    held = core.store.get_keys([key, *(row.target_key for row in rows)])
    hops = [
        Hop(held[key].id, held[row.target_key].id, row.label, row.kind, row.weight) for row in rows
    ]
    return sorted(hops, key=lambda hop: -hop.weight)


def vectors(core: Core, keys: Sequence[int]) -> Tensor:
    """Return the direction of each memory's first cue, float32 [n, dimension].

    Raises:
        InvalidInputError: A memory has no cue.
    """
    with core.lock:
        index = core.follow()
        return torch.from_numpy(index.vectors(_first_cues(core, keys)))


def _first_cues(core: Core, keys: Sequence[int]) -> Ints:
    cues = [core.store.cues_of(key) for key in keys]
    if not all(cues):
        raise InvalidInputError("expected memories that have cues, got one that was stored without")
    return np.array([own[0].key for own in cues], dtype=np.int64)


def diagnosis(core: Core) -> Diagnosis:
    """Return how far apart the memories are, and which are mistaken for each other.

    Raises:
        InvalidInputError: There is no cue to look at.
    """
    core.require_open()
    found = diagnose_cues(core.store.load_cues(), beta=core.config.ranking.beta)
    ends = {int(key) for one in found.collisions for key in (one.first, one.second)}
    rows = core.store.get_keys(ends)
    named = tuple(
        Collision(rows[int(one.first)].id, rows[int(one.second)].id, one.cosine)
        for one in found.collisions
        if int(one.first) in rows and int(one.second) in rows  # else forgotten meanwhile
    )
    return replace(found, collisions=named)


def stats(core: Core, namespace: Namespace | str | None = None, *, prefix: bool = True) -> Stats:
    """Return how much the memory holds.

    Args:
        core: The memory.
        namespace: Count what is its own; all namespaces where it is `None`. The bytes are of the
            whole store in any case.
        prefix: Count every namespace below it too.

    Raises:
        NotFoundError: The namespace holds nothing.
    """
    query = selection(core, namespace, prefix=prefix)
    with core.lock:
        index = core.follow()
        counts = core.store.counts(query)
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


def selection(core: Core, namespace: Namespace | str | None, *, prefix: bool) -> Query:
    """Return the query for a namespace, with `prefix` for all below it too; `None` means all.

    Raises:
        NotFoundError: The namespace holds nothing.
    """
    core.require_open()
    if namespace is None:
        return Query()
    query = Query(inputs.namespace_of(namespace), prefix=bool(prefix))
    if not core.store.count(query):
        raise NotFoundError(
            f"expected a namespace that holds memories, got {query.namespace!r}, which holds none; "
            "namespaces() lists those there are"
        )
    return query
