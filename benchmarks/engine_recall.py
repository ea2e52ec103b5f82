"""Time recall in the engine against exact searches of the same vectors, in one run.

Ours is the whole of `retrieve`: candidates, settling among them, attention summed by memory. The
others only search. Rounds take turns, so that a busy moment of the machine meets all alike.

    python benchmarks/engine_recall.py --rows 20000 1000000
    python benchmarks/engine_recall.py --rows 20000 --json
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import faiss
import numpy as np
import torch
from torch import Tensor

from nuonuo_memory.config import HopfieldConfig
from nuonuo_memory.engine.retrieve import retrieve
from nuonuo_memory.engine.vectors.cue_index import CueIndex
from nuonuo_memory.engine.vectors.search import nearest


def clustered(rows: int, dimension: int, seed: int) -> Tensor:
    """Unit vectors around one centre for each 50: neighbours are near, as sentences' are."""
    made = torch.Generator().manual_seed(seed)
    centres = torch.randn(max(1, rows // 50), dimension, generator=made)
    vectors = torch.empty(rows, dimension)
    for part in torch.arange(rows).split(100_000):
        which = torch.randint(0, len(centres), (len(part),), generator=made)
        vectors[part] = centres[which] + torch.randn(len(part), dimension, generator=made)
    return torch.nn.functional.normalize(vectors, dim=1)


def take_turns(calls: dict[str, Callable[[int], Any]], rounds: int) -> dict[str, list[float]]:
    """Return milliseconds of each call in each round, after two rounds of warming up."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(rounds + 2):
        for name, call in calls.items():
            start = time.perf_counter()
            call(number)
            if number >= 2:
                times[name].append((time.perf_counter() - start) * 1e3)
    return times


def measure(rows: int, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Return a record for each way of searching `rows` cues."""
    vectors = clustered(rows, options.dimension, 1)
    made = torch.Generator().manual_seed(2)
    near = vectors[torch.randint(0, rows, (64,), generator=made)]
    noise = torch.randn(near.shape, generator=made) / options.dimension**0.5
    queries = torch.nn.functional.normalize(near + noise, dim=1)
    cue_index, ids = CueIndex(options.dimension), torch.arange(rows)
    cue_index.add(ids, vectors, memory_ids=ids // 3, group=0)
    index = faiss.IndexFlatIP(options.dimension)
    index.add(vectors.numpy())
    matrix, asked = vectors.numpy(), queries.numpy()
    wide, config = options.candidates, HopfieldConfig(candidates=options.candidates)

    def by_numpy(turn: int) -> np.ndarray:
        scores = matrix @ asked[turn % 64]
        best = np.argpartition(scores, -wide)[-wide:]
        return best[np.argsort(-scores[best])]

    calls: dict[str, Callable[[int], Any]] = {
        "nuonuo retrieve": lambda turn: retrieve(
            cue_index, queries[turn % 64][None], groups=[[0]], k=options.k, config=config
        ),
        "nuonuo candidates": lambda turn: nearest(
            cue_index, queries[turn % 64][None], groups=[[0]], k=wide
        ),
        "faiss IndexFlatIP": lambda turn: index.search(asked[turn % 64][None], wide),
        "torch matmul + topk": lambda turn: (vectors @ queries[turn % 64]).topk(wide),
        "numpy matmul + argpartition": by_numpy,
    }
    times = take_turns(calls, options.rounds)
    found = {
        "nuonuo retrieve": nearest(cue_index, queries, groups=[[0]] * 64, k=wide).cue_ids,
        "faiss IndexFlatIP": torch.from_numpy(index.search(asked, wide)[1]),
        "torch matmul + topk": torch.stack([(vectors @ q).topk(wide).indices for q in queries]),
        "numpy matmul + argpartition": torch.stack(
            [torch.from_numpy(by_numpy(turn)) for turn in range(64)]
        ),
    }
    found["nuonuo candidates"] = found["nuonuo retrieve"]
    exact = exact_nearest(vectors, queries, wide)
    return [
        {
            "rows": rows,
            "what": name,
            "ms_least": min(taken),
            "ms_median": statistics.median(taken),
            "agreement": agreement(found[name], exact),
        }
        for name, taken in times.items()
    ]


def exact_nearest(vectors: Tensor, queries: Tensor, k: int) -> Tensor:
    """Return the ids [B, k] by float64 inner product of the vectors as given."""
    scores = torch.cat([part.double() @ queries.double().T for part in vectors.split(50_000)])
    return scores.T.topk(k).indices


def agreement(found: Tensor, exact: Tensor) -> float:
    """Return the share of the exact neighbours that were found."""
    hits = sum(len(set(a) & set(b)) for a, b in zip(found.tolist(), exact.tolist(), strict=True))
    return hits / exact.numel()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[20_000, 1_000_000])
    parser.add_argument("--dimension", type=int, default=384)
    parser.add_argument("--candidates", type=int, default=64)
    parser.add_argument("--k", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--threads", type=int, default=0, help="0: as torch chooses")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
        faiss.omp_set_num_threads(options.threads)
    records = [record for rows in options.rows for record in measure(rows, options)]
    if options.json:
        print(json.dumps(records, indent=1))
        return
    print(f"{'cues':>10}  {'what':28} {'least ms':>9} {'median ms':>9}  agreement")
    for r in records:
        print(
            f"{r['rows']:>10,}  {r['what']:28} {r['ms_least']:9.3f} {r['ms_median']:9.3f}"
            f"  {r['agreement']:.4f}"
        )


if __name__ == "__main__":
    main()
