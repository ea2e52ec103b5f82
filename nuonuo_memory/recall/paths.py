"""Associative paths, read out as hops."""

from __future__ import annotations

from nuonuo_memory.engine.graph.spread import ABOUT_STEP, LINK_STEP, NO_KEY, Spread, Step
from nuonuo_memory.index.associations import LINK_KINDS
from nuonuo_memory.recall.rank import PathOf
from nuonuo_memory.store.protocol import Store
from nuonuo_memory.store.rows import Ints
from nuonuo_memory.text.names import name_key
from nuonuo_memory.types import Hop


def paths_of(store: Store, walks: Spread, rows: Ints) -> PathOf:
    """Return what gives the hops that led to a memory, the first one first.

    There are none for a memory that the question itself brought to mind.

    Args:
        store: Holds the names and links.
        walks: Where activation went.
        rows: int64 [n], each memory's row in `walks`, -1 where no walk came.
    """

    def path(place: int) -> tuple[Hop, ...]:
        row = int(rows[place])
        return () if row < 0 else _hops(store, walks.path(row))

    return path


def _hops(store: Store, steps: tuple[Step, ...]) -> tuple[Hop, ...]:
    keys = {key for step in steps for key in (step.source, step.target) if key != NO_KEY}
    rows = store.get_keys(keys)
    if len(rows) < len(keys):  # forgotten by another process since the walk
        return ()
    return tuple(
        Hop(
            source=None if step.source == NO_KEY else rows[step.source].id,
            target=rows[step.target].id,
            link=_words(store, step),
            kind=_kind(step),
            weight=min(step.share, 1.0),
        )
        for step in steps
    )


def _words(store: Store, step: Step) -> str:
    """Return what ties the two ends of a step, as a person would say it."""
    if step.kind >= LINK_STEP:
        ends = {step.source, step.target}
        for key in ends:
            for link in store.links_of(key):
                if {link.source_key, link.target_key} == ends:
                    return link.label or link.kind
        return _kind(step)
    for mention in store.mentions_of(step.target):
        if name_key(mention.name) == step.via:
            return mention.text
    return ""


def _kind(step: Step) -> str:
    if step.kind >= LINK_STEP:
        return LINK_KINDS[step.kind - LINK_STEP]
    return "about" if step.kind == ABOUT_STEP else "mention"
