"""A digest of everything that recall uses, by public ids, whatever order it was stored in."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import chain

import numpy as np

from nuonuo_memory.core import Core
from nuonuo_memory.store.rows import MemoryRow


def fingerprint(core: Core) -> str:
    """Return the digest; the caller holds the lock and the index is up to date.

    It covers the memories, their cues with the engine's own vectors, their words, mentions, links
    and strengths. Times of storing are left out: they differ between stores that hold the same.
    """
    rows = core.store.get_keys(core.store.find_keys().tolist())
    parts: dict[int, list[str]] = defaultdict(list)
    for key, part in chain(_cues(core), _numbers(core), _ties(core, rows)):
        parts[key].append(json.dumps(part))
    digest = hashlib.sha256()
    for key in sorted(rows, key=lambda key: rows[key].id):
        row = rows[key]
        own = [row.id, row.namespace, row.text, row.metadata, row.role, row.session, row.turn]
        digest.update(json.dumps([*own, row.at, sorted(parts[key])], sort_keys=True).encode())
    return digest.hexdigest()


def _cues(core: Core) -> Iterator[tuple[int, list[object]]]:
    for page in core.store.load_cue_texts():
        vectors = core.index.vectors(np.array([row.key for row in page], dtype=np.int64))
        for cue, vector in zip(page, vectors, strict=True):
            yield cue.memory_key, ["cue", cue.kind, cue.text, vector.tobytes().hex()]


def _numbers(core: Core) -> Iterator[tuple[int, list[object]]]:
    for batch in core.store.load_terms():
        for place, key in enumerate(batch.memory_keys.tolist()):
            held = slice(*batch.pointers[place : place + 2].tolist())
            pairs = sorted(zip(batch.ids[held].tolist(), batch.counts[held].tolist(), strict=True))
            yield key, ["terms", pairs]
    for page in core.store.load_strengths():
        yield from (
            (row.memory_key, ["strength", row.strength]) for row in page if row.strength != 1
        )


def _ties(core: Core, rows: Mapping[int, MemoryRow]) -> Iterator[tuple[int, list[object]]]:
    for mentions in core.store.load_mentions():
        for row in mentions:
            yield row.memory_key, ["mention", row.name, row.kind, row.weight]
    for links in core.store.load_links():
        for link in links:
            target = rows[link.target_key].id
            yield link.source_key, ["link", target, link.kind, link.label, link.weight]
