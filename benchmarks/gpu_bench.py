"""Whole benchmark runs on a machine with a GPU, from weights in half precision.

    python benchmarks/gpu_bench.py WEIGHTS OUT JOBS longmemeval=DATA locomo=DATA ...

WEIGHTS holds `model.safetensors`, `config.json` and `tokenizer.json` of all-MiniLM-L6-v2; half
precision, which halves what must be sent, changes similarities by less than 0.001. Results go to
OUT/NAME.json and OUT/NAME.jsonl, the documents' tables to OUT/results. `name:LIMIT=DATA` asks the
first LIMIT questions.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import torch
from encoders import FullPrecision
from result_files import save

from nuonuo_memory.evaluation import BenchSettings, run
from nuonuo_memory.evaluation.figures import figures


def main() -> None:
    torch.backends.cuda.matmul.allow_tf32 = True
    weights, out, jobs = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    device = "cuda" if torch.cuda.is_available() else "cpu"
    encoder = FullPrecision(weights, device=device)
    for argument in sys.argv[4:]:
        named, data = argument.split("=", 1)
        name, _, limit = named.partition(":")
        start = time.time()
        seen: dict[str, float] = {}

        def report(what: str, done: int, total: int, seen: dict[str, float] = seen) -> None:
            if done == total or time.time() - seen.get(what, 0) > 10:
                seen[what] = time.time()
                print(f"  {what} {done}/{total}", flush=True)

        settings = BenchSettings(
            encoder, device, limit=int(limit) if limit else None, jobs=jobs, progress=report
        )
        result = run(name, data, settings)
        (out / f"{name}.json").write_text(result.to_json())
        result.write_rows(out / f"{name}.jsonl")
        save(figures(result), out / "results")
        print(name, f"{time.time() - start:.0f} s", Path(data).name)
        for section, scores in result.sections.items():
            print(section, json.dumps(scores))


if __name__ == "__main__":
    main()
