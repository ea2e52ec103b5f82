"""The table of following: passages found over names, on three data sets beside three baselines.

    python benchmarks/multihop.py DATA --save FILE

DATA holds the folders `2wiki`, `musique` and `hotpotqa`; each is what `nuonuo bench multihop` runs,
which also tells how far each figure would be off.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from encoders import encoder_of
from result_files import Cell, Result, cell, finish, this_command

from nuonuo_memory.cli.bench import bars
from nuonuo_memory.evaluation import BenchSettings, run

DATA = {"2wiki": "2WikiMultihopQA", "musique": "MuSiQue", "hotpotqa": "HotpotQA"}
BASELINES = {
    "one vector @5": "one_vector_per_passage",
    "all cues + BM25 @5": "all_cues",
    "PageRank @5": "personalised_pagerank",
}
FOLLOWED = {
    "followed @2": "recall@2",
    "followed @5": "recall@5",
    "followed @10": "recall@10",
    "followed, all @5": "all@5",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--encoder", help="as `nuonuo --encoder` takes it")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--limit", type=int, help="the first questions of each only")
    parser.add_argument("--weights", type=Path, help="a folder of MiniLM's files")
    parser.add_argument("--save", type=Path, help="where the result file goes")
    options = parser.parse_args()
    encoder = encoder_of(options.encoder, device=options.device, weights=options.weights, full=True)
    rows: list[list[Cell]] = []
    for folder, name in DATA.items():
        with bars() as progress:
            settings = BenchSettings(
                encoder, options.device, limit=options.limit, progress=progress
            )
            found = run("multihop", options.data / folder, settings)
        system, baselines = found.sections["system"], found.sections["baselines"]
        others = [baselines.get(one, {}).get("recall@5") for one in BASELINES.values()]
        row = [cell(value) for value in (*others, *(system[one] for one in FOLLOWED.values()))]
        rows.append([f"{name} ({found.questions})", *row])
    note = f"Share of the supporting passages, in percent, {encoder.name}"
    columns = ["data", *BASELINES, *FOLLOWED]
    finish(Result("multihop", this_command(), columns, rows, note=note), options.save)


if __name__ == "__main__":
    main()
