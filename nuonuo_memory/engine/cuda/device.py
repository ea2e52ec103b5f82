"""Recall from a cue index on a GPU: by captured graphs, by the plain search where they end."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import torch
from torch import Tensor

from nuonuo_memory.config import HopfieldConfig
from nuonuo_memory.engine.cuda.plan import Recaller, Shape, supported
from nuonuo_memory.engine.cuda.tiles import Tiles, assemble
from nuonuo_memory.engine.hopfield.attention import Retrieved, retrieve_plainly
from nuonuo_memory.engine.vectors.cue_index import CueIndex

_TABLES = 1024
_GRAPHS = 16
_Groups = tuple[tuple[int, ...], ...]


class DeviceRecall:
    """Tables of tiles by groups, and graphs by shape, both the last used ones.

    Attributes:
        widened: Queries with too many rows within the bounds, or too few memories, which the plain
            search answered instead.
    """

    def __init__(self, cue_index: CueIndex) -> None:
        self.cue_index = cue_index
        self.widened: int = 0
        self._version = -1
        self._tables: OrderedDict[_Groups, Tiles] = OrderedDict()
        self._graphs: OrderedDict[Shape, Recaller] = OrderedDict()

    def takes(self, *, k: int, config: HopfieldConfig) -> bool:
        """Say whether the kernels can answer such a recall."""
        return supported(self.cue_index.dimension, candidates=config.candidates, k=k)

    def recall(
        self, queries: Tensor, *, groups: Sequence[Sequence[int]], k: int, config: HopfieldConfig
    ) -> Retrieved:
        """Answer checked queries [B, d]; exact, as `retrieve_plainly` is."""
        recaller = self.start(queries, groups=groups, k=k, config=config)
        found, again = recaller.results(len(queries)), recaller.unanswered(len(queries))
        if len(again):
            self.widened += len(again)
            names = [groups[place] for place in again.tolist()]
            where = again.to(queries.device)
            part = retrieve_plainly(
                self.cue_index, queries[where], groups=names, k=k, config=config, allowed=None
            )
            for column, values in zip(found, part, strict=True):
                column[where] = values
        return found

    def start(
        self, queries: Tensor, *, groups: Sequence[Sequence[int]], k: int, config: HopfieldConfig
    ) -> Recaller:
        """Launch a recall without waiting; the recaller holds its results until the next one."""
        tiles = self._table(groups, many=16 * config.candidates)
        size = len(tiles.table)
        step = max(64, 1 << max(0, size.bit_length() - 4))
        shape = Shape(
            queries=1 << (len(queries) - 1).bit_length(),
            dimension=self.cue_index.dimension,
            tiles=-(-max(1, size) // step) * step,
            reach=1 << max(0, tiles.reach - 1).bit_length(),
            together=tiles.together,
            block=8 if tiles.reach <= 512 else 32 if tiles.reach <= 2048 else 128,
            k=k,
            config=config,
        )
        if shape not in self._graphs:
            self._graphs[shape] = Recaller(shape, self.cue_index.device)
            if len(self._graphs) > _GRAPHS:
                self._graphs.popitem(last=False)
        self._graphs.move_to_end(shape)
        recaller = self._graphs[shape]
        recaller.load(tiles)
        recaller.run(queries)
        return recaller

    def _table(self, groups: Sequence[Sequence[int]], *, many: int) -> Tiles:
        if self._version != self.cue_index.version:
            self._tables.clear()
            self._version = self.cue_index.version
        names = tuple(tuple(sorted(set(some))) for some in groups)
        if names not in self._tables or self._tables[names].many != many:
            rows = [[r for name in some if (r := self.cue_index.rows(name))] for some in names]
            self._tables[names] = assemble(rows, self.cue_index.device, many=many)
            if len(self._tables) > _TABLES:
                self._tables.popitem(last=False)
        self._tables.move_to_end(names)
        return self._tables[names]


def attach(cue_index: CueIndex) -> DeviceRecall | None:
    """Return the index's recall on its GPU, made when first asked for; None on a CPU."""
    if cue_index.device.type != "cuda":
        return None
    if not isinstance(cue_index.accelerator, DeviceRecall):
        torch.cuda.synchronize(cue_index.device)
        cue_index.accelerator = DeviceRecall(cue_index)
    return cue_index.accelerator
