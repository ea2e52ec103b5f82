"""The ties between memories, as the store keeps them and as the engine walks them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from nuonuo_memory.engine.graph import ABOUT, MENTION, AssociationGraph
from nuonuo_memory.store.rows import Ints, LinkRow, MentionRow
from nuonuo_memory.text.names import name_key

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
