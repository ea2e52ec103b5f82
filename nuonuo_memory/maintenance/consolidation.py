"""The offline pass carried out: what the store knows of use, the plan, and one transaction.

A copy that is merged is forgotten, whole: no cue, word or tie of it passes to the memory that
stays, which takes over its uses alone. So the memory afterwards equals one that never held the
copy, and what a person said goes when it is forgotten by id, session, user or filter. For the same
reason only memories of one namespace, session, speaker, time and metadata are copies of each
other: whatever takes in the one takes in the other.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import torch
from torch import Tensor

from nuonuo_memory.config import ConsolidationConfig
from nuonuo_memory.core import Core
from nuonuo_memory.maintenance.consolidation_plan import Consolidation, Usage, plan
from nuonuo_memory.store.rows import Ints, MemoryRow, Query, StrengthRow
from nuonuo_memory.types import Progress

_DAY = 86_400.0
_MARKS = ".,;:!\"'()“”‘’…"


@dataclass(frozen=True, slots=True)
class _Held:
    """What the store held when the plan was made.

    Attributes:
        version: The store's, before anything was read.
        rows: The memories looked at, in order of storing.
        strengths: Of those that have one, by key.
    """

    version: int
    rows: Sequence[MemoryRow]
    strengths: dict[int, StrengthRow]

    def strength(self, key: int) -> StrengthRow:
        return self.strengths.get(key) or StrengthRow(key)

    def last(self, row: MemoryRow) -> float:
        """When a memory was last of use, or stored, in seconds since 1970."""
        return self.strength(row.key).used_at or row.created_at


def reinforce(core: Core, keys: Sequence[int]) -> int:
    """Count a use of each memory; returns how many there were.

    No index is read anew for it: what recall finds changes when the next pass weighs the memories.
    """
    core.require_open()
    now = time.time()
    with core.store.write() as writer:
        held = _strengths(core, np.array(sorted(keys), dtype=np.int64))
        rows = [held.get(key) or StrengthRow(key) for key in keys]
        writer.set_strengths([replace(row, uses=row.uses + 1, used_at=now) for row in rows])
    return len(keys)


def consolidate(
    core: Core,
    query: Query,
    *,
    config: ConsolidationConfig,
    dry_run: bool,
    now: datetime,
    progress: Progress | None = None,
) -> Consolidation:
    """Plan a pass over the memories meant and, unless it is a dry run, carry it out."""
    core.require_open()
    held = _look(core, query)
    found = plan(
        *_cues(core, held.rows),
        _usage(core, held, config, now.timestamp()),
        config=config,
        progress=progress,
    )
    return found if dry_run else _carry_out(core, held, found)


def _look(core: Core, query: Query) -> _Held:
    version = core.store.version()
    keys = core.store.find_keys(query)
    rows = core.store.get_keys(keys.tolist())
    return _Held(version, [rows[key] for key in sorted(rows)], _strengths(core, keys))


def _strengths(core: Core, keys: Ints | None) -> dict[int, StrengthRow]:
    pages = core.store.load_strengths(memory_keys=keys)
    return {row.memory_key: row for page in pages for row in page}


def _cues(core: Core, rows: Sequence[MemoryRow]) -> tuple[Tensor, Tensor]:
    """The memories' cue vectors float16 [n, d] and their owners' places in `rows`, int64 [n]."""
    keys = np.array([row.key for row in rows], dtype=np.int64)
    every = len(keys) == core.store.count()
    vectors, owners = [torch.zeros(0, core.store.dimension, dtype=torch.float16)], [keys[:0]]
    for batch in core.store.load_cues(memory_keys=None if every else keys):
        here = np.isin(batch.memory_keys, keys)  # else stored since
        vectors.append(torch.tensor(batch.vectors[here]))
        owners.append(batch.memory_keys[here])
    places = np.searchsorted(keys, np.concatenate(owners))
    return torch.cat(vectors).to(core.device), torch.from_numpy(places)


def _usage(core: Core, held: _Held, config: ConsolidationConfig, now: float) -> list[Usage]:
    tied = _tied(core, None)
    numbers: defaultdict[object, int] = defaultdict(lambda: len(numbers))
    return [
        Usage(
            row.id,
            uses=held.strength(row.key).uses,
            idle_days=max(0.0, now - held.last(row)) / _DAY,
            strength=held.strength(row.key).strength,
            namespace=row.namespace_key,
            copies=numbers[_kin(row)] if row.turn is None or config.turns else None,
            words=numbers[words(row.text)],
            tied=row.key in tied,
        )
        for row in held.rows
    ]


def _tied(core: Core, keys: Ints | None, *, into: bool = False) -> set[int]:
    """Memories at the ends of the application's own ties: all, or those that lead to some."""
    pages = core.store.load_links(memory_keys=keys, into=into)
    own = [link for page in pages for link in page if link.kind == "user"]
    return {key for link in own for key in (link.source_key, link.target_key)}


def _kin(row: MemoryRow) -> tuple[object, ...]:
    """What copies have in common, so that whatever forgets the one forgets the other."""
    metadata = json.dumps(row.metadata, sort_keys=True)
    return row.namespace_key, row.session, row.role, row.at, metadata


def words(text: str) -> tuple[str, ...]:
    """Return the words of a text in order, without case and the marks of a sentence."""
    return tuple(filter(None, (word.strip(_MARKS) for word in text.casefold().split())))


def _carry_out(core: Core, held: _Held, found: Consolidation) -> Consolidation:
    """Do in one transaction what still holds, and return that.

    What changed since the plan was made stays as it is, for a later pass.
    """
    with core.lock:
        with core.store.write() as writer:
            done = _still_right(core, held, found)
            keys = {row.id: row.key for row in held.rows}
            writer.delete_memories([keys[id_] for id_ in done.forgotten])
            writer.set_strengths(_weighed(held, done))
        core.follow()
    return done


def _still_right(core: Core, held: _Held, found: Consolidation) -> Consolidation:
    """The actions on memories that nobody changed, used or forgot meanwhile."""
    changes = core.store.changes(held.version)
    changed = {change.memory_key for change in changes}
    reloaded = any(change.op == "reload" for change in changes)
    now = _strengths(core, np.array([row.key for row in held.rows], dtype=np.int64))
    same = {
        row.id
        for row in held.rows
        if not reloaded
        and row.key not in changed
        and (now.get(row.key) or StrengthRow(row.key)) == held.strength(row.key)
    }
    keys = {row.id: row.key for row in held.rows}
    going = np.array(sorted(keys[one.gone] for one in found.merged), dtype=np.int64)
    tied = _tied(core, going, into=True)  # a tie from elsewhere changes only what it leaves
    same -= {one.gone for one in found.merged if keys[one.gone] in tied}
    return replace(
        found,
        merged=tuple(one for one in found.merged if one.gone in same and one.kept in same),
        pruned=tuple(one for one in found.pruned if one.id in same),
        strengthened=tuple(one for one in found.strengthened if one.id in same),
        decayed=tuple(one for one in found.decayed if one.id in same),
        dry_run=False,
    )


def _weighed(held: _Held, done: Consolidation) -> list[StrengthRow]:
    """The strengths to store: new ones, and the uses of copies with what stays."""
    rows = {row.id: row for row in held.rows}
    after = {row.id: held.strength(row.key) for row in held.rows}
    changed: set[str] = set()
    for merge in done.merged:
        kept, gone = after[merge.kept], held.strength(rows[merge.gone].key)
        last = max(kept.used_at or rows[merge.kept].created_at, held.last(rows[merge.gone]))
        after[merge.kept] = replace(kept, uses=kept.uses + gone.uses, used_at=last)
        changed.add(merge.kept)
    for one in (*done.strengthened, *done.decayed):
        after[one.id] = replace(after[one.id], strength=one.after)
        changed.add(one.id)
    forgotten = set(done.forgotten)
    return [after[id_] for id_ in sorted(changed - forgotten)]


def without_paraphrase(core: Core, ids: Iterable[str]) -> list[MemoryRow]:
    """Return those memories that have cues and no paraphrase among them yet."""
    rows = [row for row in core.store.get(list(ids)) if row is not None]
    kinds = {row.key: {cue.kind for cue in core.store.cues_of(row.key)} for row in rows}
    return [row for row in rows if kinds[row.key] and "paraphrase" not in kinds[row.key]]
