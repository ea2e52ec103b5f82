"""A copy of a store, or of one namespace of it, as a new file that can be opened like any other."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from nuonuo_memory.core import Core
from nuonuo_memory.maintenance.inspection import selection
from nuonuo_memory.platform import path_of, whole_file
from nuonuo_memory.store import Store, Transaction, open_store
from nuonuo_memory.store.rows import CueRow, Ints, Query, TermRow
from nuonuo_memory.types import Namespace, Progress

_PAGE = 500


def backup(
    core: Core,
    to: str | os.PathLike[str],
    *,
    namespace: Namespace | str | None = None,
    progress: Progress | None = None,
) -> int:
    """Copy the store as it is at this moment; readers and writers go on meanwhile.

    The copy of a namespace holds it and all below it: memories, cues with their vectors bit for
    bit, words, mentions, strengths, and the links between them. It holds no byte of anything else,
    and so not the calibration either, which was measured on all: `calibrate` measures it anew.

    Args:
        core: The memory.
        to: The new file; there must be none.
        namespace: What to copy; all where it is `None`.
        progress: Called with the amount copied and of all.

    Returns:
        How many memories the copy holds.

    Raises:
        InvalidInputError: There is such a file, or it cannot be made.
        NotFoundError: The namespace holds nothing.
        StoreError: The copy could not be written; no file is left.
    """
    core.require_open()
    path = path_of(to, "a backup")
    store = core.store
    with store.snapshot():
        query = selection(core, namespace, prefix=True)
        if namespace is None:
            store.copy_to(path, progress=progress)
        else:
            _copy_part(store, path, query, progress)
        return store.count(query)


def _copy_part(store: Store, path: Path, query: Query, progress: Progress | None) -> None:
    keys = store.find_keys(query)
    new: dict[int, int] = {}
    with (
        whole_file(path, "a backup at", replace=False) as part,
        open_store(part, encoder_name=store.encoder_name, dimension=store.dimension) as copy,
        copy.write() as writer,
    ):
        for start in range(0, len(keys), _PAGE):
            _copy_memories(store, writer, keys[start : start + _PAGE], new)
            if progress is not None:
                progress(min(start + _PAGE, len(keys)), len(keys))
        for start in range(0, len(keys), _PAGE):  # a link may lead to a memory of a later page
            _copy_links(store, writer, keys[start : start + _PAGE], new)


def _copy_memories(store: Store, writer: Transaction, keys: Ints, new: dict[int, int]) -> None:
    """Copy memories with all that is theirs alone; notes their keys in the copy in `new`."""
    rows = store.get_keys(keys.tolist())
    ordered = [rows[key] for key in keys.tolist()]
    new.update(zip(keys.tolist(), writer.add_memories(ordered), strict=True))
    texts = {cue.key: cue for page in store.load_cue_texts(memory_keys=keys) for cue in page}
    for batch in store.load_cues(memory_keys=keys):
        cues = [texts[key] for key in batch.keys.tolist()]
        writer.add_cues(
            [CueRow(new[cue.memory_key], cue.kind, cue.text) for cue in cues], batch.vectors
        )
    for terms in store.load_terms(memory_keys=keys):
        bounds = list(zip(terms.pointers[:-1], terms.pointers[1:], strict=True))
        writer.set_terms(
            [
                TermRow(new[key], terms.ids[begin:end], terms.counts[begin:end])
                for key, (begin, end) in zip(terms.memory_keys.tolist(), bounds, strict=True)
            ]
        )
    for mentions in store.load_mentions(memory_keys=keys):
        writer.add_mentions([replace(row, memory_key=new[row.memory_key]) for row in mentions])
    for strengths in store.load_strengths(memory_keys=keys):
        writer.set_strengths([replace(row, memory_key=new[row.memory_key]) for row in strengths])


def _copy_links(store: Store, writer: Transaction, keys: Ints, new: dict[int, int]) -> None:
    """Copy the links that leave memories, as far as they lead to memories of the copy."""
    for links in store.load_links(memory_keys=keys):
        writer.add_links(
            [
                replace(row, source_key=new[row.source_key], target_key=new[row.target_key])
                for row in links
                if row.target_key in new
            ]
        )
