"""Following associations: from what a question brings to mind to what is tied to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nuonuo_memory.config import AssociationConfig
from nuonuo_memory.engine import follow
from nuonuo_memory.engine.graph import ABOUT, AssociationGraph
from nuonuo_memory.engine.nearest import nearest
from nuonuo_memory.engine.spread import Affinity, Spread, Start, spread
from nuonuo_memory.looking import Look, Looker
from nuonuo_memory.store.rows import Ints
from nuonuo_memory.text.names import known_names, name_key


@dataclass(frozen=True, slots=True)
class Reached:
    """Memories that activation or a look reached, best first.

    Attributes:
        keys: int64 [n].
        scores: float64 [n], log activation and evidence mixed.
        look: What the question itself finds in them.
        walks: Where activation went; holds the paths.
        rows: int64 [n], each memory's row in `walks`, -1 where no walk came.
    """

    keys: Ints
    scores: NDArray[np.float64]
    look: Look
    walks: Spread
    rows: Ints


class Second(NamedTuple):
    """A second look: for what the best memory left unexplained of the question."""

    looker: Looker
    look: Look


class Following:
    """Follows associations for one question.

    Args:
        looker: Looks the question up.
        question: Its words.
        words_of: Returns the hashed words of a memory, int64 [t].
        config: How activation spreads.
        lexical: What BM25 counts beside similarity in the evidence.
    """

    def __init__(
        self,
        looker: Looker,
        question: str,
        *,
        words_of: Callable[[int], Tensor],
        config: AssociationConfig,
        lexical: float,
    ) -> None:
        self._looker = looker
        self._question = question
        self._words_of = words_of
        self._config = config
        self._lexical = lexical

    def go(self, first: Look, start: Mapping[int, float] | None) -> Reached:
        """Spread activation and rank what it reached.

        Args:
            first: What the question brings up.
            start: Activation by memory key to start from, in place of the best of `first`.
        """
        config = self._config
        names = self._names()
        more = start is None and config.second > 0 and self._asks_for_more(first, names)
        second = self._second(first) if more else None
        walks = spread(
            self._looker.index.graph,
            self._begin(first, second, start, named=len(names.key) > 0),
            names,
            groups=[list(self._looker.place.groups)],
            config=config,
            affinity=self._affinity(first.peak) if config.affinity > 0 else None,
        )
        return self._rank(first, second, walks)

    def _asks_for_more(self, first: Look, names: Start) -> bool:
        """Say whether the best memory lacks a thing named that another memory is about."""
        if not len(first.keys) or not len(names.key):
            return False
        graph = self._looker.index.graph
        best = int(first.keys[int(np.argmax(first.base(self._lexical)))])
        held = graph.names_of(torch.tensor([best], device=graph.device)).right
        missing = names.key[~torch.isin(names.key, held)]
        groups = torch.tensor(self._looker.place.groups, dtype=torch.int64, device=graph.device)
        known = graph.mentioned_in(
            missing.repeat_interleave(len(groups)), groups.repeat(len(missing))
        )
        return bool((known.kind == ABOUT).any())

    def _second(self, first: Look) -> Second:
        """Look for what the best memory leaves unexplained of the question."""
        base = first.base(self._lexical)
        best = int(np.argmax(base))
        index = self._looker.index
        rest = self._looker.query
        if first.cues[best] >= 0:
            cue = index.arena.vectors(torch.tensor([first.cues[best]])).to(rest.device)
            rest = follow.leftover(rest, cue)
        held = self._words_of(int(first.keys[best]))
        words = self._looker.terms[~torch.isin(self._looker.terms, held)]
        looker = replace(self._looker, query=rest, terms=words)
        near = nearest(
            index.arena, rest, groups=[looker.place.groups], k=64, allowed=looker.place.allowed
        )
        keys = near.memory_ids[0].cpu().numpy()
        by_words, _ = looker.by_words(64)
        look = looker.at(np.union1d(keys[keys >= 0], by_words), first.peak)
        return Second(looker, look)

    def _names(self) -> Start:
        """Activation that enters by the names that the question holds."""
        graph = self._looker.index.graph
        groups = self._looker.place.groups

        def known(forms: Sequence[str]) -> list[bool]:
            return _are_mentioned(graph, [name_key(form) for form in forms], groups)

        found = [name_key(form) for form in known_names(self._question, known)]
        share = self._config.named / len(found) if found else 0.0
        return Start(
            torch.zeros(len(found), dtype=torch.int64, device=graph.device),
            torch.tensor(found, dtype=torch.int64, device=graph.device),
            torch.full((len(found),), share, dtype=torch.float64, device=graph.device),
        )

    def _begin(
        self,
        first: Look,
        second: Second | None,
        start: Mapping[int, float] | None,
        *,
        named: bool,
    ) -> Start:
        device = self._looker.index.graph.device
        if start is None:
            looks = [
                (_row(look.keys, device), _row(look.base(self._lexical, peak=first.peak), device))
                for look in ((first, second.look) if second else (first,))
            ]
            return follow.begin(
                looks[0],
                looks[1] if len(looks) > 1 else None,
                named=torch.tensor([named], device=device),
                config=self._config,
            )
        keys = sorted(start)
        given = torch.tensor([start[key] for key in keys], dtype=torch.float64, device=device)
        total = given.sum().clamp(min=1e-12)
        share = 1 - self._config.named if named else 1.0
        return Start(
            torch.zeros(len(keys), dtype=torch.int64, device=device),
            torch.tensor(keys, dtype=torch.int64, device=device),
            given / total * share,
        )

    def _affinity(self, peak: float) -> Affinity:
        def worth(_query: Tensor, memory: Tensor) -> Tensor:
            """How much the question welcomes each memory: exp(affinity * (evidence - 1))."""
            unique, back = torch.unique(memory, return_inverse=True)
            base = self._looker.at(unique.cpu().numpy(), peak).base(self._lexical)
            welcome = torch.from_numpy(np.exp(self._config.affinity * (base - 1.0)))
            return welcome.to(memory.device)[back]

        return worth

    def _rank(self, first: Look, second: Second | None, walks: Spread) -> Reached:
        config = self._config
        reached = walks.memory.cpu().numpy()
        more = [second.look.keys] if second else []
        keys = np.unique(np.concatenate([first.keys, reached, *more]))
        keys = keys[self._looker.place.admits(keys)]
        look = self._looker.at(keys, first.peak)
        evidence = look.base(self._lexical)
        if second is not None:
            evidence += config.rest * second.looker.at(keys, first.peak).base(self._lexical)
        rows = np.full(len(keys), -1, dtype=np.int64)
        order = np.searchsorted(keys, reached)
        within = (order < len(keys)) & (keys[np.minimum(order, len(keys) - 1)] == reached)
        rows[order[within]] = np.flatnonzero(within)
        arrived = np.where(rows >= 0, walks.activation.cpu().numpy()[rows], 0.0)
        scores = follow.mix(
            torch.from_numpy(arrived), torch.from_numpy(evidence), config=config
        ).numpy()
        best = np.lexsort((keys, -scores))
        return Reached(keys[best], scores[best], look, walks, rows[best])


def _row(values: NDArray[np.generic], device: torch.device) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values))[None].to(device)


def _are_mentioned(
    graph: AssociationGraph, names: Sequence[int], groups: Sequence[int]
) -> list[bool]:
    keys = torch.tensor(names, dtype=torch.int64, device=graph.device)
    total = torch.zeros(len(names), dtype=torch.int64, device=graph.device)
    for group in groups:
        total += graph.frequency(keys, torch.full_like(keys, group))
    return [bool(count > 0) for count in total.tolist()]
