"""A digest of everything that recall uses, by public ids, whatever order it was stored in."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict

import numpy as np

from nuonuo_memory.core import Core


def fingerprint(core: Core) -> str:
    """Return the digest; the caller holds the lock and the index is up to date.

    It covers the memories, their cues with the engine's own vectors, their words, mentions and
    links. Times of storing are left out: they differ between stores that hold the same.
    """
    rows = core.store.get_keys(core.store.find_keys().tolist())
    parts: dict[int, list[str]] = defaultdict(list)
    for page in core.store.load_cue_texts():
        vectors = core.index.vectors(np.array([row.key for row in page], dtype=np.int64))
        for cue, vector in zip(page, vectors, strict=True):
            part = json.dumps(["cue", cue.kind, cue.text, vector.tobytes().hex()])
            parts[cue.memory_key].append(part)
    for batch in core.store.load_terms():
        for place, key in enumerate(batch.memory_keys.tolist()):
            held = slice(*batch.pointers[place : place + 2].tolist())
            pairs = sorted(zip(batch.ids[held].tolist(), batch.counts[held].tolist(), strict=True))
            parts[key].append(json.dumps(["terms", pairs]))
    for mentions in core.store.load_mentions():
        for mention in mentions:
            part = json.dumps(["mention", mention.name, mention.kind, mention.weight])
            parts[mention.memory_key].append(part)
    for links in core.store.load_links():
        for link in links:
            target = rows[link.target_key].id
            part = json.dumps(["link", target, link.kind, link.label, link.weight])
            parts[link.source_key].append(part)
    digest = hashlib.sha256()
    for key in sorted(rows, key=lambda key: rows[key].id):
        row = rows[key]
        own = [row.id, row.namespace, row.text, row.metadata, row.role, row.session, row.turn]
        digest.update(json.dumps([*own, row.at, sorted(parts[key])], sort_keys=True).encode())
    return digest.hexdigest()
