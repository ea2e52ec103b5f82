"""The ties between memories, as the store keeps them and as the engine walks them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from nuonuo_memory.engine.graph.association_graph import ABOUT, MENTION, AssociationGraph
from nuonuo_memory.engine.graph.name_index import NameIndex
from nuonuo_memory.store.rows import Ints, LinkRow, MentionRow
from nuonuo_memory.text.names import code, name_key, name_words

LINK_KINDS = ("reply", "user")
"""Kinds of links; the engine knows them by their place here."""


def add_mentions(graph: AssociationGraph, rows: Sequence[MentionRow], *, groups: Ints) -> None:
    """Tie memories to what they speak of; `groups` are the rows' namespaces."""
    keys = np.array([row.memory_key for row in rows], dtype=np.int64)
    names = np.array([name_key(row.name) for row in rows], dtype=np.int64)
    weights = np.array([row.weight for row in rows], dtype=np.float32)
    kinds = np.array([ABOUT if row.kind == "about" else MENTION for row in rows], dtype=np.int8)
    for group in np.unique(groups).tolist():
        held = groups == group
        graph.add_mentions(
            torch.from_numpy(keys[held]),
            torch.from_numpy(names[held]),
            weights=torch.from_numpy(weights[held]),
            kinds=torch.from_numpy(kinds[held]),
            group=group,
        )


def add_names(
    names: NameIndex, graph: AssociationGraph, rows: Sequence[MentionRow], *, groups: Ints
) -> None:
    """Index the names that no memory of their group held before; to be called before the ties are.

    Plain words are no names: their forms open with a tilde.
    """
    for group in np.unique(groups).tolist():
        forms = {row.name for row, own in zip(rows, groups, strict=True) if own == group}
        found = {name_key(form): form for form in sorted(forms) if not form.startswith("~")}
        keys = torch.tensor(list(found), dtype=torch.int64, device=graph.device)
        new = keys[graph.frequency(keys, torch.full_like(keys, group)) == 0].tolist()
        words = {key: name_words(found[key]) for key in new}
        names.add(
            {key: [name_key(word) for word in held] for key, held in words.items()},
            {name_key(word): code(word) for held in words.values() for word in held},
            group=group,
        )


def remove(graph: AssociationGraph, names: NameIndex, memories: Ints, *, group: int) -> None:
    """Remove what ties memories of a group, and the names that no memory holds any more."""
    keys = torch.from_numpy(memories)
    held = graph.names_of(keys.to(graph.device)).right.unique()
    graph.remove(keys, group=group)
    names.remove(held[graph.frequency(held, torch.full_like(held, group)) == 0].cpu(), group=group)


def add_links(graph: AssociationGraph, rows: Sequence[LinkRow], *, groups: Ints) -> None:
    """Tie memories to memories; `groups` are the rows' namespaces."""
    sources = np.array([row.source_key for row in rows], dtype=np.int64)
    targets = np.array([row.target_key for row in rows], dtype=np.int64)
    weights = np.array([row.weight for row in rows], dtype=np.float32)
    kinds = np.array([LINK_KINDS.index(row.kind) for row in rows], dtype=np.int8)
    for group in np.unique(groups).tolist():
        held = groups == group
        graph.add_links(
            torch.from_numpy(sources[held]),
            torch.from_numpy(targets[held]),
            weights=torch.from_numpy(weights[held]),
            kinds=torch.from_numpy(kinds[held]),
            group=group,
        )
