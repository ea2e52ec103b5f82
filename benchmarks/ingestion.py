"""Ingestion of text: turns into a store on disk, beside the encoder alone on the same texts.

What is timed is `observe` from messages to the committed transaction, with cues, words, names and
vectors; the encoder alone reads the cues that came of it. Nothing is lost: the record says how many
turns are there afterwards, and for how many of them the first sentence brings the turn back first.

    python benchmarks/ingestion.py --turns 2000
    python benchmarks/ingestion.py --turns 2000 --device cuda --json
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from text_recall import sentence

from nuonuo_memory import TextMemory

_ASKED = 50


def measure(turns: int, batch: int, device: str) -> dict[str, Any]:
    """Observe `turns` turns, `batch` at once, and return the record."""
    rng = random.Random(0)
    said = [[sentence(rng) for _ in range(3)] for _ in range(turns)]
    messages = [{"role": "user", "content": " ".join(part)} for part in said]
    with (
        tempfile.TemporaryDirectory() as folder,
        TextMemory.open(Path(folder) / "memory.db", device=device) as memory,
    ):
        memory.encoder.encode([messages[0]["content"]])  # loaded and warm
        start, worked = time.perf_counter(), time.process_time()
        for first in range(0, turns, batch):
            memory.observe(messages[first : first + batch], session="made up")
        wall, busy = time.perf_counter() - start, time.process_time() - worked
        cues = memory.stats().cues
        texts = [text for part in said for text in (*part, " ".join(part))]
        start, worked = time.perf_counter(), time.process_time()
        memory.encoder.encode(texts)
        alone, alone_busy = time.perf_counter() - start, time.process_time() - worked
        picked = rng.sample(range(turns), min(_ASKED, turns))
        back = [memory.recall(said[turn][0], k=1)[0].memory.turn == turn for turn in picked]
        return {
            "turns": turns,
            "batch": batch,
            "device": memory.stats().device,
            "threads": torch.get_num_threads(),
            "cues": cues,
            "cues_a_second": cues / wall,
            "encoder_alone_texts_a_second": len(texts) / alone,
            "cpu_ms_a_cue": 1e3 * busy / cues,
            "encoder_alone_cpu_ms_a_text": 1e3 * alone_busy / len(texts),
            "memories_held": memory.stats().memories,
            "brought_back_first": sum(back) / len(back),
        }


def main() -> None:
    """Print the record."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--turns", type=int, default=2000)
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=0, help="0: as torch chooses")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    record = measure(options.turns, options.batch, options.device)
    if options.json:
        print(json.dumps(record, indent=1))
        return
    for name, value in record.items():
        print(f"{name:28} {value:,.3f}" if isinstance(value, float) else f"{name:28} {value}")


if __name__ == "__main__":
    main()
