"""Following associations: activation from what a question brings to mind to what is tied to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nuonuo_memory.config import AssociationConfig, RankingConfig
from nuonuo_memory.engine.graph import seeds
from nuonuo_memory.engine.graph.association_graph import ABOUT
from nuonuo_memory.engine.graph.spread import Affinity, Spread, Start, rarity, spread
from nuonuo_memory.engine.vectors.centring import offsets
from nuonuo_memory.engine.vectors.search import Candidates, nearest
from nuonuo_memory.recall.features import (
    FeatureCache,
    Features,
    best_by_words,
    rescore,
    with_neighbours,
)
from nuonuo_memory.recall.name_matching import names_in
from nuonuo_memory.recall.paths import paths_of
from nuonuo_memory.recall.rank import Ranked, ranked, rerank_depth
from nuonuo_memory.recall.request import RecallRequest
from nuonuo_memory.recall.scope import Query, hashed_terms
from nuonuo_memory.recall.score import contextual_evidence, independent_evidence
from nuonuo_memory.store.protocol import Store
from nuonuo_memory.store.rows import Ints

EVIDENCE_SLOPE, EVIDENCE_OFFSET = 0.52, 0.06
"""Bring evidence that holds activation to the scale of evidence that holds none, so that equal
values are as likely right: the ratio of the slopes, and what makes the midpoints equal, of the two
logistic regressions of benchmarks/score_map.py. A rising map, so that no order changes."""

SECOND_LOOK_CANDIDATES = 64
"""Cues, and memories by words, that the second look takes."""


class SecondLook(NamedTuple):
    """What is found by what the best memory left unexplained of a question."""

    cache: FeatureCache
    features: Features


@dataclass(frozen=True, slots=True)
class Walker:
    """Follows associations for one question.

    Attributes:
        query: The question.
        request: What the call asks for.
        store: Holds the texts.
        ranking: How evidence is summed.
        association: How activation spreads.
    """

    query: Query
    request: RecallRequest
    store: Store
    ranking: RankingConfig
    association: AssociationConfig

    def follow(self, near: Candidates) -> Ranked:
        """Spread activation and rank what it reached.

        Args:
            near: The cues nearest to the question, one row.
        """
        config, query = self.association, self.query
        first = self._first_look(near)
        start = None if self.request.start is None else self._given(self.request.start)
        names, rare = self._names()
        more = (
            start is None
            and config.second_look_share > 0
            and self._asks_for_more(first, names.key[rare])
        )
        second = self._second_look(first) if more else None
        cache = FeatureCache(query, first)
        walks = spread(
            query.index.graph,
            self._begin(first, second, start, names),
            names,
            groups=[list(query.scope.groups)],
            hops=self.request.hops,
            config=config,
            affinity=self._affinity(cache) if config.affinity > 0 else None,
            allowed=query.scope.allowed,
        )
        further = [second.features.keys] if second else []
        found = np.concatenate([first.keys, walks.memory.cpu().numpy(), *further])
        return self._rank(found, cache, second, walks)

    def _first_look(self, near: Candidates) -> Features:
        """Exact features of the memories that cues and words bring up."""
        keys = near.memory_ids[0].cpu().numpy()
        by_words, peak = best_by_words(self.query, self.ranking.bm25_candidates)
        return rescore(self.query, np.union1d(keys[keys >= 0], by_words), peak)

    def _given(self, start: Mapping[str, float]) -> dict[int, float]:
        """Activation by key of the memories that there are."""
        keys = self.store.keys(list(start))
        return {key: float(start[id_]) for id_, key in keys.items() if start[id_] > 0}

    def _asks_for_more(self, first: Features, rare: Tensor) -> bool:
        """Say whether the best memory lacks a rare name that another memory is about."""
        graph = self.query.index.graph
        if not len(first.keys) or not len(rare):
            return False
        best = int(first.keys[int(np.argmax(first.base(self.association.bm25_weight)))])
        held = graph.names_of(torch.tensor([best], device=graph.device)).right
        missing = rare[~torch.isin(rare, held)]
        known = graph.mentioned_in(*self._in_each_group(missing))
        return bool((known.kind == ABOUT).any())

    def _second_look(self, first: Features) -> SecondLook:
        """Ask again with what the best memory leaves unexplained of the question."""
        query, index = self.query, self.query.index
        best = int(np.argmax(first.base(self.association.bm25_weight)))
        rest, centre = query.centred, query.centre
        if first.cues[best] >= 0:
            cue = index.cues.vectors(torch.tensor([first.cues[best]])).to(rest.device)
            explained = (cue - centre.mean.to(rest)) / centre.spread
            # The question as a unit vector on the cues' scale, less what the cue explains of it.
            unit = centre.spread / centre.scale
            rest = seeds.leftover(rest * unit, explained) / unit
        key = int(first.keys[best])
        held = hashed_terms(self.store.get_keys([key])[key].text)
        again = replace(
            query,
            centred=rest,
            offset=float(offsets(rest.cpu(), centre)),
            terms=query.terms[~torch.isin(query.terms, held)],
        )
        near = nearest(
            index.cues,
            rest,
            groups=[query.scope.groups],
            k=SECOND_LOOK_CANDIDATES,
            allowed=query.scope.allowed,
        )
        keys = near.memory_ids[0].cpu().numpy()
        by_words, _ = best_by_words(again, SECOND_LOOK_CANDIDATES)
        features = rescore(again, np.union1d(keys[keys >= 0], by_words), first.peak)
        return SecondLook(FeatureCache(again, features), features)

    def _names(self) -> tuple[Start, Tensor]:
        """Activation that enters by the names that the question holds, and which are rare."""
        query, config = self.query, self.association
        graph, groups = query.index.graph, query.scope.groups
        found = names_in(query.question.text, query.index, groups, overlap=config.overlap)
        names = torch.tensor(found, dtype=torch.int64, device=graph.device)
        counts = graph.frequency(*self._in_each_group(names)).view(len(names), len(groups)).sum(1)
        size = torch.full((len(names),), max(graph.memories(groups), 1), dtype=torch.float64)
        rare = rarity(counts, size.to(graph.device))
        share = config.named * rare.mean() / len(names) if found else 0.0
        start = Start(torch.zeros_like(names), names, torch.ones_like(rare) * share)
        return start, rare >= config.rare

    def _begin(
        self,
        first: Features,
        second: SecondLook | None,
        start: Mapping[int, float] | None,
        names: Start,
    ) -> Start:
        """Return the memories that activation starts from."""
        device, lexical = self.query.index.graph.device, self.association.bm25_weight
        named = names.activation.sum()
        if start is None:
            looks = [
                (_row(features.keys, device), _row(features.base(lexical), device))
                for features in ((first, second.features) if second else (first,))
            ]
            return seeds.begin(
                looks[0],
                looks[1] if len(looks) > 1 else None,
                named=named[None],
                config=self.association,
            )
        keys = sorted(start)
        given = torch.tensor([start[key] for key in keys], dtype=torch.float64, device=device)
        total = given.sum().clamp(min=1e-12)
        return Start(
            torch.zeros(len(keys), dtype=torch.int64, device=device),
            torch.tensor(keys, dtype=torch.int64, device=device),
            given / total * (1 - named),
        )

    def _affinity(self, cache: FeatureCache) -> Affinity:
        def worth(_query: Tensor, memory: Tensor) -> Tensor:
            """How much the question welcomes each memory: exp(affinity * (evidence - 1))."""
            unique, back = torch.unique(memory, return_inverse=True)
            base = cache.of(unique.cpu().numpy()).base(self.association.bm25_weight)
            welcome = torch.from_numpy(np.exp(self.association.affinity * (base - 1.0)))
            return welcome.to(memory.device)[back]

        return worth

    def _rank(
        self, found: Ints, cache: FeatureCache, second: SecondLook | None, walks: Spread
    ) -> Ranked:
        """Order what was reached: the best by independent evidence get contextual evidence."""
        query, ranking = self.query, self.ranking
        keys = np.unique(found)
        keys = keys[query.scope.admits(keys)]
        alone = independent_evidence(query, cache.of(keys), keys, config=ranking)
        rough = self._with_activation(keys, alone, second, walks)
        best = np.sort(keys[np.lexsort((keys, -rough))[: rerank_depth(self.request, ranking)]])
        keys = with_neighbours(query.index, best)
        keys = keys[query.scope.admits(keys)]
        features = cache.of(with_neighbours(query.index, keys))
        evidence = contextual_evidence(query, features, keys, store=self.store, config=ranking)
        rows = _rows_of(keys, walks)
        return ranked(
            keys,
            self._with_activation(keys, evidence, second, walks),
            features,
            paths_of(self.store, walks, rows),
            beta=ranking.beta,
        )

    def _with_activation(
        self,
        keys: Ints,
        evidence: NDArray[np.float64],
        second: SecondLook | None,
        walks: Spread,
    ) -> NDArray[np.float64]:
        """Return evidence with what the second look and activation add, float64 [n]."""
        config = self.association
        if second is not None:
            evidence = evidence + config.second_look_weight * second.cache.of(keys).base(
                config.bm25_weight
            )
        rows = _rows_of(keys, walks)
        arrived = np.zeros(len(keys))
        arrived[rows >= 0] = walks.activation.cpu().numpy()[rows[rows >= 0]]
        mixed = seeds.mix(torch.from_numpy(arrived), torch.from_numpy(evidence), config=config)
        result: NDArray[np.float64] = EVIDENCE_SLOPE * mixed.numpy() + EVIDENCE_OFFSET
        return result

    def _in_each_group(self, names: Tensor) -> tuple[Tensor, Tensor]:
        """Each name once for each group that is asked: names and groups, int64 [names x groups]."""
        groups = torch.tensor(
            self.query.scope.groups, dtype=torch.int64, device=self.query.index.graph.device
        )
        return names.repeat_interleave(len(groups)), groups.repeat(len(names))


def _row(values: NDArray[np.generic], device: torch.device) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values))[None].to(device)


def _rows_of(keys: Ints, walks: Spread) -> Ints:
    """Return each memory's row in the walks of one question, -1 where none came: int64 [n]."""
    reached = walks.memory.cpu().numpy()
    if not len(reached):
        return np.full(len(keys), -1, dtype=np.int64)
    places = np.searchsorted(reached, keys).clip(0, len(reached) - 1)
    return np.where(reached[places] == keys, places, -1)
