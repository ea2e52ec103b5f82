"""Following associations: from what a question brings to mind to what is tied to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nuonuo_memory.config import AssociationConfig
from nuonuo_memory.engine.graph import seeds
from nuonuo_memory.engine.graph.association_graph import ABOUT
from nuonuo_memory.engine.graph.spread import Affinity, Spread, Start, rarity, spread
from nuonuo_memory.engine.vectors.search import nearest
from nuonuo_memory.options import Asked
from nuonuo_memory.recall.candidates import Look, Looked
from nuonuo_memory.recall.name_matching import names_in
from nuonuo_memory.recall.rank import kept
from nuonuo_memory.recall.score import Weighing
from nuonuo_memory.store.rows import Ints


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

    looked: Looked
    look: Look


class Following:
    """Follows associations for one question.

    Args:
        weighing: Weighs memories for the question.
        words_of: Returns the hashed words of a memory, int64 [t].
        config: How activation spreads.
    """

    def __init__(
        self,
        weighing: Weighing,
        *,
        words_of: Callable[[int], Tensor],
        config: AssociationConfig,
    ) -> None:
        self._weighing = weighing
        self._looker = weighing.looker
        self._words_of = words_of
        self._config = config
        self._graph = weighing.looker.index.graph

    def go(self, first: Look, start: Mapping[int, float] | None, ask: Asked) -> Reached:
        """Spread activation and rank what it reached.

        Args:
            first: What the question brings up.
            start: Activation by memory key to start from, in place of the best of `first`.
            ask: How many are wanted.
        """
        config = self._config
        names, rare = self._names()
        more = start is None and config.second > 0 and self._asks_for_more(first, names.key[rare])
        second = self._second(first) if more else None
        looked = Looked(self._looker, first)
        walks = spread(
            self._graph,
            self._begin(first, second, start, names),
            names,
            groups=[list(self._looker.place.groups)],
            config=config,
            affinity=self._affinity(looked) if config.affinity > 0 else None,
        )
        found = [first.keys, walks.memory.cpu().numpy(), *([second.look.keys] if second else [])]
        return self._rank(np.concatenate(found), looked, second, walks, kept(self._weighing, ask))

    def _asks_for_more(self, first: Look, rare: Tensor) -> bool:
        """Say whether the best memory lacks a rare name that another memory is about."""
        if not len(first.keys) or not len(rare):
            return False
        best = int(first.keys[int(np.argmax(first.base(self._config.lexical)))])
        held = self._graph.names_of(torch.tensor([best], device=self._graph.device)).right
        missing = rare[~torch.isin(rare, held)]
        known = self._graph.mentioned_in(*self._in_each_group(missing))
        return bool((known.kind == ABOUT).any())

    def _second(self, first: Look) -> Second:
        """Look for what the best memory leaves unexplained of the question."""
        best = int(np.argmax(first.base(self._config.lexical)))
        index = self._looker.index
        rest = self._looker.query
        if first.cues[best] >= 0:
            cue = index.cues.vectors(torch.tensor([first.cues[best]])).to(rest.device)
            rest = seeds.leftover(rest, cue)
        held = self._words_of(int(first.keys[best]))
        words = self._looker.terms[~torch.isin(self._looker.terms, held)]
        looker = replace(self._looker, query=rest, terms=words)
        near = nearest(
            index.cues, rest, groups=[looker.place.groups], k=64, allowed=looker.place.allowed
        )
        keys = near.memory_ids[0].cpu().numpy()
        by_words, _ = looker.by_words(64)
        look = looker.at(np.union1d(keys[keys >= 0], by_words), first.peak)
        return Second(Looked(looker, look), look)

    def _names(self) -> tuple[Start, Tensor]:
        """Activation that enters by the names that the question holds, and which are rare."""
        graph, config, asked = self._graph, self._config, self._looker.place.groups
        text, index = self._weighing.asked_for.text, self._looker.index
        found = names_in(text, index, asked, overlap=config.overlap)
        names = torch.tensor(found, dtype=torch.int64, device=graph.device)
        counts = graph.frequency(*self._in_each_group(names)).view(len(names), len(asked)).sum(1)
        size = torch.full((len(names),), max(graph.memories(asked), 1), dtype=torch.float64)
        rare = rarity(counts, size.to(graph.device))
        share = config.named * rare.mean() / len(names) if found else 0.0
        start = Start(torch.zeros_like(names), names, torch.ones_like(rare) * share)
        return start, rare >= config.rare

    def _begin(
        self, first: Look, second: Second | None, start: Mapping[int, float] | None, names: Start
    ) -> Start:
        device, lexical = self._graph.device, self._config.lexical
        named = names.activation.sum()
        if start is None:
            looks = [
                (_row(look.keys, device), _row(look.base(lexical, peak=first.peak), device))
                for look in ((first, second.look) if second else (first,))
            ]
            return seeds.begin(
                looks[0],
                looks[1] if len(looks) > 1 else None,
                named=named[None],
                config=self._config,
            )
        keys = sorted(start)
        given = torch.tensor([start[key] for key in keys], dtype=torch.float64, device=device)
        total = given.sum().clamp(min=1e-12)
        return Start(
            torch.zeros(len(keys), dtype=torch.int64, device=device),
            torch.tensor(keys, dtype=torch.int64, device=device),
            given / total * (1 - named),
        )

    def _affinity(self, looked: Looked) -> Affinity:
        def worth(_query: Tensor, memory: Tensor) -> Tensor:
            """How much the question welcomes each memory: exp(affinity * (evidence - 1))."""
            unique, back = torch.unique(memory, return_inverse=True)
            base = looked.at(unique.cpu().numpy()).base(self._config.lexical)
            welcome = torch.from_numpy(np.exp(self._config.affinity * (base - 1.0)))
            return welcome.to(memory.device)[back]

        return worth

    def _rank(
        self, found: Ints, looked: Looked, second: Second | None, walks: Spread, count: int
    ) -> Reached:
        """Order what was reached: the best `count` by what speaks for them alone, weighed fully."""
        keys = np.unique(found)
        keys = keys[self._looker.place.admits(keys)]
        rough = self._scores(keys, self._weighing.alone(looked.at(keys), keys), second, walks)
        best = np.sort(keys[np.lexsort((keys, -rough))[:count]])
        keys = self._looker.around(best)
        keys = keys[self._looker.place.admits(keys)]
        look = looked.at(self._looker.around(keys))
        scores = self._scores(keys, self._weighing.together(look, keys), second, walks)
        order = np.lexsort((keys, -scores))
        rows = _rows_of(keys, walks)
        return Reached(keys[order], scores[order], look, walks, rows[order])

    def _scores(
        self, keys: Ints, evidence: NDArray[np.float64], second: Second | None, walks: Spread
    ) -> NDArray[np.float64]:
        """Mix what speaks for memories with the activation that arrived in them."""
        if second is not None:
            evidence = evidence + self._config.rest * second.looked.at(keys).base(
                self._config.lexical
            )
        rows = _rows_of(keys, walks)
        arrived = np.zeros(len(keys))
        arrived[rows >= 0] = walks.activation.cpu().numpy()[rows[rows >= 0]]
        mixed = seeds.mix(
            torch.from_numpy(arrived), torch.from_numpy(evidence), config=self._config
        )
        scores: NDArray[np.float64] = mixed.numpy()
        return scores

    def _in_each_group(self, names: Tensor) -> tuple[Tensor, Tensor]:
        """Each name once for each group that is asked: names and groups, int64 [names x groups]."""
        groups = torch.tensor(
            self._looker.place.groups, dtype=torch.int64, device=self._graph.device
        )
        return names.repeat_interleave(len(groups)), groups.repeat(len(names))


def _row(values: NDArray[np.generic], device: torch.device) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values))[None].to(device)


def _rows_of(keys: Ints, walks: Spread) -> Ints:
    """Of each memory its row in the walks of one question, -1 where none came: int64 [n]."""
    reached = walks.memory.cpu().numpy()
    if not len(reached):
        return np.full(len(keys), -1, dtype=np.int64)
    places = np.searchsorted(reached, keys).clip(0, len(reached) - 1)
    return np.where(reached[places] == keys, places, -1)
