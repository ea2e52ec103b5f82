"""Run the studies of the prototype's mechanisms and print their tables in Markdown.

python research/studies/run.py --data DATA --device cpu
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from pathlib import Path

import torch
from common import Context

import nuonuo_memory

STUDIES = (
    "mechanisms",
    "conditions",
    "augmentation",
    "pararel",
    "association",
    "hashing",
    "spikes",
    "sessions",
    "speed",
)


def main() -> None:
    """Read the arguments, run, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder with pararel/; left out, no ParaRel")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--only", nargs="*", choices=STUDIES, default=STUDIES)
    parser.add_argument("--largest", type=int, default=20_000, help="other memories at most")
    parser.add_argument("--cache", type=Path, help="keep encoded texts here between runs")
    given = parser.parse_args()
    context = Context(
        device=given.device, data=given.data, largest=given.largest, cache=given.cache
    )
    where = given.device if given.device == "cpu" else torch.cuda.get_device_name()
    print(
        f"nuonuo-memory {nuonuo_memory.__version__}, torch {torch.__version__}, {where}, "
        f"all-MiniLM-L6-v2, {given.largest:,} other memories at most\n"
    )
    for name in given.only:
        started = time.perf_counter()
        for table in importlib.import_module(name).run(context):
            print(table.markdown(), flush=True)
        print(f"{name}: {time.perf_counter() - started:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
