"""Associative paths, read out in words."""

from __future__ import annotations

from nuonuo_memory.engine.graph.spread import ABOUT_STEP, LINK_STEP, NO_KEY, Step
from nuonuo_memory.index.associations import LINK_KINDS
from nuonuo_memory.recall.association import Reached
from nuonuo_memory.store.sqlite.store import Store
from nuonuo_memory.text.names import name_key
from nuonuo_memory.types import Hop


class Paths:
    """Tells how memories were reached."""

    def __init__(self, store: Store, reached: Reached) -> None:
        self._store = store
        self._reached = reached

    def of(self, place: int) -> tuple[Hop, ...]:
        """Return the steps that led to the memory at a place of the ranking, the first one first.

        Empty for a memory that the question itself brought to mind.
        """
        row = int(self._reached.rows[place])
        if row < 0:
            return ()
        steps = self._reached.walks.path(row)
        keys = {key for step in steps for key in (step.source, step.target) if key != NO_KEY}
        rows = self._store.get_keys(keys)
        if len(rows) < len(keys):  # forgotten by another process since the walk
            return ()
        return tuple(
            Hop(
                source=None if step.source == NO_KEY else rows[step.source].id,
                target=rows[step.target].id,
                link=self._words(step),
                kind=_kind(step),
                weight=min(step.share, 1.0),
            )
            for step in steps
        )

    def _words(self, step: Step) -> str:
        if step.kind >= LINK_STEP:
            ends = {step.source, step.target}
            for key in ends:
                for link in self._store.links_of(key):
                    if {link.source_key, link.target_key} == ends:
                        return link.label or link.kind
            return _kind(step)
        for mention in self._store.mentions_of(step.target):
            if name_key(mention.name) == step.via:
                return mention.text
        return ""


def _kind(step: Step) -> str:
    if step.kind >= LINK_STEP:
        return LINK_KINDS[step.kind - LINK_STEP]
    return "about" if step.kind == ABOUT_STEP else "mention"
