"""Personalised PageRank over the same links, as a baseline of following (scikit-network)."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nuonuo_memory.errors import MissingDependencyError
from nuonuo_memory.text.mentions import Mention
from nuonuo_memory.text.names import known_names

_SHARPNESS = 15.0
_NAMED = 0.25
_STARTS = 5


class PageRank:
    """PageRank that restarts in what a question brings to mind and names.

    Args:
        mentions: Of each memory.

    Raises:
        MissingDependencyError: scikit-network is not installed.
    """

    def __init__(self, mentions: Sequence[Sequence[Mention]]) -> None:
        self._ranking, sparse = _libraries()
        self._memories = len(mentions)
        self._names: dict[str, int] = {}
        rows, columns = [], []
        for memory, own in enumerate(mentions):
            for mention in own:
                rows.append(memory)
                columns.append(self._names.setdefault(mention.name, len(self._names)))
        count = self._memories + len(self._names)
        ends = np.array(columns, dtype=np.int64) + self._memories
        half = sparse.coo_matrix((np.ones(len(rows)), (rows, ends)), shape=(count, count))
        self._adjacency = (half + half.T).tocsr()
        self._degree = np.bincount(np.array(columns, dtype=np.int64), minlength=len(self._names))

    def ranked(self, question: str, start: Mapping[int, float], k: int) -> list[int]:
        """Return the k best memories.

        Args:
            question: Its names that are known take a quarter of the restarts, rare ones more.
            start: Similarity by memory; the five best take the rest, by softmax.
            k: How many.
        """
        weights = np.zeros(self._adjacency.shape[0])
        best = sorted(start.items(), key=lambda item: -item[1])[:_STARTS]
        strength = np.exp(_SHARPNESS * np.array([score - best[0][1] for _, score in best]))
        weights[[memory for memory, _ in best]] = strength / strength.sum()
        named = known_names(question, lambda forms: [form in self._names for form in forms])
        if named:
            places = np.array([self._names[form] for form in named])
            rare = np.log1p(self._memories / self._degree[places])
            weights *= 1 - _NAMED
            weights[places + self._memories] = _NAMED * rare / rare.sum()
        scores = self._ranking.PageRank(damping_factor=0.5).fit_predict(
            self._adjacency, weights=weights
        )[: self._memories]
        return [int(place) for place in np.argsort(-scores, kind="stable")[:k]]


def _libraries() -> tuple[Any, Any]:
    try:
        return (
            importlib.import_module("sknetwork.ranking"),
            importlib.import_module("scipy.sparse"),
        )
    except ImportError as error:
        raise MissingDependencyError(
            "the PageRank baseline needs scikit-network: pip install scikit-network"
        ) from error
