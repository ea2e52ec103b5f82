"""Every setting of recall changed in turn: what each is worth, as a table.

    python benchmarks/ablation.py locomo DATA [--device cuda] [--jobs 4] [--limit N]

Runs the benchmark once per row through the whole product. Texts are encoded once for all rows.
`docs/ablation.md` holds the table of both conversation benchmarks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from torch import Tensor

from nuonuo_memory.config import MemoryConfig
from nuonuo_memory.evaluation import BenchSettings, run
from nuonuo_memory.text.encoder import Encoder
from nuonuo_memory.text.minilm import load_minilm

SHIPPED = MemoryConfig()


def _ranking(**changed: float) -> MemoryConfig:
    return replace(SHIPPED, ranking=replace(SHIPPED.ranking, **changed))


def _cues(**changed: Any) -> MemoryConfig:
    return replace(SHIPPED, cues=replace(SHIPPED.cues, **changed))


def _beta(beta: float) -> MemoryConfig:
    return replace(SHIPPED, hopfield=replace(SHIPPED.hopfield, beta=beta))


VARIANTS: dict[str, MemoryConfig] = {
    "as shipped": SHIPPED,
    "cues: no sentences, no clauses": _cues(sentences=False),
    "cues: no clauses": _cues(clauses=False),
    "cues: an assistant's sentences too": _cues(assistant_sentences=True),
    "cues: the question that an answer follows": _cues(questions=True),
    "votes: beta 10": _beta(10.0),
    "votes: beta 40": _beta(40.0),
    "votes: beta 1000 (the best cue alone)": _beta(1000.0),
    "no lexical evidence": _ranking(lexical=0.0, session=0.0),
    "lexical 0.1": _ranking(lexical=0.1),
    "lexical 0.4": _ranking(lexical=0.4),
    "no neighbours": _ranking(previous=0.0, following=0.0),
    "neighbours 0.2": _ranking(previous=0.2, following=0.2),
    "no session words": _ranking(session=0.0),
    "no speaker": _ranking(speaker=0.0, assistant=0.0),
    "no period": _ranking(period=0.0),
}


class Remembering:
    """An encoder that keeps what it encoded, so that rows share it."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._held: dict[str, Tensor] = {}
        self.name = encoder.name
        self.dimension = encoder.dimension

    def encode(self, texts: Sequence[str]) -> Tensor:
        """Encode texts that are new, float32 [n, dimension]."""
        new = [text for text in dict.fromkeys(texts) if text not in self._held]
        if new:
            rows = self._encoder.encode(new).to("cpu", torch.float16)
            self._held.update(zip(new, rows, strict=True))
        return torch.stack([self._held[text] for text in texts]).float()

    encode_queries = encode


def main(
    name: str,
    data: Path,
    *,
    device: str = "cpu",
    jobs: int = 1,
    limit: Annotated[int | None, typer.Option()] = None,
) -> None:
    encoder = Remembering(load_minilm(device=device))
    head: list[str] = []
    for label, config in VARIANTS.items():
        settings = BenchSettings(encoder, device, limit=limit, jobs=jobs, memory=config)
        found = run(name, data, settings).to_dict()["system"]
        chosen = {
            f"{level} {measure}": found[level][measure]
            for level, measures in (
                (
                    "session",
                    ("recall_any@1", "recall_any@5", "recall_all@5", "recall@5", "recall@10"),
                ),
                ("turn", ("recall_any@5", "recall_all@10", "recall@5", "recall@10")),
            )
            for measure in measures
            if measure in found[level]
        }
        if not head:
            head = list(chosen)
            print("| settings | " + " | ".join(head) + " |")
            print("|---" * (1 + len(head)) + "|")
        print(f"| {label} | " + " | ".join(f"{chosen[one]:.1f}" for one in head) + " |", flush=True)


if __name__ == "__main__":
    typer.run(main)
