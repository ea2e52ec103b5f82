"""The kernels of recall against the plain path, interpreted on a CPU: small shapes, every launch.

`test_kernels.py` compares the same on a GPU, over more rows and through captured graphs.
"""

from __future__ import annotations

import os

import pytest
import torch
from engine_reference import hard_vectors
from torch import Tensor

from nuonuo_memory.config import HopfieldConfig
from nuonuo_memory.engine.hopfield.attention import Retrieved, retrieve_plainly
from nuonuo_memory.engine.vectors.cue_index import CueIndex
from nuonuo_memory.engine.vectors.search import nearest

INTERPRETED = os.environ.get("TRITON_INTERPRET") == "1"
if INTERPRETED:
    pytest.importorskip("triton", reason="no Triton here")
    from nuonuo_memory.engine.cuda import plan, tiles
    from nuonuo_memory.engine.cuda.plan import Recaller, Shape
    from nuonuo_memory.engine.cuda.settle_kernels import gram, step

pytestmark = pytest.mark.skipif(
    not INTERPRETED, reason="run by tests/engine/test_interpreter.py in a process of its own"
)
CONFIG = HopfieldConfig(candidates=16, beta=10.0, max_steps=3)
CPU = torch.device("cpu")
D = 64


def index_of(kind: str, rows: int, groups: int = 1) -> CueIndex:
    cue_index = CueIndex(D)
    vectors = torch.nn.functional.normalize(hard_vectors(kind, rows, D, 1), dim=1)
    for number, part in enumerate(torch.arange(rows).split(-(-rows // (2 * groups)))):
        cue_index.add(part, vectors[part], memory_ids=part // 3, group=number % groups)
    return cue_index


def recaller_of(
    cue_index: CueIndex,
    queries: Tensor,
    groups: list[list[int]],
    *,
    many: int = 1 << 20,
    config: HopfieldConfig = CONFIG,
) -> Recaller:
    """Load a recaller as `DeviceRecall.start` does, without a graph."""
    held = [[rows for name in some if (rows := cue_index.rows(name))] for some in groups]
    table = tiles.assemble(held, CPU, many=many)
    shape = Shape(
        queries=1 << (len(queries) - 1).bit_length(),
        dimension=D,
        tiles=max(1, len(table.table)),
        reach=1 << max(0, table.reach - 1).bit_length(),
        together=table.together,
        block=8,
        k=min(5, config.candidates),
        config=config,
    )
    recaller = Recaller(shape, CPU, captured=False)
    recaller.load(table)
    return recaller


@pytest.mark.parametrize(
    ("kind", "groups"),
    [
        ("normal", [[0, 1], [0, 1]]),
        ("duplicates", [[0, 1]]),
        ("zeros", [[1]]),
        ("mixed lengths", [[0]]),
        ("normal", [[0], [1], [], [9]]),
    ],
)
def test_recall_equals_the_plain_path(kind: str, groups: list[list[int]]) -> None:
    cue_index, queries = index_of(kind, 300, 2), hard_vectors("normal", len(groups), D, 7)
    recaller = recaller_of(cue_index, queries, groups)
    recaller.run(queries)
    got, count = recaller.results(len(queries)), [len(some) for some in groups]
    assert set(recaller.unanswered(len(queries)).tolist()) == set()
    want = retrieve_plainly(cue_index, queries, groups=groups, k=5, config=CONFIG, allowed=None)
    for name in Retrieved._fields:
        mine, theirs = getattr(got, name), getattr(want, name)
        if mine.dtype == torch.int64:
            assert torch.equal(mine, theirs), (name, count)
        else:
            assert torch.allclose(mine, theirs, rtol=0, atol=1e-7), (name, count)


@pytest.mark.parametrize(("batch", "many", "rows"), [(16, 1 << 20, 300), (20, 1, 600)])
def test_the_scans_for_many_queries_leave_out_no_candidate(
    batch: int, many: int, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wide scan with 16 queries in place of 64, and the scan of tiles for a larger batch."""
    for module in (plan, tiles):
        monkeypatch.setattr(module, "SHARED", 16)
    cue_index, queries = index_of("normal", rows), hard_vectors("normal", batch, D, 7)
    config = HopfieldConfig(candidates=2)
    recaller = recaller_of(cue_index, queries, [[0]] * batch, many=many, config=config)
    assert recaller.shape.blocked == (batch == 16)
    assert (recaller.shape.together == 0) == (batch == 20)
    monkeypatch.setattr(recaller, "_finish", lambda: None)
    recaller.run(queries)
    found = nearest(cue_index, queries, groups=[[0]] * batch, k=config.candidates)
    places = {int(cue): place for place, cue in enumerate(tile_order(cue_index))}
    for query in range(batch):
        count = int(recaller.counters[query, 0])
        entries = set(recaller.entries[query, :count].tolist())
        assert len(entries) == count < rows
        assert {places[cue] for cue in found.cue_ids[query].tolist()} <= entries


def tile_order(cue_index: CueIndex) -> list[int]:
    """The cue at each place of the table of tiles, -1 where a tile has no row."""
    order: list[int] = []
    group = cue_index.rows(0)
    for _, rows in group.used() if group else ():
        for part in rows.cue_ids.split(tiles.TILE):
            order += [*part.tolist(), *[-1] * (tiles.TILE - len(part))]
    return order


def test_all_updates_at_once_equal_one_after_the_other() -> None:
    cue_index, queries = index_of("normal", 100), hard_vectors("normal", 2, D, 7)
    recaller = recaller_of(cue_index, queries, [[0], [0]])
    recaller.run(queries)
    before = recaller.weights.clone(), recaller.overlaps.clone()
    sizes = {"LIST": recaller.list, "C": recaller.wide}
    steps = CONFIG.max_steps
    for buffer in (recaller.weights, recaller.overlaps):
        buffer.zero_()
    gram[(2, 1)](
        recaller.table, recaller.best, recaller.kept, recaller.grams, recaller.similarity,
        recaller.weights, recaller.overlaps, CONFIG.beta, D=D, BK=D, SIDE=recaller.wide,
        STEPS=steps, **sizes,
    )  # fmt: skip
    for mine, theirs in zip((recaller.weights, recaller.overlaps), before, strict=True):
        assert torch.allclose(mine, theirs, rtol=0, atol=1e-12)
    step[(2, 1)](
        recaller.best, recaller.similarity, recaller.grams, recaller.weights, recaller.overlaps,
        CONFIG.beta, 0, ROWS=recaller.wide, STEPS=steps, **sizes,
    )  # fmt: skip
    assert torch.allclose(recaller.weights[:, 0], before[0][:, 0], rtol=0, atol=1e-12)
